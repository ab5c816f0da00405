"""A metric over many Calls: exact while few, within 1 % when many, the same merged as whole."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.stats import spread as room
from ollascope.stats.spread import Spread, Values, figure_of

values = st.lists(st.floats(1e-4, 1e4), max_size=60)


def spread(items):
    made = Spread()
    made.add_all(items)
    return made


@given(values, values)
def test_merged_spread_tells_what_one_of_all_would(a, b):
    whole, merged = spread([*a, *b]), spread(a)
    merged.merge(spread(b))
    assert merged.sketch == whole.sketch
    one, other = merged.figure(), whole.figure()
    assert (one.n, one.max, one.p50, one.p90, one.ci95.keys()) == (
        other.n, other.max, other.p50, other.p90, other.ci95.keys(),
    )  # fmt: skip
    assert one.mean == pytest.approx(other.mean)


@given(st.lists(st.floats(1e-4, 1e4), min_size=100, max_size=400))
def test_sketched_percentiles_are_within_one_percent_of_the_exact_ones(items):
    exact, sketched = figure_of(items), spread(items).figure()
    for name in ("p50", "p90", "p95", "p99"):
        assert vars_of(sketched)[name] == pytest.approx(vars_of(exact)[name], rel=0.0101)


def vars_of(figure):
    return {name: getattr(figure, name) for name in figure.__slots__}


def test_percentile_of_too_few_values_is_not_told():
    figure = figure_of([1.0, 2.0, 3.0])
    assert (figure.n, figure.p50, figure.p95, figure.p99, figure.max) == (3, 2.0, None, None, 3.0)
    assert figure.ci95 == {}


def test_intervals_come_with_enough_values():
    source = random.Random(1)
    figure = figure_of([source.expovariate(1) for _ in range(400)])
    assert set(figure.ci95) == {"mean", "p50", "p90", "p95", "p99"}
    for name, (low, high) in figure.ci95.items():
        assert low < vars_of(figure)[name] < high
    assert figure.p999 is None


def test_nothing_measured_is_told_as_nothing():
    assert figure_of([]) == Spread().figure() == Values().figure()
    assert (figure_of([]).n, figure_of([]).mean) == (0, None)


def test_many_values_are_folded_and_still_told(monkeypatch):
    monkeypatch.setattr(room, "EXACT_UP_TO", 100)
    source, kept = random.Random(2), Values()
    items = [source.expovariate(1) for _ in range(1000)]
    for item in items:
        kept.add(item)
        kept.fold()
    told, exact = kept.figure(), figure_of(items)
    assert (told.n, told.max, told.mean) == (1000, exact.max, pytest.approx(exact.mean))
    assert told.p99 == pytest.approx(exact.p99, rel=0.0101)


def test_few_values_are_told_exactly():
    kept = Values()
    for item in (3.0, 1.0, 2.0):
        kept.add(item)
    assert kept.figure() == figure_of([1.0, 2.0, 3.0])
