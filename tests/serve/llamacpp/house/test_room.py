"""Who has to make room for a model: never more than is needed, never in vain, the unused first."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ollascope.serve.llamacpp.house.room import Limits, Stand, make_place, size_text
from ollascope.words.errors import OutOfMemory

STANDS = st.lists(
    st.builds(
        Stand, name=st.uuids().map(str), bytes=st.integers(1, 100), used=st.floats(0, 100), busy=st.booleans()
    ),
    max_size=6,
)  # fmt: skip
FREE = st.none() | st.integers(0, 300)


def left(stands, names):
    return [each for each in stands if each.name not in names]


@given(STANDS, st.integers(1, 150), st.integers(1, 300), st.integers(0, 5), FREE)
def test_what_stays_and_what_comes_fits(stands, need, budget, most, free):
    limits = Limits(bytes=budget, most=most)
    try:
        names = make_place("new", need, stands, limits, free)
    except OutOfMemory:
        held = sum(each.bytes for each in stands)
        assert need > budget or (free is not None and need > free + held)
        return
    staying = left(stands, names)
    assert not staying or need + sum(each.bytes for each in staying) <= budget
    assert not most or not staying or len(staying) < most
    gone = sum(each.bytes for each in stands) - sum(each.bytes for each in staying)
    assert free is None or need <= free + gone


@given(STANDS, st.integers(1, 100), FREE)
def test_nobody_leaves_where_there_is_room(stands, need, free):
    held = sum(each.bytes for each in stands)
    assume(free is None or need <= free)
    assert make_place("new", need, stands, Limits(bytes=held + need), free) == ()


@given(STANDS, st.integers(1, 100))
def test_who_is_used_leaves_only_after_all_who_are_not(stands, need):
    names = make_place("new", need, stands, Limits(bytes=100, most=1), None)
    busy = {each.name for each in stands if each.busy}
    if busy & set(names):
        assert {each.name for each in stands if not each.busy} <= set(names)


def test_longest_unused_leaves_first():
    stands = [Stand(name=name, bytes=10, used=used) for name, used in (("b", 2), ("a", 1), ("c", 3))]
    assert make_place("new", 10, stands, Limits(bytes=30), None) == ("a",)


def test_refusal_names_model_need_and_room():
    with pytest.raises(OutOfMemory, match=r"big needs 3\.0 GiB .* and 2\.0 GiB is all"):
        make_place("big", 3 << 30, (), Limits(bytes=2 << 30), None)


@pytest.mark.parametrize(("count", "text"), [(0, "1 MiB"), (5 << 20, "5 MiB"), (1 << 30, "1.0 GiB")])
def test_sizes(count, text):
    assert size_text(count) == text
