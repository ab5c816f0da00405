"""Percentiles of sorted values and their order-statistic intervals, against numpy and scipy."""

import random

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ollascope.stats.percentiles import interval_ranks, is_known, percentile, percentile_interval, rank

SHARES = (0.5, 0.9, 0.95, 0.99, 0.999)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=200), st.sampled_from(SHARES))
def test_percentile_is_numpys_inverted_cdf(values, share):
    assert percentile(sorted(values), share) == numpy.quantile(values, share, method="inverted_cdf")


def test_failures_counted_as_endless_make_the_tail_endless():
    values = [1.0] * 90 + [float("inf")] * 10
    assert percentile(values, 0.9) == 1.0
    assert percentile(values, 0.95) == float("inf")


def test_rank_is_not_pushed_up_by_rounding():
    assert [rank(100, share) for share in (0.07, 0.29, 0.55, 0.99)] == [7, 29, 55, 99]


@pytest.mark.parametrize(("share", "fewest"), [(0.5, 6), (0.9, 36), (0.95, 72), (0.99, 368), (0.999, 3688)])
def test_interval_needs_enough_values(share, fewest):
    assert interval_ranks(fewest - 1, share) is None
    assert interval_ranks(fewest, share) is not None


@given(st.integers(6, 3000), st.sampled_from(SHARES))
def test_interval_ranks_are_the_binomial_quantiles_of_scipy(count, share):
    low = int(stats.binom.ppf(0.025, count, share))
    high = count + 1 - int(stats.binom.ppf(0.025, count, 1 - share))
    assert interval_ranks(count, share) == ((low, high) if low >= 1 and high <= count else None)


@pytest.mark.parametrize("count", [20_000, 1_000_000, 10_000_000])
@pytest.mark.parametrize("share", SHARES)
def test_interval_ranks_of_many_values_are_at_most_one_place_off(count, share):
    low, high = interval_ranks(count, share)
    assert abs(low - int(stats.binom.ppf(0.025, count, share))) <= 1
    assert abs(high - (count + 1 - int(stats.binom.ppf(0.025, count, 1 - share)))) <= 1


@pytest.mark.parametrize(("count", "share"), [(60, 0.5), (400, 0.95), (1000, 0.99)])
def test_interval_covers_the_truth_as_often_as_it_says(count, share):
    source = random.Random(7)
    truth = stats.expon.ppf(share)
    hits = 0
    for _ in range(600):
        low, high = percentile_interval(sorted(source.expovariate(1) for _ in range(count)), share)
        hits += low <= truth <= high
    assert 0.93 <= hits / 600 <= 0.995


def test_percentile_of_too_few_values_is_not_known():
    assert [fewest_known(share) for share in SHARES] == [1, 10, 20, 100, 1000]


def fewest_known(share):
    return next(count for count in range(2000) if is_known(count, share))
