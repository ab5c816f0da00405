"""Packed metrics come back, and two packs merged hold what both held."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.stats.packed import FEW, MANY, entries, few, many, merged, pack
from ollascope.stats.sketch import Sketch

numbers = st.integers(1, 255)
values = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=3 * FEW)
cells = st.dictionaries(numbers, values, max_size=6)


def held(blob):
    """What a pack holds of each metric: count, and the values or their sums and sketch."""
    found = {}
    for number, count, at in entries(blob):
        if count != MANY:
            found[number] = (count, sorted(few(blob, at, count)))
        else:
            sums, buckets, counts = many(blob, at)
            found[number] = (sums[0], sums[1:], dict(zip(buckets, counts, strict=True)))
    return found


@given(cells)
def test_packed_metrics_come_back(given_cells):
    found = held(pack(given_cells))
    assert found.keys() == given_cells.keys()
    for number, items in given_cells.items():
        if len(items) <= FEW:
            assert found[number] == (len(items), sorted(items))
            continue
        count, (total, squares, (least, most)), counts = found[number]
        assert (count, least, most) == (len(items), min(items), max(items))
        assert total == pytest.approx(sum(items), abs=1e-3)
        assert squares == pytest.approx(sum(item * item for item in items))
        assert counts == dict(Sketch.of(items).pairs())


@given(cells, cells)
def test_merged_packs_hold_what_both_held(one, other):
    whole = {number: [*one.get(number, []), *other.get(number, [])] for number in {*one, *other}}
    found, expected = held(merged(pack(one), pack(other))), held(pack(whole))
    assert found.keys() == expected.keys()
    for number, told in expected.items():
        assert found[number][0] == told[0]
        assert found[number][-1] == told[-1]


def test_single_value_takes_ten_bytes():
    assert len(pack({7: [0.25]})) == 10


def test_empty_pack_holds_nothing():
    assert pack({}) == b""
    assert list(entries(b"")) == []


@pytest.mark.parametrize("count", [100, 70_000, 5_000_000_000])
def test_counts_of_any_size_fit(count):
    one = pack({1: [1.0] * (FEW + 1)})
    big = one
    reached = FEW + 1
    while reached < count:
        big, reached = merged(big, big), 2 * reached
    assert held(big)[1][0] == reached
