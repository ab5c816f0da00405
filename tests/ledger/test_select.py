"""Which Calls count, and which are meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.ledger.codec import encode
from ollascope.ledger.select import COUNTED, EVERY, Counted, Where, is_demo
from ollascope.words.call import Call

words = st.text(min_size=1, max_size=6)


def test_calls_with_a_parent_our_own_and_the_demo_models_do_not_count():
    assert COUNTED.holds("gateway", "m", False)
    assert not COUNTED.holds("gateway", "m", True)
    assert not COUNTED.holds("bench", "m", False)
    assert not COUNTED.holds("probe", None, False)
    assert not COUNTED.holds("gateway", "demo:latest", False)
    assert not COUNTED.holds("gateway", "m", False, "fake")


@pytest.mark.parametrize(
    ("asked", "case"),
    [(Counted(nested=True), ("gateway", "m", True)), (Counted(own=True), ("bench", "m", False)),
     (Counted(demo=True), ("gateway", "demo", False)), (EVERY, ("bench", "demo", True))],
)  # fmt: skip
def test_what_is_asked_for_counts(asked, case):
    assert asked.holds(*case)
    assert not COUNTED.holds(*case)


def test_model_that_only_begins_like_the_demo_model_counts():
    assert [is_demo(name) for name in ("demo", "demo:f16", "demolition:7b", None)] == [True, True, False, False]


@given(st.builds(Call, id=words, sent_at=st.just(1.0), source=words, outcome=words, model=st.none() | words), words)
def test_quick_look_never_leaves_out_a_call_that_is_meant(call, word):
    for where in (Where(source=call.source, outcome=call.outcome), Where(model=word), Where(id=call.id)):
        if where.test()(call):
            assert all(needle in encode(call) for needle in where.needles())


def test_words_that_may_be_written_in_two_ways_are_not_looked_for_quickly():
    assert Where(model="ä", source="a\n").needles() == ()
    assert Where(model='a"b').needles() == (b'"a\\"b"',)
