"""Goodput: what kept every goal, what did not, and what cannot be told."""

from dataclasses import replace

import pytest

from ollascope.bench.asked import Goals
from ollascope.stats.intervals import wilson
from tests.bench.measuring.folders import asked_rate, asked_users, call, result_of


def goodput_of(folder, calls, goals, asked=None):
    return result_of(folder, calls, replace(asked or asked_users(1), goals=goals)).goodput


def test_without_goals_there_is_no_goodput(tmp_path):
    assert goodput_of(tmp_path, [call(0, 0.0)], Goals()) is None


def test_failed_request_is_bad_and_what_was_given_up_counts_not_at_all(tmp_path):
    calls = [call(0, 0.0), call(1, 1.0, outcome="timeout"), call(2, 2.0, outcome="cancelled")]
    found = goodput_of(tmp_path, calls, Goals(ttft_s=1.0))
    assert (found.good, found.bad, found.undetermined) == (1, 1, 0)


def test_answer_that_lacks_a_figure_is_undetermined_unless_another_goal_was_missed(tmp_path):
    calls = [call(0, 0.0), call(1, 1.0, tokens=1), call(2, 2.0, tokens=1, ttft=3.0), call(3, 3.0, tokens_out=None)]
    found = goodput_of(tmp_path, calls, Goals(ttft_s=1.0, tpot_s=0.05))
    assert (found.good, found.bad, found.undetermined) == (1, 1, 2)
    assert found.ratio == 0.5
    assert found.ci95 == wilson(1, 2)


@pytest.mark.parametrize(
    ("goals", "good"),
    [(Goals(ttft_s=0.1), 1), (Goals(ttft_s=0.09), 0), (Goals(total_s=0.31), 1), (Goals(total_s=0.29), 0),
     (Goals(tpot_s=0.021), 1), (Goals(tpot_s=0.019), 0), (Goals(gap_s=0.021), 1), (Goals(gap_s=0.019), 0)],
)  # fmt: skip
def test_each_goal_is_kept_or_not(tmp_path, goals, good):
    assert goodput_of(tmp_path, [call(0, 0.0)], goals).good == good


def test_in_an_open_loop_waiting_begins_when_the_request_was_due(tmp_path):
    calls = [call(0, 5.0, due=0.0), call(1, 6.0, due=6.0)]
    found = goodput_of(tmp_path, calls, Goals(ttft_s=1.0), asked_rate(1.0))
    assert (found.good, found.bad) == (1, 1)


def test_goodput_a_second_is_no_more_than_the_throughput(tmp_path):
    calls = [call(n, n * 0.3, ttft=0.1 if n % 2 else 0.5) for n in range(400)]
    result = result_of(tmp_path, calls, replace(asked_users(1), goals=Goals(ttft_s=0.2)))
    assert result.goodput.per_s == pytest.approx(result.throughput.requests_per_s / 2, rel=0.01)
