"""How pieces of prompts are put together: no token of a prompt is ever computed as the only one of its prompt."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ollascope.serve.llamacpp.slots.native.context import FILLERS
from ollascope.serve.llamacpp.slots.reading import widened

lengths = st.lists(st.integers(1, 600), min_size=1, max_size=16)
close = st.lists(st.integers(1, 6), min_size=1, max_size=16)


@given(lengths | close)
def test_no_piece_reaches_beyond_another_by_a_single_token(found):
    widths = sorted({*widened(found).values(), 0})
    assert all(longer - shorter >= 2 for shorter, longer in pairwise(widths))


@given(lengths | close)
def test_pieces_become_longer_by_no_more_than_a_batch_has_room_for(found):
    assert all(0 <= width - length <= FILLERS for length, width in widened(found).items())


def test_pieces_far_apart_stay_as_they_are():
    assert widened([30, 5, 64, 30]) == {64: 64, 30: 30, 5: 5}
