"""The quick codec says what the words' codec says, line for line and value for value."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.ledger.codec import Amendment, decode, decode_call, decode_row, encode
from ollascope.words import record
from ollascope.words.call import Call
from ollascope.words.errors import RecordInvalid
from ollascope.words.metrics import METRICS
from ollascope.words.sample import Gpu, Process, Sample

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
some = st.none() | st.floats(0, 1e6) | st.sampled_from([1e-7, 1e16, 5e-324])
whole = st.none() | st.integers(-(2**63), 2**63)
json_value = st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | text, st.lists, max_leaves=4)

calls = st.builds(
    Call, id=text, sent_at=st.floats(0, 2e9), source=text, outcome=text, parent=st.none() | text,
    model=st.none() | text, stream=st.none() | st.booleans(), status=whole, due_s=some, queue_s=some, load_s=some,
    prefill_s=some, first_chunk_s=some, first_answer_s=some, end_s=some, relay_s=some,
    load_cause=st.none() | st.sampled_from(["cold", "evicted", "context-changed"]), tokens_in=whole,
    tokens_cached=whole, tokens_out=whole, gaps=st.lists(st.tuples(st.integers(-9, 9), st.integers(1, 9))).map(tuple),
    flags=st.lists(text).map(tuple),
    extra=st.dictionaries(text.map(lambda name: "x_" + name), json_value, max_size=2),
)  # fmt: skip


@given(calls)
def test_both_encoders_say_the_same(call):
    line = encode(call)
    assert json.loads(line) == json.loads(record.dumps(call))
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1


@given(calls)
def test_both_decoders_read_the_same(call):
    line = encode(call)
    assert decode_call(line) == record.loads(Call, line) == call


@given(calls)
def test_row_has_the_figures_of_the_call(call):
    row = decode_row(encode(call))
    assert [metric.of(row) for metric in METRICS] == [metric.of(call) for metric in METRICS]
    assert (row.source, row.model, row.outcome, row.parent, row.arm) == (
        call.source, call.model, call.outcome, call.parent, call.arm,
    )  # fmt: skip


BAD = {
    "a torn line": b'{"id":"a","sent_at":1.5,"sou',
    "no object": b"[1,2]",
    "a number for a text": b'{"id":1,"sent_at":1.5,"source":"s","outcome":"ok"}',
    "a text for a number": b'{"id":"a","sent_at":1.5,"source":"s","outcome":"ok","end_s":"x"}',
    "true for a number": b'{"id":"a","sent_at":1.5,"source":"s","outcome":"ok","tokens_in":true}',
    "a fraction of a token": b'{"id":"a","sent_at":1.5,"source":"s","outcome":"ok","tokens_in":1.5}',
    "no outcome": b'{"id":"a","sent_at":1.5,"source":"s"}',
    "no number": b'{"id":"a","sent_at":NaN,"source":"s","outcome":"ok"}',
    "zeros": b"\0" * 40,
    "not text": b'{"id":"\xff","sent_at":1.5,"source":"s","outcome":"ok"}',
}
BAD_ROWS = {
    "an unknown cause": b'{"id":"a","sent_at":1.5,"source":"s","outcome":"ok","load_cause":"x"}',
    "gaps of three": b'{"id":"a","sent_at":1.5,"source":"s","outcome":"ok","gaps":[[1,2,3]]}',
    "gaps of texts": b'{"id":"a","sent_at":1.5,"source":"s","outcome":"ok","gaps":[["1",2]]}',
    "flags of numbers": b'{"id":"a","sent_at":1.5,"source":"s","outcome":"ok","flags":[1]}',
}


@pytest.mark.parametrize("what", BAD | BAD_ROWS)
def test_line_that_is_no_call_is_told(what):
    with pytest.raises(RecordInvalid):
        decode_call((BAD | BAD_ROWS)[what])


@pytest.mark.parametrize("what", BAD)
def test_line_that_has_no_figures_is_told(what):
    with pytest.raises(RecordInvalid):
        decode_row(BAD[what])


@given(st.binary(max_size=80) | st.binary(max_size=20).map(lambda tail: b'{"id":"a","sent_at":1.5,' + tail))
def test_outside_bytes_are_a_call_or_told(line):
    for reader in (decode_call, decode_row):
        try:
            reader(line)
        except RecordInvalid:
            continue


def test_whole_second_is_read_as_a_number():
    call = decode_call(b'{"id":"a","sent_at":15,"source":"s","outcome":"ok","end_s":2}')
    assert (call.sent_at, type(call.sent_at), type(call.end_s)) == (15.0, float, float)


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_number_without_an_end_is_refused(number):
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode(Call(id="a", sent_at=1.0, source="s", outcome="ok", end_s=number))


def test_model_named_null_is_no_trouble():
    call = Call(id="a", sent_at=1.0, source="s", outcome="ok", model="null")
    assert decode_call(encode(call)) == call


def test_samples_and_amendments_come_back():
    sample = Sample(
        at=1.5, cpu_core_ratios=(0.5, 1.0), gpus=(Gpu(index=0),), processes=(Process(role="engine", pid=1),)
    )
    amendment = Amendment(id="a", sent_at=2.5, flags=("prompt-truncated",), extra={"new": 1})
    assert decode(Sample, encode(sample)) == sample
    assert decode(Amendment, encode(amendment)) == amendment


def test_half_a_character_does_not_lose_the_call():
    line = encode(Call(id="a", sent_at=1.0, source="s", outcome="ok", model="x\ud800"))
    assert decode_call(line).model == "x?"
