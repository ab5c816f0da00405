"""Bodies: however the bytes are cut, the same body comes out or the same refusal."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.pipe.framing import END, LARGEST, Chunks, Counted, frame, intake
from ollascope.pipe.heads import CHUNKED, UNTIL_CLOSE, Crooked
from ollascope.pipe.limits import Sizes


def read_in_pieces(raw: bytes, cuts: list[int], most: int = 0) -> tuple[bytes, bytes]:
    reader = Chunks(Sizes(), most)
    edges = sorted({cut % (len(raw) + 1) for cut in cuts} | {0, len(raw)})
    body = b""
    for start, end in pairwise(edges):
        if reader.done:
            reader.rest += raw[start:end]
        else:
            body += reader.feed(raw[start:end])
    assert reader.done
    return body, reader.rest


@pytest.mark.parametrize(
    "raw",
    [
        b"\r\n", b"g\r\n", b"-1\r\n", b"+1\r\n", b"0x1\r\n", b" 1\r\n", b"1 \r\n", b"1_0\r\n", b"1\n",
        b"11111111111111111\r\n", b"3\r\nabcd", b"3\r\nabc\n", b"3\r\nabc0\r\n\r\n", b"1;a\0\r\n", b"1;" + b"a" * 2000,
        b"0\r\nA\r\n\r\n", b"0\r\n A: b\r\n\r\n", b"0\r\nA: b\n\r\n", b"0\r\n" + b"A: b\r\n" * 5000,
        b"1;a\r\nb\r\n" * 9000, b"0\r\nA: " + b"b" * 9000,
    ],
)  # fmt: skip
def test_crooked_chunks_are_refused(raw: bytes) -> None:
    with pytest.raises(Crooked):
        Chunks(Sizes(), 0).feed(raw)


@pytest.mark.parametrize("raw", [b"3\r\nabc0\r\n\r\n", b"1 \r\na\r\n", b"3\r\nabc\n0\r\n\r\n", b"0\r\nA\r\n\r\n"])
def test_crooked_chunks_are_refused_byte_by_byte(raw: bytes) -> None:
    reader = Chunks(Sizes(), 0)

    def feed_all() -> None:
        for at in range(len(raw)):
            reader.feed(raw[at : at + 1])

    with pytest.raises(Crooked):
        feed_all()


def test_body_over_the_limit_is_refused_before_it_is_read() -> None:
    with pytest.raises(Crooked) as caught:
        Chunks(Sizes(), 10).feed(b"b\r\n")
    assert caught.value.status == 413


@given(
    st.lists(st.binary(min_size=1, max_size=5000), max_size=6),
    st.binary(max_size=20),
    st.lists(st.integers(min_value=0), max_size=8),
)
def test_chunks_come_out_whole_however_they_are_cut(pieces: list[bytes], rest: bytes, cuts: list[int]) -> None:
    raw = b"".join(map(frame, pieces)) + END + rest
    assert read_in_pieces(raw, cuts) == (b"".join(pieces), rest)


@given(st.lists(st.integers(min_value=0), max_size=8))
def test_extensions_and_trailers_are_dropped(cuts: list[int]) -> None:
    raw = b'4;name="x y"\r\nbody\r\n0;z\r\nX-Check: 1\r\nContent-Length: 9\r\n\r\nnext'
    assert read_in_pieces(raw, cuts) == (b"body", b"next")


@given(st.binary(max_size=300))
def test_any_bytes_are_a_body_or_refused(raw: bytes) -> None:
    reader = Chunks(Sizes(), 100)
    try:
        body = reader.feed(raw)
    except Crooked:
        return
    assert len(body) <= 100


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        (b"3\r\nabc\r\n", True), (b"3\r\nabc\r\n2\r\nde\r\n", True), (b"3\r\nabc\r\n0\r\n\r\n", True),
        (b"A\r\n0123456789\r\n", True), (b"3\r\nab", False),
        (b"3;x\r\nabc\r\n", False), (b"0\r\nA: b\r\n\r\n", False), (b"0\r\n\r\nmore", False), (b"3\r\nabc\r", False),
    ],
)  # fmt: skip
def test_only_whole_plain_chunks_may_pass_as_read(raw: bytes, plain: bool) -> None:
    reader = Chunks(Sizes(), 0)
    reader.feed(raw)
    assert reader.plain is plain


def test_whole_chunk_of_any_size_passes_as_read() -> None:
    reader = Chunks(Sizes(), 0)
    for size in range(1, LARGEST + 100):
        body = b"\n" * size
        for line in (b"%x", b"%X", b"0%x"):
            assert reader.feed(line % size + b"\r\n" + body + b"\r\n") == body
            assert reader.plain
            assert reader.between


@given(st.integers(0, LARGEST + 100), st.sampled_from([-2, -1, 1, 2]))
def test_chunk_that_is_not_as_long_as_it_says_is_not_taken_for_a_whole_one(size: int, off: int) -> None:
    reader = Chunks(Sizes(), 0)
    raw = b"%x\r\n%b\r\n" % (max(size + off, 0), b"a" * size)
    try:
        reader.feed(raw)
    except Crooked:
        return
    assert not reader.between or reader.done


def test_rest_of_a_chunk_may_not_pass_as_read() -> None:
    reader = Chunks(Sizes(), 0)
    assert reader.feed(b"3\r\nab") == b"ab"
    assert reader.feed(b"c\r\n") == b"c"
    assert not reader.plain
    assert reader.feed(b"1\r\nd\r\n") == b"d"
    assert reader.plain


def test_counted_body_ends_where_it_said() -> None:
    reader = intake(5, Sizes(), 0)
    assert isinstance(reader, Counted)
    assert reader.feed(b"abc") == b"abc"
    assert not reader.done
    assert reader.feed(b"defgh") == b"de"
    assert (reader.done, reader.rest) == (True, b"fgh")


def test_kinds_of_bodies() -> None:
    assert isinstance(intake(CHUNKED, Sizes(), 0), Chunks)
    assert intake(0, Sizes(), 0).done
    assert intake(UNTIL_CLOSE, Sizes(), 0).feed(b"x") == b"x"
