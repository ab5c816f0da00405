"""What is told of an answer: rates only where the times can carry them."""

from ollascope.engines.asking.answering import Answer
from ollascope.engines.asking.telling import facts_of, remarks, speed_line
from ollascope.engines.engine import Trace
from ollascope.words.call import Call
from ollascope.words.chunk import Chunk
from ollascope.words.prompt import ToolCall


def call(**more):
    known = {"id": "1", "sent_at": 0.0, "source": "cli", "outcome": "ok", "engine": "ollama", "backend": "http://a",
             "model": "m", "first_chunk_s": 0.5, "end_s": 2.5, "tokens_in": 9, "tokens_out": 101}  # fmt: skip
    return Call(**(known | more))


def test_line_tells_who_and_how_fast():
    line = speed_line(call(load_s=0.31, queue_s=1.25))
    assert line == (
        "m by ollama (http://a): first token after 0.50 s, 0.3 s of it for loading, 1.2 s waiting, 50.0 tokens/s, "
        "101 tokens, 2.50 s in all"
    )


def test_rate_that_the_times_cannot_carry_is_not_told():
    for one in (call(tokens_out=1), call(end_s=0.5), call(tokens_out=None)):
        assert "tokens/s" not in speed_line(one)
    assert "tokens/s" not in speed_line(call(decode_s=4.5))  # they came in a heap
    assert "50.0 tokens/s" in speed_line(call(decode_s=1.9))
    assert "loading" not in speed_line(call(load_s=0.001))
    assert "waiting" not in speed_line(call(queue_s=0.0))


def test_name_of_a_model_cannot_steer_the_terminal():
    assert "\x1b" not in speed_line(call(model="a\x1b[2J"))


def test_each_flag_has_a_plain_sentence():
    assert remarks(Trace(flags=("tool-lost",))) == (
        "the model called a tool that was not offered, and the call disappeared",
    )
    assert remarks(Trace(flags=("tool-lost",), notes=("the server dropped it",))) == ("the server dropped it",)
    assert remarks(Trace()) == ()


def test_facts_are_whole():
    answer = Answer()
    for chunk in (
        Chunk(thinking="hm"), Chunk(text="a"), Chunk(tool_calls=(ToolCall(name="f", arguments={"x": 1}),)),
        Chunk(text="b", done=True, reason="stop"),
    ):  # fmt: skip
        answer.hear(chunk)
    facts = facts_of(answer, call(flags=("reloaded",)), Trace(flags=("reloaded",)))
    assert (facts["text"], facts["thinking"], facts["reason"]) == ("ab", "hm", "stop")
    assert facts["tool_calls"] == [{"name": "f", "arguments": {"x": 1}, "id": None}]
    assert facts["tokens"] == {"in": 9, "cached": None, "out": 101, "thinking": None}
    assert facts["times"]["ttft_s"] == 0.5
    assert facts["times"]["prefill_tokens_per_s"] is None
    assert facts["flags"] == ["reloaded"]
    assert len(facts["notes"]) == 1
