"""Intervals of values that hang together in time: they hold the truth as often as they say."""

import math
import random
import time
from statistics import NormalDist, fmean

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.stats.correlated import inflation, spans
from ollascope.stats.percentiles import percentile_interval

SHARES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}
RUNS = 200


def chained(source, count, alike):
    """Log-normal values of which neighbours are alike: AR(1)."""
    spread = 1 / math.sqrt(1 - alike * alike)
    value, found = source.gauss(0, spread), []
    for _ in range(count):
        value = alike * value + source.gauss(0, 1)
        found.append(math.exp(value / spread / 2))
    return found


def coverage(count, alike):
    """How often the interval of each statistic holds the truth, where it is told."""
    source, normal = random.Random(3), NormalDist()
    truth = {name: math.exp(normal.inv_cdf(share) / 2) for name, share in SHARES.items()} | {"mean": math.exp(1 / 8)}
    told, held = dict.fromkeys(truth, 0), dict.fromkeys(truth, 0)
    for _ in range(RUNS):
        for name, (low, high) in spans(chained(source, count, alike), SHARES).intervals.items():
            told[name] += 1
            held[name] += low <= truth[name] <= high
    return {name: held[name] / told[name] for name in truth if told[name] >= RUNS / 2}


@pytest.mark.slow
@pytest.mark.parametrize(("count", "alike"), [(500, 0.0), (1000, 0.5), (1000, 0.8), (3000, 0.9)])
def test_intervals_hold_the_truth_nine_times_in_ten_however_alike_neighbours_are(count, alike):
    found = coverage(count, alike)
    assert set(found) >= {"mean", "p50", "p90", "p95"}
    assert all(share >= 0.9 for share in found.values()), found


def test_intervals_that_take_neighbours_as_independent_would_miss_the_truth():
    source, held = random.Random(3), 0
    for _ in range(50):
        low, high = percentile_interval(sorted(chained(source, 1000, 0.9)), 0.5)
        held += low <= 1.0 <= high
    assert held < 40


def test_independent_values_mostly_have_the_intervals_of_order_statistics():
    source, same = random.Random(5), 0
    for _ in range(50):
        values = [source.expovariate(1) for _ in range(1000)]
        ordered = sorted(values)
        same += spans(values, {"p90": 0.9}).intervals["p90"] == percentile_interval(ordered, 0.9)
    assert same >= 35  # chance makes neighbours look alike now and then


@given(st.lists(st.floats(0.001, 1000), min_size=1, max_size=400))
def test_intervals_lie_around_their_percentile_and_within_the_values(values):
    found = spans(values, SHARES)
    assert list(found.ordered) == sorted(values)
    assert found.mean == pytest.approx(fmean(values))
    for name, share in SHARES.items():
        assert (name in found.intervals) != (name in found.more)
        if name in found.intervals:
            low, high = found.intervals[name]
            middle = numpy.quantile(values, share, method="inverted_cdf")
            assert min(values) <= low <= middle <= high <= max(values)


def test_few_values_have_no_interval_and_lack_what_the_binomial_rule_says():
    found = spans([1.0, 2.0, 3.0, 4.0], SHARES)
    assert found.intervals == {}
    assert found.more == {"p50": 2, "p90": 32, "p95": 68, "p99": 364}


def test_no_values_lack_all():
    found = spans([], SHARES)
    assert (found.mean, found.intervals, found.more["p99"]) == (None, {}, 368)


def test_endless_values_count_in_percentiles_and_not_in_the_mean():
    found = spans([1.0] * 950 + [math.inf] * 50, SHARES)
    assert found.mean == 1.0
    assert found.intervals["p50"] == (1.0, 1.0)
    assert found.ordered[-50] == math.inf


def test_values_that_a_reader_cannot_tell_apart_count_as_equal():
    source = random.Random(1)
    values = [0.1 + 1e-6 * value for value in chained(source, 500, 0.99)]
    assert set(spans(values, SHARES).intervals) == {"mean", *SHARES}


def test_inflation_of_independent_means_is_about_one_and_never_less():
    source = random.Random(2)
    found = [inflation([source.gauss(0, 1) for _ in range(64)], 1.0) for _ in range(100)]
    assert min(found) == 1.0
    assert fmean(found) < 1.15


def test_a_million_values_take_less_than_five_seconds():
    source = random.Random(4)
    values = [source.random() for _ in range(10**6)]
    begun = time.process_time()
    spans(values, SHARES)
    assert time.process_time() - begun < 5
