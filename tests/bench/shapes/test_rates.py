"""Open loops: due times, stages, warm-up, cool-down and limits."""

from bisect import bisect_left
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ollascope.bench.asked import Ends
from ollascope.bench.shapes import make_schedule
from tests.bench.shapes.loads import rate, steps

PAUSES = st.one_of(st.just(0.0), st.floats(0.001, 5))
ARRIVALS = ("constant", "poisson", "gamma")


def part(schedule, number=0):
    stage = schedule.stages[number]
    return list(schedule.due[stage.first : stage.first + stage.shots])


def test_constant_rate_has_its_number_of_requests():
    schedule = make_schedule(rate(10, "constant", ends=Ends(seconds=30)), 8)
    assert len(schedule.due) == 300
    assert list(schedule.due[:3]) == pytest.approx([0, 0.1, 0.2])
    assert schedule.open
    assert schedule.stages[0].ends_s == 30


def test_run_without_a_length_takes_half_a_minute():
    assert make_schedule(rate(2, "constant"), 8).stages[0].ends_s == 30


@pytest.mark.parametrize("arrival", ARRIVALS)
def test_limit_by_number_is_exact_and_ends_where_the_next_would_be_due(arrival):
    schedule = make_schedule(rate(10, arrival, ends=Ends(requests=77)), 8)
    assert len(schedule.due) == 77
    assert schedule.stages[0].ends_s > schedule.due[-1]


@pytest.mark.parametrize("arrival", ARRIVALS)
def test_limits_by_time_and_number_end_at_the_first(arrival):
    assert len(make_schedule(rate(10, arrival, ends=Ends(seconds=1000, requests=20)), 8).due) == 20
    assert make_schedule(rate(10, arrival, ends=Ends(seconds=2, requests=10_000)), 8).stages[0].ends_s == 2


def test_warm_up_by_time_lies_before_what_is_measured():
    schedule = make_schedule(rate(10, "constant", ends=Ends(seconds=30, warm_up_s=5)), 8)
    stage = schedule.stages[0]
    assert (stage.warm_up_s, stage.ends_s, stage.shots) == (5, 35, 350)
    assert sum(due >= 5 for due in schedule.due) == 300


@pytest.mark.parametrize("arrival", ARRIVALS)
def test_warm_up_by_number_lies_before_what_is_measured(arrival):
    schedule = make_schedule(rate(10, arrival, ends=Ends(requests=100, warm_up_requests=20)), 8)
    assert (schedule.stages[0].warm_up_shots, schedule.stages[0].shots) == (20, 120)


def test_number_after_a_warm_up_by_time_counts_what_is_measured():
    schedule = make_schedule(rate(10, "poisson", ends=Ends(requests=100, warm_up_s=5)), 8)
    assert sum(due >= 5 for due in schedule.due) == 100


@pytest.mark.parametrize("arrival", ARRIVALS)
def test_cool_down_keeps_the_rate_up_behind_the_end(arrival):
    schedule = make_schedule(rate(100, arrival, ends=Ends(seconds=20, cool_down_s=10)), 8)
    stage = schedule.stages[0]
    assert (stage.ends_s, stage.cool_down_s) == (20, 10)
    after = sum(due >= stage.ends_s for due in schedule.due)
    assert 800 < after < 1200
    assert schedule.due[-1] < 30


def test_cool_down_after_a_number_of_requests_does_not_count():
    schedule = make_schedule(rate(10, "poisson", ends=Ends(requests=50, cool_down_s=5)), 8)
    assert sum(due < schedule.stages[0].ends_s for due in schedule.due) == 50


def test_ramp_of_constant_rate_follows_the_integral_of_the_rate():
    schedule = make_schedule(rate(1, "constant", until=50, ends=Ends(seconds=60)), 8)
    assert len(schedule.due) == 60 * 51 / 2
    for number in (0, 100, 700, 1529):
        time = schedule.due[number]
        assert time + 49 / 60 * time * time / 2 == pytest.approx(number, abs=1e-6)


@pytest.mark.parametrize("until", [1, 40])
def test_ramp_of_poisson_is_poisson_when_time_is_rescaled(until):
    schedule = make_schedule(rate(20, "poisson", until=until, ends=Ends(seconds=300)), 8)
    slope = (until - 20) / 300
    passed = [20 * due + slope * due * due / 2 for due in schedule.due]
    gaps = [later - earlier for earlier, later in pairwise(passed)]
    assert stats.kstest(gaps, "expon").pvalue > 0.01
    first, last = sum(due < 30 for due in schedule.due), sum(due > 270 for due in schedule.due)
    assert (first > last) == (until < 20)


def test_ramp_by_number_takes_as_long_as_it_needs():
    schedule = make_schedule(rate(1, "constant", until=9, ends=Ends(requests=50)), 8)
    assert len(schedule.due) == 50
    assert schedule.stages[0].ends_s == pytest.approx(10)


def test_ramp_is_warmed_up_at_its_first_rate_and_cooled_at_its_last():
    schedule = make_schedule(rate(2, "constant", until=10, ends=Ends(seconds=10, warm_up_s=5, cool_down_s=5)), 8)
    assert bisect_left(schedule.due, 5) == 10
    assert len(schedule.due) - bisect_left(schedule.due, 15) == 50


def test_steps_follow_one_another_without_a_seam():
    schedule = make_schedule(steps("10/s:30s,20/s:30s,5/s:20s"), 8)
    assert [stage.name for stage in schedule.stages] == ["10 requests/s", "20 requests/s", "5 requests/s"]
    assert [(stage.starts_s, stage.ends_s) for stage in schedule.stages] == [(0, 30), (30, 60), (60, 80)]
    assert [stage.shots for stage in schedule.stages] == [300, 600, 100]
    assert [stage.first for stage in schedule.stages] == [0, 300, 900]


def test_warm_up_and_cool_down_belong_to_the_first_and_the_last_step():
    schedule = make_schedule(steps("10/s:30s,20/s:30s", ends=Ends(warm_up_s=5, cool_down_s=2)), 8)
    assert [(stage.warm_up_s, stage.cool_down_s) for stage in schedule.stages] == [(5, 0), (0, 2)]
    assert schedule.stages[1].starts_s == 35


def test_steps_without_lengths_share_the_time_of_the_run():
    schedule = make_schedule(steps("10/s:30s,20/s,5/s", ends=Ends(seconds=50)), 8)
    assert [stage.ends_s for stage in schedule.stages] == [30, 40, 50]


def test_steps_without_lengths_share_the_requests_of_the_run():
    schedule = make_schedule(steps("10/s,20/s,5/s", ends=Ends(requests=50)), 8)
    assert [stage.shots for stage in schedule.stages] == [17, 17, 16]


def test_sweep_counts_each_level_from_its_own_beginning():
    schedule = make_schedule(steps("1/s,2/s,4/s", apart=True, ends=Ends(seconds=10, warm_up_s=2, cool_down_s=1)), 8)
    assert schedule.apart
    assert [stage.starts_s for stage in schedule.stages] == [None] * 3
    assert [stage.ends_s for stage in schedule.stages] == [12] * 3
    assert [stage.shots for stage in schedule.stages] == [13, 26, 52]
    assert part(schedule, 2)[:2] == [0, 0.25]


@settings(deadline=None)
@given(
    st.sampled_from(ARRIVALS), st.floats(0.2, 50), st.floats(0.2, 50), PAUSES, PAUSES,
    st.floats(0.5, 20), st.one_of(st.none(), st.integers(1, 500)),
)  # fmt: skip
def test_due_times_are_in_order_and_in_their_stage(arrival, first, last, warm, cool, seconds, requests):
    ends = Ends(seconds=seconds, requests=requests, warm_up_s=warm, cool_down_s=cool)
    schedule = make_schedule(rate(first, arrival, until=last, ends=ends), 8)
    [stage] = schedule.stages
    due = list(schedule.due)
    assert due == sorted(due)
    assert stage.shots == len(due)
    assert all(0 <= at < stage.ends_s + cool for at in due)
    assert sum(warm <= at < stage.ends_s for at in due) <= (requests or 10**9)
