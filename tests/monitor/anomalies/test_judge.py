"""The judge on made-up minutes: what it tells, what it leaves alone, and what it remembers."""

import random
from dataclasses import replace

import pytest

from benchmarks.anomalies_parts.series import DAY_S, START, Now, World, between
from ollascope.monitor.anomalies import judge as rules
from ollascope.monitor.anomalies.judge import judge, scores
from ollascope.monitor.anomalies.state import State
from ollascope.monitor.windows import Window
from ollascope.words.alerts import AlertKind
from ollascope.words.record import dumps, loads

WARM = 50 * 60  # minutes: the time of day is known


def run(state, minutes, start=START, plan=None, world=None):
    """The state, the conditions of the last minute, and the names of all alarms."""
    world = world or World(random.Random(7), cycle=0.1, calls=3.0)
    feed = world.minutes(start, minutes, plan) if plan else world.minutes(start, minutes)
    names, conditions = set(), ()
    for number, windows in enumerate(feed):
        state, conditions = judge(state, windows, start + 60.0 * (number + 1))
        names |= {condition.name for condition in conditions if condition.active}
    return state, conditions, names


@pytest.fixture(scope="module")
def warm():
    return run(State(), WARM)[0]


LATER = START + WARM * 60.0


def only(windows):
    return [replace(window, readings={}) for window in windows if window.model]


def test_no_data_at_all_is_no_alarm():
    assert judge(State(), [], START) == (State(), ())


def test_one_call_a_day_is_no_alarm_however_slow():
    state = State()
    for day in range(60):
        at = START + day * DAY_S
        call = Window(at=at, model="m", backend="b", calls=1, firsts=((10, 1.0 + 100 * (day % 7 == 0)),), rates=(3.0,))
        state, conditions = judge(state, [call], at + 60)
        assert conditions == ()


def test_one_failure_a_day_is_no_alarm():
    state = State()
    for day in range(30):
        at = START + day * DAY_S
        state, conditions = judge(state, [Window(at=at, model="m", backend="b", calls=1, failures=1)], at + 60)
        assert conditions == ()


def test_slower_first_tokens_are_told_with_the_figures(warm):
    _, conditions, _ = run(warm, 30, LATER, between(0, 60, Now(ttft=3.0)))
    (told,) = [each for each in conditions if each.name == "ttft-anomaly"]
    assert told.kind is AlertKind.LATENCY_ANOMALY
    assert (told.active, told.severity) == (True, "warning")
    assert told.labels == {"signal": "ttft", "model": "m", "backend": "b"}
    assert "time to first token, without queue and load of m at b" in told.reason
    assert "times" in told.reason
    assert "CUSUM" in told.reason
    assert told.value > 2 * told.bound


@pytest.mark.parametrize(
    "planted", [Now(), Now(prompt=15), Now(prompt=0.1), Now(load_s=30.0), Now(traffic=3.0), Now(traffic=0.0)]
)
def test_what_is_explained_is_no_anomaly(warm, planted):
    assert run(warm, 45, LATER, between(0, 60, planted))[2] == set()


def test_one_bad_minute_is_no_anomaly(warm):
    assert run(warm, 20, LATER, between(5, 6, Now(ttft=20.0, gap=20.0, rate=0.1)))[2] == set()


def test_faster_is_told_as_information(warm):
    _, conditions, _ = run(warm, 30, LATER, between(0, 60, Now(rate=3.0)))
    (told,) = [each for each in conditions if each.name == "rate-anomaly"]
    assert told.severity == "info"


def test_cooler_machine_is_not_told(warm):
    assert run(warm, 30, LATER, between(0, 60, Now(celsius=-40, memory=-0.5, cpu=-0.5)))[2] == set()


def test_hotter_machine_is_told(warm):
    _, conditions, _ = run(warm, 15, LATER, between(0, 60, Now(celsius=30)))
    assert [each.name for each in conditions] == ["gpu0_temperature_celsius-anomaly"]
    assert "temperature of the GPU 0" in conditions[0].reason


def test_failures_beyond_chance_are_told_and_most_of_them_are_critical(warm):
    _, conditions, _ = run(warm, 10, LATER, between(0, 60, Now(errors=0.9)))
    (told,) = [each for each in conditions if each.kind is AlertKind.ERROR_ANOMALY]
    assert told.severity == "critical"
    assert "requests" in told.reason


def test_end_is_told_and_then_forgotten(warm):
    state, conditions, _ = run(warm, 40, LATER, between(0, 15, Now(celsius=30)))
    assert [(each.name, each.active) for each in conditions] == [("gpu0_temperature_celsius-anomaly", False)]
    _, conditions = judge(state, [], LATER + 2 * 3600)
    assert conditions == ()


def test_what_is_not_measured_any_more_cannot_be_told_and_ends_after_hours(warm):
    state, _, _ = run(warm, 15, LATER, between(0, 60, Now(celsius=30)))
    _, conditions = judge(state, [], LATER + 2 * 3600)
    assert [each.active for each in conditions] == [None]
    _, conditions = judge(state, [], LATER + 7 * 3600)
    assert [each.active for each in conditions] == [False]


def test_state_survives_a_restart_in_the_middle_of_anything(warm):
    world, same = (World(random.Random(3), cycle=0.1, calls=3.0) for _ in range(2))
    plan = between(0, 60, Now(celsius=30, ttft=3.0))
    whole = run(warm, 12, LATER, plan, world)
    state = warm
    for number, windows in enumerate(same.minutes(LATER, 12, plan)):
        state = loads(State, dumps(state))
        state, conditions = judge(state, windows, LATER + 60.0 * (number + 1))
    assert (state, conditions) == whole[:2]


def test_new_level_is_usual_after_a_day(warm):
    state, at = warm, LATER
    for minute in range(25 * 60):
        window = Window(at=at + 60.0 * minute, readings={"memory_ratio": (0.95,)})
        state, conditions = judge(state, [window], window.at + 60)
    assert conditions[0].active is False


def test_only_so_many_begin_in_an_hour():
    many = [f"m{number}" for number in range(30)]
    state = State()
    for minute in range(140):
        at, temperature = START + 60.0 * minute, 1.0 if minute < 125 else 50.0
        windows = [Window(at=at, model=model, backend="b", rates=(temperature,) * 5) for model in many]
        state, conditions = judge(state, windows, at + 60)
    assert len(conditions) == rules.STARTS_PER_H


def test_models_without_end_do_not_fill_the_memory():
    state = State()
    for number in range(rules.MOST_TRACKS * 2):
        at = START + number
        state, _ = judge(state, [Window(at=at, model=f"m{number}", calls=1, firsts=((1, 1.0),))], at)
    assert len(state.tracks) == rules.MOST_TRACKS
    assert len(state.paces) <= rules.MOST_TRACKS


def test_every_signal_has_a_score(warm):
    found = scores(warm)
    assert ("ttft", "m", "b") in found
    assert not any(active for _, active in found.values())


def test_prompt_reading_alone_without_machine_is_judged(warm):
    world = World(random.Random(5), cycle=0.1, calls=3.0)
    state = warm
    for windows in world.minutes(LATER, 3):
        state, conditions = judge(state, only(windows), LATER)
    assert conditions == ()


def test_busy_hour_of_the_second_day_is_no_anomaly_before_the_time_of_day_is_known():
    world = World(random.Random(11), cycle=0.35, calls=4.0)
    assert run(State(), 48 * 60, START, None, world)[2] == set()
