"""MSER-5: the cut after the warm-up."""

from random import Random
from statistics import fmean

from hypothesis import given
from hypothesis import strategies as st

from ollascope.stats.steady import mser5


def slow_rule(values):
    """The rule as its paper words it."""
    means = [fmean(values[i * 5 : i * 5 + 5]) for i in range(len(values) // 5)]
    if len(means) < 10:
        return None

    def error(cut):
        rest = means[cut:]
        middle = fmean(rest)
        return sum((mean - middle) ** 2 for mean in rest) / len(rest) ** 2

    best = min(range(len(means) - 4), key=error)
    return best * 5 if best <= len(means) // 2 else None


@given(st.integers(0, 10**6), st.integers(0, 120), st.integers(40, 300))
def test_cut_is_the_one_of_the_paper(seed, warmup, count):
    source = Random(seed)
    values = [source.gauss(10, 1) + (20 if index < warmup else 0) for index in range(count)]
    assert mser5(values) == slow_rule(values)


def test_warmup_is_cut_off():
    source = Random(1)
    values = [5 + 40 * 0.9**index + source.gauss(0, 0.5) for index in range(400)]
    assert 25 <= mser5(values) <= 80


def test_steady_series_is_kept_nearly_whole():
    source = Random(2)
    assert mser5([source.gauss(5, 1) for _ in range(500)]) <= 50


def test_series_that_drifts_never_settles():
    assert mser5([float(index) for index in range(300)]) is None


def test_short_series_never_settles():
    assert mser5([1.0] * 49) is None
    assert mser5([1.0] * 50) == 0
