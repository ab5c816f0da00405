"""Kolmogorov-Smirnov and its distributions, against scipy."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ollascope.stats import fit


@given(st.floats(0.05, 50), st.floats(0, 20))
def test_gamma_of_mean_one_is_that_of_scipy(shape, value):
    assert fit.gamma(shape)(value) == pytest.approx(stats.gamma.cdf(value, shape, scale=1 / shape), abs=1e-9)


@given(st.floats(-1, 40))
def test_exponential_is_that_of_scipy(value):
    assert fit.exponential(value) == pytest.approx(stats.expon.cdf(value), abs=1e-12)


@given(st.integers(0, 10**6), st.integers(20, 500))
def test_distance_and_chance_are_those_of_scipy(seed, count):
    source = random.Random(seed)
    values = sorted(source.expovariate(1) for _ in range(count))
    expected = stats.kstest(values, "expon")
    away = fit.distance(values, fit.exponential)
    assert away == pytest.approx(expected.statistic, abs=1e-12)
    assert fit.chance(away, count) == pytest.approx(expected.pvalue, abs=0.02)


def test_even_gaps_are_no_poisson_process():
    away = fit.distance([1.0] * 100, fit.exponential)
    assert fit.chance(away, 100) < 1e-6


def test_values_of_the_distribution_fail_as_rarely_as_the_chance_says():
    source = random.Random(3)
    tests = [sorted(source.expovariate(1) for _ in range(50)) for _ in range(1000)]
    failed = sum(fit.chance(fit.distance(values, fit.exponential), 50) < 0.05 for values in tests)
    assert 30 <= failed <= 70
