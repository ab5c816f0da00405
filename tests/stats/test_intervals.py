"""Intervals of shares and means, against scipy and by simulation."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ollascope.stats.intervals import mean_interval, wilson


@given(st.integers(1, 2000).flatmap(lambda count: st.tuples(st.integers(0, count), st.just(count))))
def test_wilson_is_scipys(trial):
    successes, count = trial
    told = stats.binomtest(successes, count).proportion_ci(0.95, method="wilson")
    assert wilson(successes, count) == pytest.approx((told.low, told.high), abs=1e-9)


def test_nothing_tried_says_nothing():
    assert wilson(0, 0) == (0.0, 1.0)


def test_wilson_covers_a_rare_event():
    source = random.Random(3)
    hits = 0
    for _ in range(2000):
        low, high = wilson(sum(source.random() < 0.02 for _ in range(100)), 100)
        hits += low <= 0.02 <= high
    assert 0.92 <= hits / 2000 <= 0.99


def test_mean_interval_is_the_normal_one_of_scipy():
    values = [random.Random(5).gauss(3, 2) for _ in range(200)]
    told = stats.norm.interval(0.95, loc=stats.tmean(values), scale=stats.sem(values))
    made = mean_interval(len(values), sum(values), sum(value * value for value in values))
    assert made == pytest.approx(tuple(told))


def test_mean_of_few_values_has_no_interval():
    assert mean_interval(29, 29.0, 29.0) is None
    assert mean_interval(30, 30.0, 30.0) == (1.0, 1.0)
