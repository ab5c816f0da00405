"""Gaps: the same buckets as a sketch has, for every number of nanoseconds."""

from array import array
from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ollascope.bench.client.pauses import LONGEST_NS, SECOND, Buckets, gaps_of, pairs_of, seconds_of
from ollascope.stats.sketch import bucket, bucket_value, sketch_pairs

BUCKETS = Buckets()


@given(st.lists(st.integers(-5, 2 * LONGEST_NS) | st.integers(0, SECOND)))
def test_buckets_are_those_of_the_sketch(gaps):
    assert pairs_of(BUCKETS.count(array("q", gaps))) == sketch_pairs([gap / SECOND for gap in gaps])


def test_buckets_are_right_at_every_edge():
    for number in range(bucket(LONGEST_NS / SECOND)):
        edge = int(bucket_value(number) * 1.01 * SECOND)
        near = [gap for gap in range(edge - 3, edge + 4) if gap >= 0]
        assert BUCKETS.count(array("q", near)) == Counter(bucket(gap / SECOND) for gap in near)


@given(st.lists(st.integers(0, 2**60)))
def test_gaps_lie_between_stamps(stamps):
    gaps = gaps_of(array("q", stamps))
    assert list(gaps) == [after - before for before, after in pairwise(stamps)]
    assert seconds_of(gaps) == array("f", [gap / SECOND for gap in gaps])
