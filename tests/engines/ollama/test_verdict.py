"""Each thing done in silence is told by what it leaves, and by nothing less."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.engines.flags import FLAGS
from ollascope.engines.ollama.silence.verdict import (
    Around,
    Place,
    Witness,
    cause_of_load,
    find_silence,
    hidden_wait_s,
)
from ollascope.words.chunk import Chunk
from ollascope.words.prompt import Message, Prompt, ToolCall

TOOL = {"type": "function", "function": {"name": "add"}}


def prompt(**fields) -> Prompt:
    return Prompt(model="m", messages=(Message(role="user", content="Hi"),), **fields)


def final(**fields) -> Chunk:
    known = {"tokens_in": 20, "tokens_out": 8, "total_s": 0.1, "load_s": 0.001, "prefill_s": 0.01, "decode_s": 0.08}
    return Chunk(done=True, **{"reason": "stop", **known, **fields})


def flags(asked: Prompt, last: Chunk, *chunks: Chunk, around: Around | None = None) -> list[str]:
    witness = Witness(asked)
    for chunk in (*chunks, last):
        witness.hear(chunk)
    return [flag for flag, _ in find_silence(witness, last, around or Around())]


def at(context: int | None) -> Around:
    return Around(asked=True, before=Place(context=context), after=Place(context=context))


def test_good_answer_leaves_nothing():
    assert flags(prompt(), final(), Chunk(text="Hello"), around=at(2048)) == []


@pytest.mark.parametrize(("total", "load", "prefill", "decode", "wait"), [
    (1.0, 0.1, 0.2, 0.3, 0.4), (1.0, 0.1, None, None, 0.9), (0.1, 0.2, 0.3, 0.4, 0.0), (None, 0.1, 0.1, 0.1, None),
    (1.0, None, 0.1, 0.1, None),
])  # fmt: skip
def test_hidden_wait_is_what_is_left(total, load, prefill, decode, wait):
    found = hidden_wait_s(final(total_s=total, load_s=load, prefill_s=prefill, decode_s=decode))
    assert found == (pytest.approx(wait) if wait is not None else None)


def test_answer_that_only_loads_has_not_waited():
    assert hidden_wait_s(Chunk(done=True, reason="load", total_s=3.0, load_s=2.0)) is None


@pytest.mark.parametrize(("limit", "out", "context", "reason", "flag"), [
    (400, 235, 256, "length", ["context-exhausted"]),  # 20 tokens of prompt
    (400, 236, None, "length", ["context-exhausted"]),
    (None, 236, 256, "length", ["context-exhausted"]),
    (None, 236, None, "length", []),  # it may be the model's own limit
    (8, 8, 2048, "length", []),
    (400, 400, 256, "length", ["context-shifted"]),
    (400, 362, 256, "stop", ["context-shifted"]),
    (400, 236, 256, "stop", []),
    (-1, 2560, 256, "length", ["context-shifted"]),
])  # fmt: skip
def test_end_of_the_context_is_told(limit, out, context, reason, flag):
    assert flags(prompt(max_tokens=limit), final(tokens_out=out, reason=reason), around=at(context)) == flag


@pytest.mark.parametrize(("asked", "context", "flag"), [
    (8192, 4096, ["context-clamped"]), (4096, 4096, []), (8192, None, []),
])  # fmt: skip
def test_context_beyond_what_was_trained_is_told(asked, context, flag):
    assert flags(prompt(options={"num_ctx": asked}), final(), around=at(context)) == flag


CAUSES = {
    "not loaded": (0.01, Around(asked=True), None),
    "nothing known": (2.0, Around(), None),
    "cold": (2.0, Around(asked=True), "cold"),
    "evicted": (2.0, Around(asked=True, evicted=True), "evicted"),
    "another context": (2.0, Around(asked=True, before=Place(context=1), after=Place(context=2)), "context-changed"),
    "loaded anew": (2.0, Around(asked=True, before=Place(context=1), after=Place(context=1)), "evicted"),
}


@pytest.mark.parametrize("name", CAUSES)
def test_load_has_its_cause(name):
    load_s, around, cause = CAUSES[name]
    assert cause_of_load(final(load_s=load_s), around) == cause


def test_format_is_not_missed_by_a_tool_call():
    call = Chunk(tool_calls=(ToolCall(name="add"),))
    assert flags(prompt(format="json", tools=(TOOL,)), final(), call) == []


def test_format_is_missed_by_prose_and_by_what_is_cut():
    assert flags(prompt(format="json"), final(), Chunk(text="Hello")) == ["format-missed"]
    assert flags(prompt(format="json"), final(reason="length"), Chunk(text='{"a"')) == ["format-missed"]
    assert flags(prompt(format="json"), final(), Chunk(text='{"a"'), Chunk(text=": 1}")) == []


@pytest.mark.parametrize("chunk", [Chunk(text="No."), Chunk(thinking="hm"), Chunk(tool_calls=(ToolCall(name="add"),))])
def test_tool_call_is_not_lost_where_something_came(chunk):
    assert flags(prompt(tools=(TOOL,)), final(), chunk) == []


def test_tool_call_is_lost_where_tokens_came_to_nothing():
    assert flags(prompt(tools=(TOOL,)), final()) == ["tool-lost"]
    assert flags(prompt(tools=(TOOL,)), final(tokens_out=1)) == []
    assert flags(prompt(), final()) == []


def test_no_limit_where_none_was_meant_is_told():
    assert flags(prompt(max_tokens=0), final(), Chunk(text="Hello")) == ["option-ignored"]


@given(st.builds(final, tokens_in=st.none() | st.integers(0, 9999), tokens_out=st.none() | st.integers(0, 9999),
                 reason=st.sampled_from(["stop", "length", "load", None]), total_s=st.none() | st.floats(0, 9)),
       st.none() | st.integers(1, 9999), st.none() | st.integers(-2, 9999))  # fmt: skip
def test_every_flag_has_its_sentence(last, context, limit):
    asked = prompt(format="json", tools=(TOOL,), max_tokens=limit, options={"num_ctx": 4096, "odd": 1})
    witness = Witness(asked)
    for flag, note in find_silence(witness, last, at(context)):
        assert flag in FLAGS or not flag
        assert note
