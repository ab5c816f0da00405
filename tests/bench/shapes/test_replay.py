"""Replays of traces."""

import pytest

from ollascope.bench.asked import Ends
from ollascope.bench.shapes import make_schedule
from ollascope.words.errors import BadUsage
from tests.bench.shapes.loads import trace


@pytest.fixture
def hundred(tmp_path):
    """A request each second, of two kinds."""
    path = tmp_path / "hundred.csv"
    rows = "".join(f"{second},{10 + second % 2}\n" for second in range(100))
    path.write_text(f"at_s,tokens_in\n{rows}", encoding="utf-8")
    return path


@pytest.mark.parametrize("ends", [Ends(warm_up_s=200), Ends(warm_up_requests=100)])
def test_warm_up_that_takes_the_whole_trace_is_refused(hundred, ends):
    with pytest.raises(BadUsage, match="none is left"):
        make_schedule(trace(hundred, ends), 1)


def test_trace_is_replayed_whole(hundred):
    schedule = make_schedule(trace(hundred), 1)
    [stage] = schedule.stages
    assert list(schedule.due) == list(range(100))
    assert schedule.open
    assert (stage.shots, stage.starts_s) == (100, 0)
    assert stage.ends_s > 99
    assert "hundred.csv" in stage.name


def test_requests_ask_what_their_rows_tell(hundred):
    schedule = make_schedule(trace(hundred), 128)
    assert list(schedule.prompts[:4]) == [0, 64, 1, 65]


def test_other_prompts_are_asked_in_turn(hundred):
    assert sorted(make_schedule(trace(hundred), 10).prompts[:10]) == list(range(10))


def test_limits_count_behind_the_warm_up(hundred):
    by_time = make_schedule(trace(hundred, Ends(seconds=20, warm_up_s=10, cool_down_s=5)), 1)
    assert (len(by_time.due), by_time.stages[0].ends_s) == (35, 30)
    by_number = make_schedule(trace(hundred, Ends(requests=20, warm_up_requests=10)), 1)
    assert (len(by_number.due), by_number.stages[0].warm_up_shots) == (30, 10)


def test_trace_of_one_request(tmp_path):
    path = tmp_path / "one.csv"
    path.write_text("at_s\n77\n", encoding="utf-8")
    schedule = make_schedule(trace(path), 1)
    assert list(schedule.due) == [0]
    assert schedule.stages[0].ends_s > 0
