"""The quantile sketch: within 1 %, exact to merge, the same from one pass or many."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.stats.percentiles import percentile
from ollascope.stats.sketch import LEAST, MOST, TOP, Sketch, bucket, bucket_value, sketch_pairs

ordinary = st.floats(1e-6, 1e6)
anything = st.floats(-1e15, 1e15)
values = st.lists(anything, max_size=100)


@given(st.lists(anything, min_size=1, max_size=100), st.floats(0, 1))
def test_quantile_is_within_one_percent(given_values, share):
    true = percentile(sorted(given_values), share)
    told = Sketch.of(given_values).quantile(share)
    bounded = math.copysign(min(abs(true), MOST), true)
    assert abs(told - bounded) <= 0.01 * abs(bounded) + LEAST


@given(values, values, values)
def test_merge_is_associative_commutative_and_equals_one_sketch_of_all(a, b, c):
    whole = Sketch.of([*a, *b, *c])
    assert merged(merged(Sketch.of(a), Sketch.of(b)), Sketch.of(c)) == whole
    assert merged(Sketch.of(a), merged(Sketch.of(c), Sketch.of(b))) == whole


def merged(one, other):
    made = Sketch.from_pairs(one.pairs())
    made.merge(other)
    return made


@given(values)
def test_batch_and_single_adds_count_the_same(given_values):
    single = Sketch()
    for value in given_values:
        single.add(value)
    assert single == Sketch.of(given_values)
    assert single.count == len(given_values)


@given(values)
def test_pairs_bring_the_sketch_back(given_values):
    pairs = Sketch.of(given_values).pairs()
    assert Sketch.from_pairs(pairs) == Sketch.of(given_values)
    assert pairs == sketch_pairs(given_values)
    assert list(pairs) == sorted(pairs)


@given(values, values)
def test_counts_told_as_rows_are_merged(a, b):
    made = Sketch.of(a)
    pairs = Sketch.of(b).pairs()
    made.add_counts([number for number, _ in pairs], [count for _, count in pairs])
    assert made == Sketch.of([*a, *b])


@given(ordinary, ordinary)
def test_larger_values_are_in_no_lower_bucket(a, b):
    assert bucket(min(a, b)) <= bucket(max(a, b))
    assert bucket(-a) == -bucket(a)


@pytest.mark.parametrize("value", [0.0, -0.0, 1e-12, -1e-12])
def test_what_is_nearly_zero_counts_as_zero(value):
    assert Sketch.of([value]).pairs() == ((0, 1),)


@pytest.mark.parametrize("value", [1e12, 1e300, float("inf")])
def test_what_is_too_large_counts_as_the_largest(value):
    assert Sketch.of([value]).pairs() == ((TOP, 1),)
    assert Sketch.of([-value]).pairs() == ((-TOP, 1),)
    assert Sketch.of([value]).quantile(0.5) == pytest.approx(MOST, rel=0.02)


def test_what_is_no_number_is_refused():
    with pytest.raises(ValueError, match="NaN"):
        Sketch.of([float("nan")])


def test_empty_sketch_knows_no_quantile():
    assert Sketch().quantile(0.5) is None
    assert Sketch().pairs() == ()


def test_buckets_of_the_stored_format_stay_where_they_are():
    assert [bucket(value) for value in (1e-6, 0.001, 0.02, 1.0, 60.0, 1e6)] == [349, 698, 849, 1047, 1254, 1745]
    assert [bucket_value(number) for number in (0, 849, -849)] == pytest.approx([0.0, 0.02, -0.02], rel=0.01)
