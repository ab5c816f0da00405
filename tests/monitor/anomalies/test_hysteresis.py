"""When an anomaly begins and ends."""

from ollascope.monitor.anomalies.hysteresis import COOL_S, after
from ollascope.monitor.anomalies.state import Standing
from ollascope.monitor.anomalies.votes import Evidence

CALM_ = Evidence(direction=1)
HIGH = Evidence(direction=1, effect=2.0, z=9.0, cusum=9.0)
LOW = Evidence(direction=-1, effect=2.0, z=9.0, cusum=9.0)
FAINT = Evidence(direction=1, effect=0.7, z=3.0, cusum=3.0)


def went(standing, *evidence, start=0.0, room=True):
    for number, each in enumerate(evidence):
        standing = after(standing, each, start + 60.0 * number, room=room)
    return standing


def test_two_windows_are_not_enough():
    assert went(Standing(), *[HIGH] * 2).active == 0


def test_three_windows_that_agree_begin_it():
    assert went(Standing(), *[HIGH] * 3) == Standing(active=1, since=120.0)


def test_windows_that_contradict_each_other_begin_nothing():
    assert went(Standing(), HIGH, LOW, HIGH, LOW, HIGH).active == 0


def test_one_judge_alone_begins_nothing():
    assert went(Standing(), *[Evidence(direction=1, effect=2.0, z=99.0)] * 10).active == 0


def test_change_too_small_to_matter_begins_nothing():
    assert went(Standing(), *[Evidence(direction=1, effect=0.9, z=99.0, cusum=99.0, chance=0.0)] * 10).active == 0


def test_what_is_weaker_goes_on_but_would_not_begin():
    begun = went(Standing(), *[HIGH] * 3)
    assert went(begun, *[FAINT] * 50).active == 1
    assert went(Standing(), *[FAINT] * 50).active == 0


def test_it_ends_after_five_calm_windows_in_a_row():
    begun = went(Standing(), *[HIGH] * 3)
    assert went(begun, *[CALM_] * 4, HIGH, *[CALM_] * 4).active == 1
    assert went(begun, *[CALM_] * 5).active == 0


def test_it_does_not_come_back_within_ten_minutes():
    ended = Standing(ended_at=0.0)
    assert went(ended, *[HIGH] * 9, start=60.0).active == 0
    assert went(ended, *[HIGH] * 3, start=COOL_S).active == 1


def test_without_room_it_begins_as_soon_as_there_is_some():
    waiting = went(Standing(), *[HIGH] * 5, room=False)
    assert waiting.active == 0
    assert after(waiting, HIGH, 600.0).active == 1
