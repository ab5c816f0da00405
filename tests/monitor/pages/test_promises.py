"""Objectives for a page: what is left, how fast it goes, how long it lasts."""

import pytest

from ollascope.monitor.alerts.keeping import save_value
from ollascope.monitor.objectives import Objectives, Tallies, Tally
from ollascope.monitor.pages.promises import SHOWN_HOURS, promised

NOW = 1_790_000_000.0
TEXT = "ttft p95 < 2 s"
HOUR = NOW // 3600 * 3600
MINUTE = NOW // 60 * 60


def kept(folder, minutes, hours):
    tally = Tally(minutes=tuple(minutes), hours=tuple(hours))
    save_value(folder / "alerts" / "objectives.json", Tallies(of={TEXT: tally}, seen=NOW))
    return promised(folder, Objectives(targets=(TEXT,)), NOW)


def test_mistakes_are_told_with_what_to_do(tmp_path):
    found = promised(tmp_path, Objectives(targets=("be quick", "ttft p95 > 2 s")), NOW)
    assert len(found.mistakes) == 2
    assert found.hint
    assert found.promises == ()


def test_file_that_cannot_be_read_counts_as_no_requests(tmp_path):
    (tmp_path / "alerts").mkdir()
    (tmp_path / "alerts" / "objectives.json").write_text("{")
    (one,) = promised(tmp_path, Objectives(targets=(TEXT,)), NOW).promises
    assert (one.budget.remaining, one.tone, one.lasts_s) == (None, "soft", None)


@pytest.mark.parametrize(("bad", "tone"), [(0, "ok"), (4, "warning"), (5, "problem"), (50, "problem")])
def test_tone_follows_what_is_left(tmp_path, bad, tone):
    (one,) = kept(tmp_path, [], [(HOUR, 100, bad)]).promises
    assert one.tone == tone
    assert one.budget.remaining == pytest.approx(1 - bad / 5)


def test_budget_lasts_as_long_as_the_pace_of_the_last_hour_allows(tmp_path):
    (one,) = kept(tmp_path, [(MINUTE - 120, 100, 10)], [(HOUR, 1000, 25)]).promises
    assert one.budget.burn["1h"] == pytest.approx(2.0)
    assert one.lasts_s == pytest.approx(0.5 * 30 * 86_400 / 2)


def test_budget_that_is_used_up_lasts_no_longer(tmp_path):
    (one,) = kept(tmp_path, [(MINUTE - 120, 100, 100)], [(HOUR, 100, 100)]).promises
    assert one.lasts_s is None


def test_hours_are_told_the_newest_last_and_silent_ones_as_not_measured(tmp_path):
    (one,) = kept(tmp_path, [], [(HOUR - 3600, 10, 1), (HOUR, 10, 5)]).promises
    assert len(one.hours) == SHOWN_HOURS
    assert one.hours[-2:] == [0.1, 0.5]
    assert one.hours[-3] is None


def test_loud_is_the_lowest_rate_at_which_an_alert_may_fire(tmp_path):
    (one,) = kept(tmp_path, [], []).promises
    assert {burn.window: burn.loud for burn in one.burns} == {
        "5m": 14.4, "30m": 6.0, "1h": 14.4, "6h": 1.0, "3d": 1.0,
    }  # fmt: skip
