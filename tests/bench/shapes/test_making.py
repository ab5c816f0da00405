"""Schedules as wholes: chance, prompts, size."""

import time

import pytest

from ollascope.bench.asked import Ends
from ollascope.bench.shapes import make_schedule
from tests.bench.shapes.loads import rate, users


@pytest.mark.parametrize("arrival", ["constant", "poisson", "gamma"])
def test_same_seed_gives_the_same_bytes(arrival):
    one, two = (make_schedule(rate(50, arrival, seed=7), 12) for _ in range(2))
    assert one.due.tobytes() == two.due.tobytes()
    assert one.prompts.tobytes() == two.prompts.tobytes()


def test_another_seed_gives_another_schedule():
    one, two = (make_schedule(rate(50, seed=seed), 12) for seed in (1, 2))
    assert one.due.tobytes() != two.due.tobytes()
    assert one.prompts.tobytes() != two.prompts.tobytes()


def test_arrivals_and_prompts_do_not_shift_each_other():
    poisson, other = make_schedule(rate(50), 12), make_schedule(rate(9, "gamma", burstiness=3), 12)
    assert poisson.prompts.tobytes() == other.prompts.tobytes()
    assert poisson.due.tobytes() == make_schedule(rate(50), 99).due.tobytes()


def test_longer_run_begins_as_the_shorter_one():
    short, long = (make_schedule(rate(20, ends=Ends(requests=requests)), 5) for requests in (200, 2000))
    assert long.due[: len(short.due)].tobytes() == short.due.tobytes()


def test_every_prompt_is_asked_equally_often():
    chosen = make_schedule(users(1), 7).prompts
    for beginning in range(0, 70, 7):
        assert sorted(chosen[beginning : beginning + 7]) == list(range(7))
    assert list(chosen[:7]) != list(chosen[7:14])


def test_known_schedule_stays_what_it_is():
    schedule = make_schedule(rate(10, seed=1), 5)
    assert [round(due, 6) for due in schedule.due[:3]] == [0.04437, 0.283719, 0.494942]


def test_million_shots_are_laid_quickly():
    begun = time.process_time()
    schedule = make_schedule(rate(1000, "gamma", burstiness=4.0, ends=Ends(seconds=1000)), 100)
    assert len(schedule.due) == 1_000_000
    assert schedule.due.itemsize * len(schedule.due) < 10_000_000
    assert time.process_time() - begun < 40  # twenty times what was promised


@pytest.mark.parametrize("seed", range(1, 9))
@pytest.mark.parametrize(("arrival", "more"), [("poisson", {}), ("gamma", {"burstiness": 4.0})])
def test_run_by_time_has_exactly_the_requests_that_were_asked_for(seed, arrival, more):
    schedule = make_schedule(rate(20, arrival, seed=seed, ends=Ends(seconds=10), **more), 5)
    assert len(schedule.due) == 200
    assert schedule.due[-1] < 10
