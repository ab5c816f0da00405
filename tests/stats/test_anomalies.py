"""What stands out: robust z, EWMA and CUSUM."""

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import signal, stats

from ollascope.stats.anomalies import Cusum, Ewma, robust_z

numbers = st.floats(-1e3, 1e3)


@given(st.lists(st.floats(0, 100), min_size=3, max_size=50), numbers)
def test_robust_z_is_distance_over_scipys_scaled_mad(past, value):
    spread = stats.median_abs_deviation(past, scale="normal")
    if spread > 1e-6:
        assert robust_z(value, past) == pytest.approx((value - sorted_median(past)) / spread, rel=1e-3, abs=1e-9)


def sorted_median(values):
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def test_one_wild_value_in_the_past_does_not_hide_the_next():
    past = [10.0, 11.0, 9.0, 10.5, 9.5, 1000.0]
    assert robust_z(30.0, past) > 10


def test_past_of_nearly_one_number_still_measures():
    assert robust_z(6.0, [5.0] * 9 + [6.0]) == pytest.approx(1 / (1.2533 * 0.1))


def test_any_other_value_is_endlessly_far_from_a_past_of_one_number():
    assert [robust_z(value, [5.0] * 4) for value in (4.0, 5.0, 6.0)] == [-math.inf, 0.0, math.inf]


@given(st.lists(numbers, min_size=1, max_size=50), st.floats(0.01, 1))
def test_ewma_is_scipys_filter(values, weight):
    state = Ewma(weight=weight)
    for value in values:
        state = state.after(value)
    told, _ = signal.lfilter([weight], [1, weight - 1], values, zi=[(1 - weight) * values[0]])
    assert state.mean == pytest.approx(told[-1], abs=1e-6)


@pytest.mark.parametrize(("mean", "shift"), [(10.0, 0), (11.0, 1), (9.0, -1)])
def test_cusum_tells_a_small_lasting_shift(mean, shift):
    source, state = Random(8), Cusum(target=10.0, slack=0.5, limit=8.0)
    for _ in range(60):
        state = state.after(source.gauss(mean, 1))
    assert state.shift == shift


def test_cusum_ignores_one_wild_value():
    state = Cusum(target=0.0, slack=0.5, limit=8.0).after(7.0)
    for _ in range(14):
        state = state.after(0.0)
    assert (state.high, state.shift) == (0.0, 0)


@given(st.lists(numbers, max_size=30))
def test_cusum_of_the_mirrored_series_is_mirrored(values):
    one, other = Cusum(target=0, slack=0.1, limit=5), Cusum(target=0, slack=0.1, limit=5)
    for value in values:
        one, other = one.after(value), other.after(-value)
    assert (one.high, one.low) == (other.low, other.high)
