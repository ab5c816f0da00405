"""Each metric's formula in words is what its function computes; what was not measured stays None."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.words.call import Call
from ollascope.words.metrics import METRICS, SHORTEST_S, metric

SECONDS = st.none() | st.floats(min_value=0.01, max_value=1000)
COUNTS = st.none() | st.integers(min_value=0, max_value=100_000)
CALLS = st.builds(
    Call, id=st.just("a"), sent_at=st.just(1.0), source=st.just("bench"), outcome=st.just("ok"),
    due_s=st.none() | st.floats(min_value=-100, max_value=0), queue_s=SECONDS, connect_s=SECONDS, load_s=SECONDS,
    prefill_s=SECONDS, first_chunk_s=SECONDS, first_answer_s=SECONDS, end_s=SECONDS, relay_s=SECONDS,
    tokens_in=COUNTS, tokens_cached=COUNTS, tokens_out=COUNTS,
)  # fmt: skip


SINGLE = [definition for definition in METRICS if definition.many is None]


@pytest.mark.parametrize("definition", SINGLE, ids=lambda definition: definition.name)
@given(call=CALLS)
def test_formula_in_words_is_what_is_computed(definition, call):
    names = re.findall(r"[a-z_]+", definition.formula)
    values = {name: getattr(call, name) for name in names}
    figure = definition.of(call)
    if None in values.values():
        assert figure is None
    elif figure is not None:
        assert figure == pytest.approx(eval(definition.formula, {}, values))


@pytest.mark.parametrize("definition", METRICS, ids=lambda definition: definition.name)
def test_nothing_measured_gives_no_figure(definition):
    assert definition.of(Call(id="a", sent_at=1.0, source="bench", outcome="ok")) is None


def test_every_gap_of_a_call_is_told():
    call = Call(id="a", sent_at=1.0, source="bench", outcome="ok", gaps=((3, 2), (9, 1)))
    gaps = metric("gap_s")
    assert gaps.of(call) is None
    assert gaps.many is not None
    assert gaps.many(call) == ((3, 2), (9, 1))


def test_names_end_in_their_unit():
    endings = {"s": "_s", "tokens/s": "_tokens_per_s", "ratio": "_ratio"}
    assert [entry.name for entry in METRICS if not entry.name.endswith(endings[entry.unit])] == []


def test_one_token_has_no_rate():
    call = Call(id="a", sent_at=1.0, source="s", outcome="ok", first_chunk_s=0.1, end_s=0.2, tokens_out=1)
    assert metric("decode_tokens_per_s").of(call) is None
    assert metric("tpot_s").of(call) is None


def test_a_time_too_short_to_carry_a_rate_gives_none():
    end = 0.1 + SHORTEST_S / 2
    call = Call(id="a", sent_at=1.0, source="s", outcome="ok", first_chunk_s=0.1, end_s=end, tokens_out=50)
    assert metric("decode_tokens_per_s").of(call) is None


def test_where_the_first_piece_was_not_seen_the_engine_tells_the_speed():
    call = Call(id="a", sent_at=1.0, source="s", outcome="ok", decode_s=2.0, end_s=9.0, tokens_out=101)
    assert metric("decode_tokens_per_s").of(call) == pytest.approx(50)
    seen = replace(call, first_chunk_s=8.0)
    assert metric("decode_tokens_per_s").of(seen) == pytest.approx(100)


def test_speed_of_a_plain_answer():
    call = Call(id="a", sent_at=1.0, source="s", outcome="ok", first_chunk_s=0.5, end_s=2.5, tokens_out=101)
    assert metric("decode_tokens_per_s").of(call) == pytest.approx(50)
    assert metric("tpot_s").of(call) == pytest.approx(0.02)


def test_prefill_speed_leaves_cached_tokens_out_and_needs_to_know_them():
    known = Call(id="a", sent_at=1.0, source="s", outcome="ok", tokens_in=1000, tokens_cached=900, prefill_s=0.1)
    unknown = Call(id="a", sent_at=1.0, source="s", outcome="ok", tokens_in=1000, prefill_s=0.1)
    assert metric("prefill_tokens_per_s").of(known) == pytest.approx(1000)
    assert metric("prefill_tokens_per_s").of(unknown) is None


def test_pieces_that_came_in_a_heap_carry_no_speed():
    call = Call(id="a", sent_at=1.0, source="s", outcome="ok", first_chunk_s=2.0, end_s=2.01, decode_s=1.0,
                tokens_out=9)  # fmt: skip
    assert metric("decode_tokens_per_s").of(call) is None
    assert metric("decode_tokens_per_s").of(replace(call, end_s=3.0)) == pytest.approx(8)
