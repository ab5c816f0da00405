"""What Calls add up to: the same from sums and from Calls, and only those that count."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.ledger.rolling import roll_up, trim
from ollascope.ledger.rollups import open_rollups
from ollascope.ledger.select import COUNTED, Where
from ollascope.ledger.settings import Ledger
from ollascope.ledger.summary import Question, slices, summarise
from ollascope.stats.sketch import sketch_pairs
from ollascope.words.errors import BadUsage


def both(ledger, question):
    return summarise(ledger, question), summarise(ledger, question, raw=True)


def requests(answer):
    return {words: summary.requests for words, summary in answer.items()}


def test_sums_and_calls_give_the_same_answer(ledger, write, make_call, noon):
    write(
        *(make_call(sent_at=noon + n * 37, model="ab"[n % 2], outcome="ok" if n % 5 else "timeout") for n in range(400))
    )
    roll_up(ledger)
    of_sums, of_calls = both(ledger, Question(by=("model",)))
    assert requests(of_sums) == requests(of_calls) == {("a",): 200, ("b",): 200}
    for words, summary in of_calls.items():
        other = of_sums[words]
        assert (other.outcomes, other.tokens_in, other.tokens_out) == (
            summary.outcomes, summary.tokens_in, summary.tokens_out,
        )  # fmt: skip
        assert other.metrics.keys() == summary.metrics.keys()
        assert other.metrics["ttft_s"].p99 == pytest.approx(summary.metrics["ttft_s"].p99, rel=0.0101)
        assert other.metrics["ttft_s"].ci95.keys() == summary.metrics["ttft_s"].ci95.keys()


def test_only_calls_that_count_are_counted(ledger, write, make_call):
    write(make_call(), make_call(parent="p"), make_call(source="bench"), make_call(source="probe"),
          make_call(model="demo-qwen3-f16:latest"))  # fmt: skip
    roll_up(ledger)
    for answer in both(ledger, Question(where=Where(counted=COUNTED))):
        assert requests(answer) == {(): 1}
    for answer in both(ledger, Question()):
        assert requests(answer) == {(): 5}


@pytest.mark.parametrize("name", ["source", "engine", "backend", "model", "outcome", "arm", "key_id"])
def test_every_dimension_can_be_asked_for_and_grouped_by(ledger, write, make_call, name):
    write(make_call(**{name: "this"}), make_call(**{name: "that"}), make_call(**{name: "this"}))
    roll_up(ledger)
    for answer in both(ledger, Question(by=(name,))):
        assert requests(answer) == {("this",): 2, ("that",): 1}
    for answer in both(ledger, Question(where=Where(**{name: "this"}))):
        assert requests(answer) == {(): 2}


def test_span_of_sums_is_whole_minutes_and_told(ledger, write, make_call, noon):
    write(*(make_call(sent_at=noon + second) for second in range(0, 7300, 10)))
    roll_up(ledger)
    question = Question(where=Where(since=noon + 90, until=noon + 7205))
    (summary,) = summarise(ledger, question).values()
    assert (summary.since, summary.until) == (noon + 60, noon + 7260)
    assert summary.requests == 720
    (exact,) = summarise(ledger, question, raw=True).values()
    assert (exact.since, exact.until, exact.requests) == (noon + 90, noon + 7205, 712)


def test_where_minutes_are_no_longer_kept_hours_answer(ledger, write, make_call, noon):
    write(*(make_call(sent_at=noon + second) for second in range(0, 7200, 10)))
    roll_up(ledger)
    with open_rollups(ledger, write=True) as connection:
        trim(connection, Ledger(), noon + 30 * 86_400)
    (summary,) = summarise(ledger, Question(where=Where(since=noon + 90, until=noon + 3700))).values()
    assert (summary.since, summary.until, summary.requests) == (noon, noon + 7200, 720)


def test_run_is_answered_from_the_calls(ledger, write, make_call):
    write(make_call(run="r1"), make_call())
    roll_up(ledger)
    assert requests(summarise(ledger, Question(where=Where(run="r1")))) == {(): 1}


def test_nothing_recorded_is_summed_as_nothing(ledger):
    assert summarise(ledger, Question()) == {}
    with open_rollups(ledger, write=True):
        pass
    assert summarise(ledger, Question()) == {}


def test_chosen_metrics_are_told_and_no_others(ledger, write, make_call):
    write(make_call())
    roll_up(ledger)
    for answer in both(ledger, Question(metrics=("total_s",))):
        assert list(answer[()].metrics) == ["total_s"]


def test_wrong_questions_are_told():
    with pytest.raises(BadUsage, match="'colour'"):
        Question(by=("colour",))
    with pytest.raises(BadUsage, match="'speed'"):
        Question(metrics=("speed",))


instants = st.floats(1e9, 1e9 + 1e6)


@given(instants, instants, st.sampled_from([float("-inf"), float("inf"), 1e9 // 3600 * 3600 + 360_000]))
def test_slices_cover_the_span_without_gap_or_overlap(one, other, minutes_from):
    since, until = sorted((one, other))
    parts = slices(since, until, minutes_from)
    if not parts:
        assert since == until
        return
    assert parts[0][1] <= since
    assert parts[-1][2] >= until
    assert all(before[2] == after[1] for before, after in pairwise(parts))
    for span, start, end in parts:
        assert start % span == end % span == 0
        assert span == 3600 or start >= minutes_from
    assert since - parts[0][1] < (60 if since >= minutes_from else 3600)


def test_gaps_are_summed_each_by_itself(ledger, write, make_call):
    write(make_call(gaps=sketch_pairs([0.01] * 90)), make_call(gaps=sketch_pairs([0.5] * 10)), make_call())
    roll_up(ledger)
    question = Question(metrics=("gap_s",))
    one, other = (summarise(ledger, question, raw=raw)[()].metrics["gap_s"] for raw in (False, True))
    assert one == other
    assert (one.n, one.p50, one.p95) == (100, pytest.approx(0.01, rel=0.01), pytest.approx(0.5, rel=0.01))
    assert one.ci95 == {}


def test_spoilt_gaps_count_as_none(ledger, write, make_call):
    write(make_call(gaps=((5, 1),)))
    (path,) = ledger.glob("*/calls-*.jsonl")
    path.write_bytes(path.read_bytes().replace(b'"gaps":[[5,1]]', b'"gaps":[["x",1]]'))
    summary = summarise(ledger, Question(), raw=True)[()]
    assert summary.requests == 1
    assert "gap_s" not in summary.metrics
