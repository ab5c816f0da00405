"""Values in lanes add up to the same percentiles as the sketches of the sums."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.monitor.history.lanes import Spread, counts_of, lanes_from, lanes_of
from ollascope.stats.sketch import Sketch

values = st.lists(st.floats(0, 1e7, allow_nan=False), max_size=60)


@given(values, values)
def test_percentiles_are_those_of_one_sketch_of_all(one, other):
    spread, sketch = Spread(lanes_of(one) + lanes_of(other)), Sketch.of([*one, *other])
    assert spread.count == sketch.count
    for share in (0.5, 0.95, 0.99):
        told = spread.percentile(share)
        if told is not None and 2e-5 < sketch.quantile(share) < 9e5:
            assert told == sketch.quantile(share)


@given(values)
def test_sketch_and_values_fill_the_same_lanes(some):
    pairs = Sketch.of(some).pairs()
    assert lanes_from([number for number, _ in pairs], [count for _, count in pairs]) == lanes_of(some)


@given(values)
def test_no_value_is_lost(some):
    assert sum(counts_of(lanes_of(some))) == len(some)


def test_nothing_has_no_percentiles():
    spread = Spread(0)
    assert (spread.count, spread.percentile(0.5), spread.up_to([1.0])) == (0, None, [0])


def test_too_few_values_tell_no_p99():
    assert Spread(lanes_of([1.0] * 20)).percentile(0.99) is None
    assert Spread(lanes_of([1.0] * 200)).percentile(0.99) == pytest.approx(1.0, rel=0.01)


@given(values, st.floats(1e-4, 1e5))
def test_up_to_an_edge_lies_what_is_not_beyond_it(some, edge):
    (count,) = Spread(lanes_of(some)).up_to([edge])
    assert sum(value < edge * 0.97 for value in some) <= count <= sum(value < edge * 1.03 for value in some)
