"""Ids sort by the time they were made, whatever the clock does."""

from hypothesis import given
from hypothesis import strategies as st

from ollascope.words.ids import LENGTH, Ids, id_time

MOMENTS = st.lists(st.floats(min_value=0, max_value=2**47 / 1000), min_size=2, max_size=20)


@given(MOMENTS, st.integers(min_value=0, max_value=2**80 - 1))
def test_each_id_is_greater_than_the_one_before(moments, chance):
    clock = iter(moments)
    ids = Ids(wall=lambda: next(clock), chance=lambda bits: chance)
    made = [ids.next() for _ in moments]
    assert made == sorted(set(made))
    assert all(len(text) == LENGTH for text in made)


@given(st.floats(min_value=0, max_value=2**47 / 1000))
def test_id_tells_when_it_was_made(moment):
    assert abs(id_time(Ids(wall=lambda: moment).next()) - moment) < 0.002


def test_two_sources_do_not_meet():
    assert len({Ids(wall=lambda: 1.0).next() for _ in range(1000)}) == 1000
