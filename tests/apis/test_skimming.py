"""Answers read in heaps: the same times, counts and errors as the full reader finds, however the bytes were cut."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.apis.formats import answer_reader, answer_writer
from ollascope.apis.routes import find
from ollascope.apis.skimming import Skim
from ollascope.apis.skimming.usual import EVENTS, LINES
from ollascope.apis.writing import Stamp
from ollascope.words.errors import AnswerMalformed, AnswerUnfinished, InferenceFailed, Trouble
from ollascope.words.prompt import Prompt
from tests.apis import strategies
from tests.apis.transcripts import exchanges

NDJSON, SSE = "application/x-ndjson", "text/event-stream"
LINE = b'{"model":"m","created_at":"t","message":{"role":"assistant","content":" a"},"done":false}\n'
THOUGHT = b'{"model":"m","created_at":"t","message":{"role":"assistant","content":"","thinking":"h"},"done":false}\n'
EMPTY = b'{"model":"m","created_at":"t","message":{"role":"assistant","content":""},"done":false}\n'
LAST = b'{"model":"m","created_at":"t","message":{"role":"assistant","content":""},"done":true,"eval_count":3}\n'
WRONG = b'{"error":"boom"}\n'


def event(delta, **more):
    choice = {"index": 0, "delta": delta, "finish_reason": None, **more}
    data = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return b"data: " + json.dumps(data, separators=(",", ":")).encode() + b"\n\n"


def plainly(api, action, content_type, pieces, stamps):
    """What the full reader finds, in the plainest way."""
    reader = answer_reader(api, action, content_type)
    found = {"stamps": [], "first": None, "answered": None, "final": None, "ended": None, "error": None}

    def take(chunk, at):
        speaks = bool(chunk.text or chunk.tool_calls or chunk.vectors)
        if speaks or chunk.thinking:
            found["stamps"].append(at)
        if found["first"] is None and (speaks or chunk.thinking or chunk.done):
            found["first"] = at
        if found["answered"] is None and speaks:
            found["answered"] = at
        if chunk.done:
            found["final"], found["ended"] = chunk, at

    try:
        for piece, at in zip(pieces, stamps, strict=True):
            for chunk in reader.feed(piece):
                take(chunk, at)
        for chunk in reader.finish():
            take(chunk, stamps[-1] + 1 if stamps else 1)
    except Trouble as trouble:
        found["error"] = type(trouble), trouble.message
    return found


def skimmed(api, action, content_type, pieces, stamps, heap=48):
    skim = Skim(api, action, content_type)
    error = None
    try:
        for start in range(0, len(pieces), heap):
            skim.feed(pieces[start : start + heap], stamps[start : start + heap])
        skim.finish(stamps[-1] + 1 if stamps else 1)
    except Trouble as trouble:
        error = type(trouble), trouble.message
    return {"stamps": list(skim.stamps), "first": skim.first, "answered": skim.answered, "final": skim.final,
            "ended": skim.ended, "error": error}  # fmt: skip


def same(api, action, content_type, pieces, heap=48):
    stamps = [1000 + 7 * number for number in range(len(pieces))]
    found = skimmed(api, action, content_type, pieces, stamps, heap)
    assert found == plainly(api, action, content_type, pieces, stamps)
    return found


def cut(body, places):
    edges = [0, *sorted({place % (len(body) + 1) for place in places} - {0, len(body)}), len(body)]
    return [body[start:end] for start, end in pairwise(edges)]


def test_garbage_among_usual_pieces_is_the_readers_error_at_its_stamp():
    skim = Skim("ollama", "chat", NDJSON)
    with pytest.raises(AnswerMalformed):
        skim.feed([LINE, LINE, b"\xff\xfe{nonsense\n", LINE], [1, 2, 3, 4])
    assert (list(skim.stamps), skim.read_at) == ([1, 2], 3)


def test_error_line_behind_a_good_one_in_the_same_piece_is_raised():
    for pieces in ([LINE, LINE + WRONG, LINE], [LINE + WRONG], [LINE, LINE + WRONG, LINE, LINE, LINE, LAST]):
        found = same("ollama", "chat", NDJSON, pieces)
        assert found["error"][0] is InferenceFailed


def test_answer_that_goes_on_after_its_last_line_is_malformed():
    assert same("ollama", "chat", NDJSON, [LINE, LAST, LINE])["error"][0] is AnswerMalformed


def test_answer_without_a_last_line_is_unfinished():
    assert same("ollama", "chat", NDJSON, [LINE, LINE])["error"][0] is AnswerUnfinished


def test_nul_bytes_between_lines_hide_nothing():
    for body in (LINE + b"\x00" + LINE + LAST, b"\x00" + LINE + LAST, LINE + LAST + b"\x00", b"\x00"):
        assert same("ollama", "chat", NDJSON, [LINE, body])["error"][0] is AnswerMalformed


def test_pieces_of_one_read_have_one_stamp_and_a_split_line_has_that_of_its_end():
    skim = Skim("ollama", "chat", NDJSON)
    skim.feed([LINE, LINE * 3, LINE[:40], LINE[40:], LINE, LAST], [10, 20, 30, 40, 50, 60])
    assert list(skim.stamps) == [10, 20, 20, 20, 40, 50]
    assert (skim.first, skim.answered, skim.ended, skim.pieces) == (10, 10, 60, 6)


def test_thinking_is_a_piece_but_no_answer():
    skim = Skim("ollama", "chat", NDJSON)
    skim.feed([THOUGHT, THOUGHT, LINE, LAST], [1, 2, 3, 4])
    assert (list(skim.stamps), skim.first, skim.answered) == ([1, 2, 3], 1, 3)


def test_piece_that_says_nothing_is_no_first_piece():
    skim = Skim("openai", "chat", SSE)
    role = event({"role": "assistant", "content": ""})
    skim.feed([role, event({"content": "a"}), event({"content": "b"})], [1, 2, 3])
    assert (skim.first, list(skim.stamps)) == (2, [2, 3])
    assert same("ollama", "chat", NDJSON, [EMPTY, LINE, LAST])["first"] == 1007


def test_model_is_named_by_the_first_piece():
    for pieces, api, kind in (([LINE, LAST], "ollama", NDJSON), ([event({"content": "a"})], "openai", SSE)):
        skim = Skim(api, "chat", kind)
        skim.feed(pieces, list(range(len(pieces))))
        assert skim.model == "m"


def test_text_is_kept_where_it_is_wanted():
    skim = Skim("ollama", "chat", NDJSON, keeps_text=True)
    skim.feed([THOUGHT, LINE, LINE * 2, LAST], [1, 2, 3, 4])
    assert "".join(skim.text) == " a a a"


@pytest.mark.parametrize("row", [LINES, EVENTS])
def test_escapes_without_end_do_not_hold_up(row):
    assert (
        row.said.match(b'{"model":"m","created_at":"t","response":"' + b"\\n" * 100_000 + b'","done":false}\n\0')
        is None
    )


def answered(exchange):
    """The API and action of a recorded answer of a model; none of any other exchange."""
    found = find(exchange.method, exchange.path)
    if found is None or not found.route.answers or found.route.api == "anthropic" or exchange.status != 200:
        return None
    return (found.route.api, found.route.action) if exchange.pieces else None


@pytest.mark.parametrize("exchange", [one for one in exchanges() if answered(one)], ids=lambda exchange: exchange.id)
def test_recorded_answer_is_skimmed_as_it_is_read(exchange):
    api, action = answered(exchange)
    pieces = [data for _, data in exchange.pieces]
    body = b"".join(pieces)
    same(api, action, exchange.content_type, pieces)
    same(api, action, exchange.content_type, pieces, heap=1)
    same(api, action, exchange.content_type, [body])
    end = b"\n\n" if "event-stream" in exchange.content_type else b"\n"
    same(api, action, exchange.content_type, [part + end for part in body.split(end) if part])
    same(api, action, exchange.content_type, cut(body, range(0, len(body), 97)))


ODD = [LINE, LINE, LINE, THOUGHT, EMPTY, LAST, WRONG, b"\n", b"{", b"nonsense\n", LINE[:-1],
       LINE.replace(b" a", b'\\n\\u00e9\\"'), LINE.replace(b" a", b"\xff"), LINE.replace(b" a", b"x" * 500),
       LINE.replace(b"\n", b"\r\n")]  # fmt: skip
ODD_EVENTS = [event({"content": "a"}), event({"content": "é\n"}), event({"role": "assistant", "content": ""}),
              event({"reasoning": "h"}), event({"reasoning_content": "h", "content": None}), b"data: [DONE]\n\n",
              event({}, finish_reason="stop"), b": keep alive\n\n", b'data: {"error":{"message":"boom"}}\n\n',
              b"data: x\n", b"\n", event({"content": "a"}).replace(b"\n", b"\r\n"),
              event({"content": "a"}, index=1)]  # fmt: skip
PLACES = st.lists(st.integers(0, 10_000), max_size=8)


@given(st.lists(st.sampled_from(ODD), max_size=14), PLACES | st.none(), st.integers(1, 9))
def test_lines_in_any_order_and_cut_anywhere_give_what_the_reader_gives(lines, places, heap):
    same("ollama", "chat", NDJSON, lines if places is None else cut(b"".join(lines), places), heap)


@given(st.lists(st.sampled_from(ODD_EVENTS), max_size=14), PLACES | st.none(), st.integers(1, 9))
def test_events_in_any_order_and_cut_anywhere_give_what_the_reader_gives(events, places, heap):
    same("openai", "chat", SSE, events if places is None else cut(b"".join(events), places), heap)


STAMP = Stamp(model="m", id="chatcmpl-1", now_ns=lambda: 1_700_000_000_000_000_000)


@given(strategies.OLLAMA, PLACES | st.none())
def test_what_is_written_as_ollama_does_is_skimmed(chunks, places):
    prompt = Prompt(model="m", operation="chat")
    writer = answer_writer("ollama", "chat", prompt, STAMP)
    pieces = [writer.write(chunk) for chunk in chunks]
    same("ollama", "chat", NDJSON, pieces if places is None else cut(b"".join(pieces), places))


@given(strategies.OPENAI, PLACES | st.none())
def test_what_is_written_as_openai_does_is_skimmed(chunks, places):
    prompt = Prompt(model="m", operation="chat", extra={"stream_options": {"include_usage": True}})
    writer = answer_writer("openai", "chat", prompt, STAMP)
    pieces = [data for chunk in chunks if (data := writer.write(chunk))]
    same("openai", "chat", SSE, pieces if places is None else cut(b"".join(pieces), places))
