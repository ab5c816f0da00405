"""Frames of a stream: lines, events and whole bodies, bounded, whatever their ends look like."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.apis.formats import answer_reader
from ollascope.apis.ollama_answer import OllamaAnswer
from ollascope.apis.reading import Events, Lines, Reader, Whole
from ollascope.words.errors import AnswerUnfinished, InferenceFailed, TooLarge, Trouble

LINE = b'{"model":"m","created_at":"t","response":"a","done":false}\n'
LAST = b'{"model":"m","created_at":"t","response":"","done":true}\n'


def all_of(frames, *pieces):
    return [payload for piece in pieces for payload in frames.feed(piece)] + list(frames.rest())


def test_lines_come_with_any_line_end_and_without_the_last_one():
    assert all_of(Lines(), b"a\r\nb\n", b"\n \nc") == [b"a\r", b"b", b"c"]


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"data: a\n\ndata:b\n\n", [b"a", b"b"]),
        (b"data: a\r\n\r\ndata: b\r\n\r\n", [b"a", b"b"]),
        (b": keep alive\n\nevent: x\nid: 1\nretry: 5\ndata: a\n\n", [b"a"]),
        (b"data: a\ndata: b\n\n", [b"a\nb"]),
        (b"data: a", [b"a"]),
        (b"data: a\n", [b"a"]),
        (b'error: {"code":500}\n\n', [b'{"error": {"code":500}}']),
        (b"\n\n\n", []),
        (b"nonsense\n\n", []),
    ],
)
def test_events_are_cut_out_of_the_stream(stream, events):
    assert all_of(Events(), stream) == events
    assert all_of(Events(), *[stream[at : at + 1] for at in range(len(stream))]) == events


@pytest.mark.parametrize("frames", [Lines, Events, Whole])
@pytest.mark.parametrize("size", [1, 7, 100, 5000])
def test_endless_line_is_refused_before_it_fills_the_memory(frames, size):
    held = frames(limit=1000)
    endless = (payload for _ in range(2000) for payload in held.feed(b"data: x" * size))
    with pytest.raises(TooLarge):
        list(endless)


@pytest.mark.parametrize("cut", range(1, 1010, 50))
def test_line_over_the_limit_is_refused_however_it_is_cut(cut):
    line = b"x" * 1001 + b"\n"
    with pytest.raises(TooLarge):
        all_of(Lines(limit=1000), line[:cut], line[cut:])
    assert all_of(Lines(limit=1001), line[:cut], line[cut:]) == [b"x" * 1001]


def test_endless_event_of_many_lines_is_refused():
    with pytest.raises(TooLarge):
        all_of(Events(limit=1000), b"data: 0123456789\n" * 200)


def test_error_behind_good_chunks_is_raised_by_the_next_call():
    reader = Reader(Lines(), OllamaAnswer())
    chunks = reader.feed(LINE * 2 + b'{"error":"boom"}\n' + LINE)
    assert [chunk.text for chunk in chunks] == ["a", "a"]
    for call in (reader.finish, lambda: reader.feed(LINE), reader.finish):
        with pytest.raises(InferenceFailed, match="boom"):
            call()


def test_error_alone_is_raised_at_once():
    with pytest.raises(InferenceFailed, match="boom"):
        Reader(Lines(), OllamaAnswer()).feed(b'{"error":"boom"}\n')


def test_media_type_says_whether_the_answer_is_a_stream():
    whole = answer_reader("ollama", "chat", "application/json; charset=utf-8")
    assert whole.feed(b'{"message":{"content":"a"},\n"done":true}\n') == []
    assert [chunk.text for chunk in whole.finish()] == ["a"]


PARTS = st.sampled_from(
    [b"data: ", b"data:", b"a", b"b", b"\n", b"\n\n", b"\r\n", b" ", b": x", b"id: 1", b"data: a\n\n"]
)


@given(st.lists(PARTS, max_size=20).map(b"".join), st.lists(st.integers(0, 80), max_size=4))
@pytest.mark.parametrize("frames", [Lines, Events])
def test_payloads_do_not_depend_on_the_cuts(frames, stream, cuts):
    ends = [0, *sorted(cuts), len(stream)]
    pieces = [stream[start:end] for start, end in pairwise(ends)]
    assert cut_out(frames(), pieces) == cut_out(frames(), [stream[at : at + 1] for at in range(len(stream))])


def cut_out(frames, pieces):
    """The payloads, but for what is white around them, and the kind of error behind them."""
    found = []
    try:
        for piece in pieces:
            found.extend(payload.strip() for payload in frames.feed(piece))
        found.extend(payload.strip() for payload in frames.rest())
    except Trouble as trouble:
        found.append(type(trouble))
    return found


def test_chunks_of_a_body_come_as_soon_as_their_bytes():
    came = []

    def pieces():
        for piece in (LINE[:20], LINE[20:] + LINE, LAST):
            came.append(piece)
            yield piece

    chunks = Reader(Lines(), OllamaAnswer()).read(pieces())
    assert [(chunk.text, len(came)) for chunk in chunks] == [("a", 2), ("a", 2), ("", 3)]


def test_body_that_ends_too_early_is_told_behind_its_chunks():
    chunks = Reader(Lines(), OllamaAnswer()).read(iter([LINE]))
    assert next(chunks).text == "a"
    with pytest.raises(AnswerUnfinished):
        next(chunks)
