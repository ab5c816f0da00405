"""Pending, firing, resolved."""

from hypothesis import given
from hypothesis import strategies as st

from ollascope.monitor.alerts.state import Alarms
from ollascope.monitor.alerts.step import MOST, step
from tests.monitor.alerts.held import NOW, condition


def standing(alarms):
    return [(held.name, held.standing) for held in alarms.held.values()]


def test_nothing_in_nothing_out():
    assert step(Alarms(), [], NOW).alarms == Alarms()


def test_condition_without_patience_fires_at_once():
    found = step(Alarms(), [condition()], NOW)
    assert standing(found.alarms) == [("slow", "firing")]
    assert [event.fired_at for event in found.events] == [NOW]


def test_condition_must_hold_for_its_time():
    patient = condition(for_s=60.0)
    first = step(Alarms(), [patient], NOW)
    assert (standing(first.alarms), first.events) == ([("slow", "pending")], ())
    assert standing(step(first.alarms, [patient], NOW + 59).alarms) == [("slow", "pending")]
    assert standing(step(first.alarms, [patient], NOW + 60).alarms) == [("slow", "firing")]


def test_pending_condition_that_stops_is_forgotten():
    first = step(Alarms(), [condition(for_s=60.0)], NOW)
    second = step(first.alarms, [condition(active=False)], NOW + 10)
    assert (second.alarms.held, second.events) == ({}, ())


def test_firing_alert_is_resolved_once():
    first = step(Alarms(), [condition()], NOW)
    second = step(first.alarms, [condition(active=False, reason="fast again")], NOW + 10)
    assert [(event.standing, event.resolved_at, event.reason) for event in second.events] == [
        ("resolved", NOW + 10, "fast again")]  # fmt: skip
    assert step(second.alarms, [condition(active=False)], NOW + 20).events == ()


def test_what_cannot_be_told_changes_nothing():
    for before in (
        Alarms(),
        step(Alarms(), [condition()], NOW).alarms,
        step(Alarms(), [condition(for_s=9)], NOW).alarms,
    ):
        assert step(before, [condition(active=None)], NOW + 5).alarms == before


def test_alert_of_which_nothing_is_heard_ends():
    first = step(Alarms(), [condition()], NOW).alarms
    assert standing(step(first, [], NOW + 100, stale_s=100).alarms) == [("slow", "firing")]
    late = step(first, [condition(active=None)], NOW + 101, stale_s=100)
    assert standing(late.alarms) == [("slow", "resolved")]
    assert "nothing has been heard" in late.events[0].reason


def test_pending_alert_that_nobody_looked_at_begins_anew():
    first = step(Alarms(), [condition(for_s=60.0)], NOW).alarms
    assert standing(step(first, [condition(for_s=60.0)], NOW + 5000, stale_s=100).alarms) == [("slow", "pending")]


def test_clock_that_was_set_back_makes_nobody_wait():
    first = step(Alarms(), [condition(for_s=60.0)], NOW).alarms
    second = step(first, [condition(for_s=60.0)], NOW - 86_400).alarms
    assert standing(step(second, [condition(for_s=60.0)], NOW - 86_340).alarms) == [("slow", "firing")]


def test_labels_make_two_of_one_name():
    found = step(Alarms(), [condition(labels={"model": "a"}), condition(labels={"model": "b"})], NOW)
    assert len(found.alarms.held) == 2


def test_labels_without_end_do_not_fill_the_memory():
    every = [condition(labels={"model": str(number)}) for number in range(MOST + 50)]
    assert len(step(Alarms(), every, NOW).alarms.held) == MOST


def test_same_thing_again_is_another_alert():
    first = step(Alarms(), [condition()], NOW)
    gone = step(first.alarms, [condition(active=False)], NOW + 10)
    again = step(gone.alarms, [condition()], NOW + 20)
    assert again.events[0].id != first.events[0].id


def test_number_that_json_has_not_is_left_out():
    found = step(Alarms(), [condition(value=float("nan"), bound=float("inf"))], NOW)
    assert (found.events[0].value, found.events[0].bound) == (None, None)


@given(st.lists(st.tuples(st.sampled_from([True, False, None]), st.floats(0.1, 200)), max_size=40))
def test_it_never_fires_before_it_held_for_its_time(course):
    alarms, now, since = Alarms(), NOW, None
    for active, pause in course:
        now += pause
        alarms = step(alarms, [condition(active=active, for_s=60.0)], now, stale_s=1e9).alarms
        since = None if active is False else now if since is None and active else since
        if standing(alarms) == [("slow", "firing")]:
            assert now - since >= 60.0 - 1e-6
