"""The block bootstrap: scipy's for independent values, honest for values that hang together."""

from random import Random
from statistics import fmean, median

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ollascope.stats.bootstrap import block_bootstrap, resample


def independent(count, seed):
    source = Random(seed)
    return [source.gauss(10, 3) for _ in range(count)]


def chained(count, source, memory=0.8):
    value, made = 0.0, []
    for _ in range(count):
        value = memory * value + source.gauss(0, 1)
        made.append(value)
    return made


@pytest.mark.parametrize("statistic", [fmean, median])
def test_blocks_of_one_give_the_interval_of_scipy(statistic):
    values = independent(150, 1)
    made = block_bootstrap(values, statistic, Random(2), rounds=3000, block=1)
    told = stats.bootstrap(
        (values,), statistic, vectorized=False, n_resamples=3000, method="percentile", rng=4
    ).confidence_interval
    assert made == pytest.approx((told.low, told.high), abs=0.15)


def test_blocks_cover_the_mean_of_chained_values_where_single_values_do_not():
    source, hits = Random(11), {1: 0, 20: 0}
    for _ in range(150):
        values = chained(300, source)
        for block in hits:
            low, high = block_bootstrap(values, fmean, source, rounds=150, block=block)
            hits[block] += low <= 0 <= high
    assert hits[1] / 150 < 0.65
    assert hits[20] / 150 > 0.82


def test_same_randomness_gives_the_same_interval():
    values = independent(50, 3)
    assert block_bootstrap(values, fmean, Random(1), rounds=50) == block_bootstrap(values, fmean, Random(1), rounds=50)


@given(st.lists(st.integers(), min_size=1, max_size=40), st.integers(1, 50), st.integers())
def test_resample_is_as_long_and_made_of_the_same_values(values, block, seed):
    drawn = resample(values, min(block, len(values)), Random(seed))
    assert len(drawn) == len(values)
    assert set(drawn) <= set(values)
