"""Closed loops: users, their steps and their sweep."""

from ollascope.bench.asked import Ends
from ollascope.bench.shapes import make_schedule
from tests.bench.shapes.loads import steps, users


def test_users_for_a_time():
    [stage] = make_schedule(users(16, ends=Ends(seconds=20, warm_up_s=5, cool_down_s=3)), 8).stages
    assert (stage.name, stage.starts_s, stage.ends_s, stage.shots) == ("16 users", 0, 25, None)
    assert (stage.warm_up_s, stage.cool_down_s) == (5, 3)


def test_users_for_a_number_of_requests():
    schedule = make_schedule(users(1, ends=Ends(requests=50, warm_up_requests=10, cool_down_s=3)), 8)
    [stage] = schedule.stages
    assert (stage.name, stage.ends_s, stage.shots, stage.warm_up_shots) == ("1 user", None, 60, 10)
    assert stage.cool_down_s == 0
    assert not schedule.open
    assert not schedule.due


def test_users_without_a_length_ask_for_half_a_minute():
    assert make_schedule(users(4), 8).stages[0].ends_s == 30


def test_steps_of_users_follow_the_clock():
    stages = make_schedule(steps("4:30s,8:30s,2:10s", "closed", ends=Ends(warm_up_s=5, cool_down_s=1)), 8).stages
    assert [(stage.starts_s, stage.ends_s) for stage in stages] == [(0, 35), (35, 65), (65, 75)]
    assert [stage.warm_up_s for stage in stages] == [5, 0, 0]
    assert [stage.cool_down_s for stage in stages] == [0, 0, 1]


def test_sweep_of_users_has_no_fixed_beginnings_and_a_warm_up_each():
    schedule = make_schedule(steps("1,2,4:7", "closed", apart=True, ends=Ends(requests=20, warm_up_requests=3)), 8)
    assert [stage.starts_s for stage in schedule.stages] == [None] * 3
    assert [stage.shots for stage in schedule.stages] == [23, 23, 10]
    assert [stage.number for stage in schedule.stages] == [0, 1, 2]


def test_thinking_and_bounds_come_along():
    assert make_schedule(users(4, think_s=1.5), 8).think_s == 1.5
