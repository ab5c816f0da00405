"""PELT: the optimal levels of a series, against trying every split."""

import itertools
import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.stats.changes import changepoints


def every_split(values, penalty, shortest):
    """The least cost by dynamic programming over every split, without leaving any out."""

    def cost(start, end):
        part = values[start:end]
        middle = sum(part) / len(part)
        return sum((value - middle) ** 2 for value in part)

    best = {0: -penalty}
    for end in range(shortest, len(values) + 1):
        starts = [start for start in best if start == 0 or end - start >= shortest]
        best[end] = min(best[s] + cost(s, end) + penalty for s in starts if end - s >= shortest)
    return best[len(values)], cost


def cost_of(points, values, penalty, cost):
    bounds = [0, *points, len(values)]
    return sum(cost(a, b) for a, b in itertools.pairwise(bounds)) + penalty * len(points)


@given(st.integers(0, 10**6), st.integers(10, 45), st.integers(1, 5), st.floats(0.1, 30))
def test_found_levels_cost_the_least_of_all(seed, count, shortest, penalty):
    source = Random(seed)
    level, values = 0.0, []
    for _ in range(count):
        level = source.gauss(0, 5) if source.random() < 0.1 else level
        values.append(level + source.gauss(0, 1))
    least, cost = every_split(values, penalty, shortest)
    points = changepoints(values, penalty=penalty, shortest=shortest)
    assert math.isclose(cost_of(points, values, penalty, cost), least, rel_tol=1e-9, abs_tol=1e-9)
    bounds = [0, *points, count]
    assert all(b - a >= shortest for a, b in itertools.pairwise(bounds))


def test_shift_is_found_where_it_is():
    source = Random(4)
    values = [source.gauss(10 if index < 120 else 13, 1) for index in range(200)]
    assert changepoints(values) == pytest.approx([120], abs=2)


def test_noise_alone_is_no_change():
    source = Random(5)
    found = sum(bool(changepoints([source.gauss(0, 1) for _ in range(150)])) for _ in range(60))
    assert found <= 3


def test_flat_and_short_series_have_no_changes():
    assert changepoints([7.0] * 100) == []
    assert changepoints([0.0] * 100) == []
    assert changepoints([1.0, 9.0]) == []
    assert changepoints([]) == []


def test_step_without_noise_is_found():
    assert changepoints([1.0] * 20 + [2.0] * 20) == [20]
