"""Bodies inside a stream of bytes: bad framing is told, and a cut anywhere changes nothing."""

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.engines.wire.framing import LONGEST_LINE, MOST_TRAILERS, Chunks, Counted, Crooked, Open

GOOD = b"5\r\nhello\r\n1;name=value\r\n \r\nA  \r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n"


@pytest.mark.parametrize(
    "body",
    [
        b"x\r\n",
        b"-5\r\nhello\r\n",
        b"+5\r\nhello\r\n",
        b"0x5\r\nhello\r\n",
        b"5_0\r\n",
        b"\r\n",
        b"11111111111111111\r\n",
        b"5\nhello\n",
        b"5\r\nhelloo\r\n",
        b"5\r\nhello\n",
        b"5" + b" " * LONGEST_LINE,
        b"0\r\n" + b"a: b\r\n" * (MOST_TRAILERS + 2),
        b"\xd9\xa1\r\nx\r\n",
    ],
    ids=repr,
)
def test_crooked_framing_is_told(body):
    for pieces in ([body], [body[at : at + 1] for at in range(len(body))]):
        with pytest.raises(Crooked):
            feed_all(Chunks(), pieces)


@given(st.lists(st.integers(min_value=0, max_value=len(GOOD) - 1), max_size=6))
def test_cut_anywhere_gives_the_same_body(cuts):
    frame, body, edges = Chunks(), b"", [0, *sorted(cuts), len(GOOD)]
    for start, end in pairwise(edges):
        assert not frame.done
        body += frame.feed(GOOD[start:end]) if start < end else b""
    assert (body, frame.done, frame.clean) == (b"hello 0123456789", True, True)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_body_or_crooked(data):
    frame = Chunks()
    with suppress(Crooked):
        assert len(frame.feed(data)) <= len(data)


def test_one_whole_chunk_is_given_at_once():
    frame = Chunks()
    assert frame.feed(b"3\r\nabc\r\n") == b"abc"
    assert not frame.done


def test_chunk_that_is_cut_is_given_as_far_as_it_came():
    frame = Chunks()
    assert frame.feed(b"6\r\nabc") == b"abc"
    assert frame.feed(b"def\r\n0\r\n\r\n") == b"def"
    assert frame.done


def test_bytes_behind_the_end_make_the_connection_useless():
    chunks, counted = Chunks(), Counted(3)
    assert chunks.feed(b"0\r\n\r\nHTTP/1.1 200 OK") == b""
    assert counted.feed(b"abcd") == b"abc"
    assert (chunks.done, chunks.clean, counted.done, counted.clean) == (True, False, True, False)


def test_counted_body_ends_at_its_length():
    frame = Counted(4)
    assert frame.feed(b"ab") == b"ab"
    assert not frame.done
    assert frame.feed(b"cd") == b"cd"
    assert (frame.done, frame.clean, Counted(0).done) == (True, True, True)


def test_open_body_goes_on_until_the_connection_ends():
    frame = Open()
    assert frame.feed(b"abc") == b"abc"
    assert (frame.done, frame.endless) == (False, True)


def feed_all(frame, pieces):
    for piece in pieces:
        frame.feed(piece)
