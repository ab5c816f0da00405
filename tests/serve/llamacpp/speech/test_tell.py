"""Tokens become Chunks: nothing is lost, doubled or told too early, wherever the tokens are cut."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.apis.writing import gather
from ollascope.serve.llamacpp.speech import Asked, Teller
from ollascope.serve.llamacpp.speech.manner import Manner
from ollascope.serve.llamacpp.wish import Event, Token, Weighed, Wish
from ollascope.words.chunk import Chunk
from ollascope.words.errors import EngineCrashed, Trouble
from tests.serve.llamacpp.speech.scripted import end, token

TOOLS = frozenset(("add", "get_weather"))
CALL = '<tool_call>\n{"name": "add", "arguments": {"a": 1, "b": "x</tool_call>y"}}\n</tool_call>'


def teller(manner: Manner, **more: object) -> Teller:
    asked = Asked(wish=Wish(tokens=(1, 2, 3)), manner=manner, **more)  # type: ignore[arg-type]
    return Teller(asked, started=10.0, load_s=0.125, clock=lambda: 13.0)


def tell(pieces: list[bytes], manner: Manner | None = None) -> Chunk:
    """The whole answer of these tokens."""
    telling = teller(manner or Manner())
    chunks: list[Chunk] = []
    for number, data in enumerate(pieces):
        chunks += _chunks(telling, [token(data, number)])
        if telling.stopped:
            break
    return gather([*chunks, *_chunks(telling, [end(tokens_out=len(pieces) + 1)])])


def _chunks(telling: Teller, events: list[Event]) -> list[Chunk]:
    told = telling.take(events)
    assert not any(isinstance(one, Trouble) for one in told)
    return [one for one in told if isinstance(one, Chunk)]


def meaning(whole: Chunk) -> tuple[object, ...]:
    return whole.text, whole.thinking, [(one.name, one.arguments) for one in whole.tool_calls], whole.reason


@st.composite
def cut(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> tuple[str, list[bytes]]:
    """A text, and its bytes cut anywhere."""
    text = draw(texts)
    data = text.encode()
    places = sorted(draw(st.sets(st.integers(0, len(data)), max_size=20)))
    return text, [data[start:stop] for start, stop in zip([0, *places], [*places, len(data)], strict=True)]


MARKS = [
    "<think>", "</think>", "<tool_call>", "</tool_call>", CALL, "[TOOL_CALLS]", "[ARGS]", "STOP", "ST", "<", "</", " ",
    "\n", "é", "你好", "👋", "a", "{", "}", '{"name": "add", "arguments": {}}', "[", "]",
]  # fmt: skip
MARKED = st.lists(st.sampled_from(MARKS), max_size=8).map("".join)
MANNERS = st.builds(
    Manner,
    stop=st.sampled_from([(), ("STOP",), ("OP", "STOP", "T"), ("你", "</think>")]),
    thinking=st.sampled_from(["split", "drop", "raw"]),
    begun=st.booleans(),
    tools=st.sampled_from([frozenset(), TOOLS]),
    style=st.sampled_from(["tags", "list", "bare"]),
)


@given(cut(st.text()))
def test_any_text_cut_anywhere_comes_back(case):
    text, pieces = case
    assert tell(pieces).text == text


@given(cut(MARKED), MANNERS)
def test_where_tokens_are_cut_changes_nothing(case, manner):
    text, pieces = case
    assert meaning(tell(pieces, manner)) == meaning(tell([text.encode()], manner))


@given(cut(MARKED))
def test_thoughts_are_what_stands_between_the_first_tags(case):
    text, pieces = case
    whole = tell(pieces, Manner(thinking="split"))
    begins = text.lstrip()
    if not begins.startswith("<think>"):
        assert (whole.thinking, whole.text) == ("", text)
        return
    thought, mark, rest = begins.removeprefix("<think>").partition("</think>")
    assert whole.thinking == (thought.strip() if mark else thought.lstrip())
    assert whole.text == rest.lstrip()


@given(cut(MARKED))
def test_thoughts_that_are_not_wanted_are_left_out(case):
    _, pieces = case
    split, drop = tell(pieces, Manner(thinking="split")), tell(pieces, Manner(thinking="drop"))
    assert (drop.text, drop.thinking) == (split.text, "")
    assert drop.tokens_thinking == split.tokens_thinking


@given(cut(MARKED), st.sampled_from([("STOP",), ("OP", "STOP"), ("T", "STOP"), ("你", "</think>"), ("aa",)]))
def test_text_ends_before_the_stop_word_that_is_complete_first(case, stops):
    text, pieces = case
    ends = [(at + len(word), at) for word in stops if (at := text.find(word)) >= 0]
    whole = tell(pieces, Manner(stop=stops))
    assert whole.text == (text[: min(ends)[1]] if ends else text)
    assert whole.reason == "stop"


@given(cut(MARKED), MANNERS)
def test_nothing_is_told_of_a_stop_word(case, manner):
    _, pieces = case
    telling = teller(manner)
    for number, data in enumerate(pieces):
        told = _chunks(telling, [token(data, number)])
        for word in manner.stop:
            assert not any(word in one.text for one in told)


@given(st.lists(st.binary(max_size=6), max_size=12))
def test_bytes_that_are_no_text_become_the_replacement_character(pieces):
    whole = tell(pieces)
    assert whole.text == b"".join(pieces).decode("utf-8", "replace")
    assert whole.done


@given(st.lists(st.binary(max_size=12), max_size=12), MANNERS)
def test_any_bytes_end_properly(pieces, manner):
    assert tell(pieces, manner).done


@pytest.mark.parametrize("manner", [Manner(), Manner(logprobs=True), Manner(stop=("zzz",)), Manner(thinking="split")])
def test_pieces_come_as_soon_as_they_are_certain(manner):
    telling = teller(manner)
    told = [
        [one.text for one in _chunks(telling, [token(data)])] for data in (b"Hello", b"", b" \xe4\xbd", b"\xa0", b"!")
    ]
    assert told == [["Hello"], [], [" "], ["你"], ["!"]]


def test_a_beginning_of_a_mark_is_held_back_and_no_more():
    telling = teller(Manner(stop=("STOP",), tools=TOOLS))
    told = [[one.text for one in _chunks(telling, [token(data)])] for data in (b"a S", b"T", b"A <", b"tool", b"s <b")]
    assert told == [["a "], [], ["STA "], [], ["<tools <b"]]


def test_a_call_comes_whole_and_text_around_it_too():
    whole = tell(
        [b"Both:", CALL.encode(), b"\n" + CALL.replace("add", "get_weather").encode(), b" done"], Manner(tools=TOOLS)
    )
    assert (whole.text, [one.name for one in whole.tool_calls]) == ("Both:done", ["add", "get_weather"])
    assert whole.tool_calls[0].arguments == {"a": 1, "b": "x</tool_call>y"}


@pytest.mark.parametrize(
    "text",
    [
        '<tool_call>{"name": "rm", "arguments": {}}</tool_call>',
        '<tool_call>{"name": "add", "arguments": [1]}</tool_call>',
        '<tool_call>{"name": "add"</tool_call>',
        "<tool_call></tool_call>",
        "<tool_call>not json</tool_call>",
        '<tool_call>{"name": 7, "arguments": {}}</tool_call>',
        '<tool_call>{"name": "add", "arguments": ',
        "<tool_call>" + "[" * 5000,
    ],
)
def test_what_is_no_call_of_an_offered_tool_is_told_as_text(text):
    whole = tell([text.encode()], Manner(tools=TOOLS))
    assert (whole.text, whole.tool_calls) == (text, ())


def test_a_call_that_only_lacks_its_closing_tag_counts():
    assert tell([b'<tool_call>{"name": "add", "arguments": {}}'], Manner(tools=TOOLS)).tool_calls[0].name == "add"


def test_without_tools_a_call_is_text():
    assert tell([CALL.encode()]).text == CALL


@pytest.mark.parametrize(
    ("style", "text", "count"),
    [
        ("bare", '{"name": "add", "parameters": {"a": 1}}', 1),
        ("bare", '<|python_tag|>{"name": "add", "parameters": {}}; {"name": "get_weather", "arguments": {}}', 2),
        ("bare", '[{"name": "add", "parameters": {}}, {"type": "function", "function": {"name": "add"}}]', 2),
        ("bare", '{"type": "function", "name": "add", "parameters": "{\\"a\\": 1}"}', 1),
        ("bare", '{"name": "add", "parameters": {"a": 1}} and more', 0),
        ("bare", '{"name": "rm", "parameters": {}}', 0),
        ("bare", '{"answer": 42}', 0),
        ("bare", "Hello {}", 0),
        ("bare", "[]", 0),
        ("list", '[TOOL_CALLS] [{"name": "add", "arguments": {"a": 1}}, {"name": "get_weather", "arguments": {}}]', 2),
        ("list", '[TOOL_CALLS]add[ARGS]{"a": 1}[TOOL_CALLS]get_weather[ARGS]{}', 2),
        ("list", '[TOOL_CALLS]add{"a": 1}', 1),
        ("list", "[TOOL_CALLS]rm[ARGS]{}", 0),
        ("list", "[TOOL_CALLS]", 0),
    ],
)
def test_calls_of_other_families_are_read(style, text, count):
    whole = tell([bytes([byte]) for byte in text.encode()], Manner(tools=TOOLS, style=style))
    assert len(whole.tool_calls) == count
    assert whole.text == ("" if count else text)


def test_text_before_mistrals_mark_is_told_at_once():
    telling = teller(Manner(tools=TOOLS, style="list"))
    assert [one.text for one in _chunks(telling, [token(b"Let me see. [TOOL")])] == ["Let me see. "]


def test_json_that_is_no_call_is_told_when_that_is_clear():
    telling = teller(Manner(tools=TOOLS, style="bare"))
    told = _chunks(telling, [token(b'{"answer": "' + b"x" * 80)])
    assert [one.text for one in told] == ['{"answer": "' + "x" * 80]


def test_marks_that_are_tokens_without_text_are_seen():
    marks = {1: b"<think>", 2: b"</think>", 3: b"[TOOL_CALLS]"}
    telling = teller(Manner(thinking="split", tools=TOOLS, style="list", marks=marks))
    events = [token(b"", 1), token(b"hm"), token(b"", 2), token(b"ok"), token(b"", 3), token(b'add{"a": 1}'), end()]
    whole = gather(_chunks(telling, events))
    assert (whole.thinking, whole.text, whole.tool_calls[0].name) == ("hm", "ok", "add")
    assert whole.tokens_thinking == 3


def test_a_thought_that_the_prompt_began_is_a_thought():
    whole = tell([b"hm", b"m</th", b"ink>\n\nYes"], Manner(thinking="split", begun=True))
    assert (whole.thinking, whole.text) == ("hmm", "Yes")


def test_a_thought_without_end_stays_a_thought():
    assert tell([b"<think>hm <"], Manner(thinking="split")).thinking == "hm <"


def test_a_tag_in_the_middle_is_text():
    assert (
        tell([b"The tag <think> is", b" a tag </think>."], Manner(thinking="split")).text
        == "The tag <think> is a tag </think>."
    )


def test_last_chunk_has_counts_and_times():
    last = _chunks(teller(Manner()), [end("length", 5)])[-1]
    assert (last.done, last.reason, last.tokens_in, last.tokens_cached, last.tokens_out) == (True, "length", 3, 1, 5)
    assert (last.queue_s, last.load_s, last.prefill_s, last.decode_s, last.total_s) == (0.5, 0.125, 0.25, 2.0, 3.0)
    assert (last.tokens_thinking, last.extra) == (None, {})


def test_after_a_stop_word_its_tokens_count_and_later_ones_do_not():
    telling = teller(Manner(stop=("STOP",)))
    chunks = _chunks(telling, [token(b"a"), token(b" ST"), token(b"OP x"), token(b"never")])
    assert telling.stopped
    (last,) = _chunks(telling, [token(b"nor this"), end("length", 9)])
    assert ("".join(one.text for one in chunks), last.reason, last.tokens_out, last.tokens_in) == ("a ", "stop", 3, 3)


def test_trouble_comes_after_what_was_said():
    trouble = EngineCrashed("gone", hint="ask again")
    told = teller(Manner(stop=("STOP",))).take([token(b"a S"), trouble])
    assert [one.text if isinstance(one, Chunk) else one for one in told] == ["a ", "S", trouble]


def test_context_ends_with_the_tokens_that_were_told():
    telling = teller(Manner(stop=("STOP",), context=True))
    _chunks(telling, [token(b"a", 11), token(b"b", 12), token(b" ST", 13), token(b"OP", 14)])
    assert _chunks(telling, [end()])[-1].extra == {"context": [1, 2, 3, 11, 12]}
    telling = teller(Manner(context=True))
    assert _chunks(telling, [token(b"a", 11), token(b"\xff", 12), end()])[-1].extra == {"context": [1, 2, 3, 11, 12]}


def test_what_was_done_in_silence_is_told_at_the_end():
    telling = teller(Manner(), flags=("prompt-truncated",), ignored=("nonsense",), loose=("multipleOf",))
    assert _chunks(telling, [end()])[-1].extra == {
        "flags": ["prompt-truncated"],
        "ignored_options": ["nonsense"],
        "loose_keywords": ["multipleOf"],
    }


def test_probabilities_go_with_the_piece_that_tells_their_token():
    telling = teller(Manner(logprobs=True))
    others = (Weighed(id=8, data=b"\xe4\xbd", logprob=-0.5), Weighed(id=0, data=b"", logprob=-30.0))
    first = Token(id=8, data=b"\xe4\xbd", logprob=-0.5, others=others)
    chunks = _chunks(telling, [first, Token(id=9, data=b"\xa0", logprob=-0.25), end()])
    assert [one.text for one in chunks] == ["你", ""]
    one, two = chunks[0].logprobs
    assert (one.token, one.token_bytes, one.logprob) == ("\ufffd", (0xE4, 0xBD), -0.5)
    assert [(other.token, other.token_bytes) for other in one.others] == [("\ufffd", (0xE4, 0xBD)), ("", None)]
    assert (two.logprob, two.others) == (-0.25, ())


def test_no_probability_is_lost_at_the_end():
    telling = teller(Manner(logprobs=True))
    chunks = _chunks(telling, [Token(id=8, data=b"\xe4", logprob=-0.5), end()])
    assert sum(len(one.logprobs) for one in chunks) == 1
    assert "".join(one.text for one in chunks) == "\ufffd"


def test_a_call_of_a_thousand_tokens_is_read_in_one_go():
    arguments = json.dumps({"text": "<" * 4000})
    data = f'<tool_call>{{"name": "add", "arguments": {arguments}}}</tool_call>'.encode()
    whole = tell([data[at : at + 4] for at in range(0, len(data), 4)], Manner(tools=TOOLS))
    assert len(whole.tool_calls) == 1
