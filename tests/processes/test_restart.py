"""The life of a child, played through without a process."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.processes.restart import DEATH_S, Life, answer, backoff, begin, end, stop, tick
from ollascope.processes.settings import Processes

LIMITS = Processes(start_s=10, stop_s=2, backoff_s=1, longest_s=8, crashes=3, within_s=100)


def crashed(life, now, limits=LIMITS):
    return end(begin(life, now, limits), now, limits, "ended with exit code 1")


def test_child_that_ends_rests_and_waits_for_its_turn_again():
    life = crashed(Life(), 5.0)
    assert (life.state, life.deadline, life.reason) == ("resting", 6.0, "ended with exit code 1")
    assert tick(life, 5.9, LIMITS) == life
    assert tick(life, 6.0, LIMITS).state == "waiting"


def test_child_is_given_up_after_too_many_ends_in_a_short_time():
    life = Life()
    for now in (1.0, 2.0, 3.0):
        life = crashed(life, now)
    assert (life.state, life.deadline, life.restarts) == ("failed", None, 2)


def test_ends_far_apart_never_give_a_child_up():
    life = Life()
    for number in range(50):
        life = crashed(life, number * 60.0)
    assert (life.state, life.restarts) == ("resting", 49)


def test_wait_before_a_restart_doubles_up_to_its_limit():
    assert [backoff(count, LIMITS) for count in (1, 2, 3, 4, 5, 5000)] == [1, 2, 4, 8, 8, 8]


def test_child_that_never_answers_is_ended_then_killed_and_counted():
    life = tick(begin(Life(), 0.0, LIMITS), 10.0, LIMITS)
    assert (life.state, life.killed, life.deadline) == ("ending", False, 12.0)
    life = tick(life, 12.0, LIMITS)
    assert (life.state, life.killed, life.deadline) == ("ending", True, 12.0 + DEATH_S)
    life = end(life, 12.1, LIMITS, "was ended by SIGKILL")
    assert (life.state, life.reason, life.killed) == ("resting", "did not answer within 10 s", False)


def test_answer_ends_the_wait_for_it():
    life = answer(begin(Life(), 0.0, LIMITS), 3.0)
    assert (life.state, life.since, life.deadline) == ("ready", 3.0, None)
    assert tick(life, 1e9, LIMITS) == life


def test_late_answer_of_a_child_that_is_ending_changes_nothing():
    life = stop(begin(Life(), 0.0, LIMITS), 1.0, 3.0)
    assert answer(life, 2.0) == life


def test_child_that_was_to_end_is_stopped_and_not_counted():
    life = stop(answer(begin(Life(), 0.0, LIMITS), 1.0), 2.0, 4.0)
    assert (life.state, life.deadline) == ("ending", 4.0)
    life = end(life, 2.5, LIMITS, "was ended by SIGTERM")
    assert (life.state, life.crashes) == ("stopped", ())


@pytest.mark.parametrize(("state", "after"), [("waiting", "stopped"), ("resting", "stopped"), ("failed", "failed")])
def test_child_without_a_process_stops_at_once(state, after):
    assert stop(Life(state=state, deadline=9.0), 1.0, 3.0).state == after


def test_child_that_not_even_a_kill_ends_is_given_up():
    life = Life(state="ending", deadline=5.0, killed=True, final=True)
    life = tick(life, 5.0, LIMITS)
    assert (life.state, life.reason) == ("failed", "does not end, even killed")


@given(st.lists(st.tuples(st.sampled_from(["begin", "answer", "end", "tick"]), st.floats(0.0, 30.0)), max_size=60))
def test_whatever_happens_a_deadline_is_ahead_and_the_count_is_kept(events):
    life, now = Life(), 0.0
    for what, seconds in events:
        now += seconds
        life = tick(life, now, LIMITS)
        if what == "begin" and life.state == "waiting":
            life = begin(life, now, LIMITS)
        elif what == "answer":
            life = answer(life, now)
        elif what == "end" and life.runs:
            life = end(life, now, LIMITS, "ended")
        assert life.deadline is None or life.deadline > now
        assert (life.state == "failed") == (len(life.crashes) >= LIMITS.crashes) or life.reason.startswith("does not")
        assert life.state != "resting" or 0 < life.deadline - life.since <= LIMITS.longest_s
