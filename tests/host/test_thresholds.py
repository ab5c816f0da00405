"""A reading counts as beyond only if it lasts, and as back only with room; flapping changes nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.host.thresholds import Limit, Standing, Thresholds, judge, limits, readings, step
from ollascope.words.sample import Gpu, Sample
from ollascope.words.setting import rules

HOT = Limit(reading="x", side="above", at=90.0, back=85.0, hold_s=30.0)
LOW = Limit(reading="x", side="below", at=0.05, back=0.06, hold_s=0.0)


def play(limit, values, every=10.0):
    standing, seen = Standing(), []
    for place, value in enumerate(values):
        standing = step(limit, standing, value, place * every)
        seen.append(standing.crossed)
    return seen


def test_absent_readings_change_nothing():
    assert play(HOT, [None] * 5) == [False] * 5
    assert play(HOT, [95] * 4 + [None] * 5) == [False] * 3 + [True] * 6


def test_short_peak_does_not_count():
    assert play(HOT, [95, 95, 80, 95, 95, 80]) == [False] * 6


def test_what_lasts_counts_and_a_little_less_is_not_back():
    assert play(HOT, [95, 95, 95, 95, 88, 88, 88, 88, 88]) == [False] * 3 + [True] * 6


def test_back_must_last_too():
    assert play(HOT, [95] * 4 + [80, 80, 95, 80, 80, 80, 80]) == [False] * 3 + [True] * 7 + [False]


def test_low_readings_count_downwards():
    assert play(LOW, [0.1, 0.05, 0.049, 0.055, 0.06]) == [False, False, True, True, False]


def test_clock_that_is_set_back_begins_the_time_anew():
    standing = step(HOT, Standing(), 95, 1000.0)
    standing = step(HOT, standing, 95, 10.0)
    assert not standing.crossed
    assert step(HOT, standing, 95, 40.0).crossed


@given(st.lists(st.floats(85.1, 89.9), max_size=60))
def test_between_the_two_points_nothing_ever_changes(values):
    assert not any(play(HOT, values))
    assert all(play(HOT, [95] * 4 + values)[4:])


def test_null_switches_a_limit_off():
    assert "cpu_ratio" not in {limit.reading for limit in limits(Thresholds(cpu_ratio=None))}


def test_every_threshold_is_a_limit_with_room_on_its_other_side():
    known = limits(Thresholds())
    assert {limit.reading for limit in known} == set(rules(Thresholds)) - {"hold_s", "margin_ratio"}
    assert all(limit.back < limit.at if limit.side == "above" else limit.back > limit.at for limit in known)


def test_every_limit_finds_its_reading():
    gpus = (
        Gpu(index=0, temperature_celsius=70.0),
        Gpu(index=1, temperature_celsius=95.0, memory_used_bytes=9, memory_total_bytes=10),
    )
    shares = {"cpu_ratio": 0.5, "cpu_steal_ratio": 0.0, "memory_pressure_ratio": 0.5, "cpu_temperature_celsius": 50.0}
    sizes = {"memory_available_bytes": 1, "memory_total_bytes": 100, "swap_used_bytes": 1, "swap_total_bytes": 2}
    sample = Sample(at=1.0, **shares, **sizes, disk_free_bytes=1, disk_total_bytes=10, gpus=gpus)
    found = readings(sample)
    assert set(found) == {limit.reading for limit in limits(Thresholds())}
    assert None not in found.values()
    assert (found["gpu_temperature_celsius"], found["gpu_memory_ratio"], found["memory_available_ratio"]) == (
        95.0,
        0.9,
        0.01,
    )


def test_machine_without_swap_has_no_share_of_it():
    assert readings(Sample(at=1.0, swap_used_bytes=0, swap_total_bytes=0))["swap_used_ratio"] is None


@pytest.mark.parametrize("values", [{}, {"cpu_ratio": None}])
def test_judging_keeps_what_is_not_read(values):
    before = {"cpu_ratio": Standing(crossed=True)}
    assert judge(limits(Thresholds()), before, values, 5.0)["cpu_ratio"] == Standing(crossed=True)
