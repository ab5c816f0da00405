"""Heads: what is refused, with which status, and what is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.pipe.heads import (
    CHUNKED,
    KNOWN,
    LONGEST_LINE,
    MOST_LINES,
    UNTIL_CLOSE,
    Crooked,
    check_request_start,
    read_answer,
    read_request,
)
from ollascope.pipe.limits import Sizes

SIZES = Sizes()


def head(*lines: bytes, first: bytes = b"GET / HTTP/1.1", host: bytes | None = b"Host: here") -> bytes:
    return b"\r\n".join([first, *([host] if host else []), *lines, b"", b""])


def status_of(raw: bytes) -> int:
    with pytest.raises(Crooked) as caught:
        read_request(raw, SIZES)
    return caught.value.status


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (head(b"Content-Length: 1", b"Content-Length: 1"), 400),
        (head(b"Content-Length: 1, 1"), 400),
        (head(b"Content-Length: +1"), 400),
        (head(b"Content-Length:"), 400),
        (head(b"Content-Length: 1", b"Transfer-Encoding: chunked"), 400),
        (head(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"), 400),
        (head(b"Transfer-Encoding: gzip, chunked"), 501),
        (head(b"Transfer-Encoding: chunked", first=b"GET / HTTP/1.0"), 400),
        (head(b"Content-Length: 999999999999"), 413),
        (head(b"A : b"), 400),
        (head(b"A: b\r\n c"), 400),
        (head(b"A: b\nB: c"), 400),
        (head(b"A: \x01"), 400),
        (head(b"A: b\rc"), 400),
        (head(b"no colon"), 400),
        (head(host=None), 400),
        (head(b"Host: there"), 400),
        (head(host=b"Host: a/b"), 400),
        (head(host=b"Host:"), 400),
        (head(first=b"GET /"), 400),
        (head(first=b"GET / HTTP/0.9"), 505),
        (head(first=b"GET / HTTP/2.0"), 505),
        (head(first=b"GET / RTSP/1.0"), 400),
        (head(first=b"get / HTTP/1.1"), 400),
        (head(first=b"BREW / HTTP/1.1"), 501),
        (head(first=b"CONNECT here:80 HTTP/1.1"), 501),
        (head(first=b"GET  / HTTP/1.1"), 400),
        (head(first=b"GET /a#b HTTP/1.1"), 400),
        (head(first=b"GET http://there/ HTTP/1.1"), 400),
        (head(first=b"GET * HTTP/1.1"), 400),
        (head(first=b"GET /" + b"a" * 9000 + b" HTTP/1.1"), 414),
        (head(b"A: " + b"b" * 9000), 431),
        (head(*[b"A: b"] * 100), 431),
        (head(b"Expect: tea"), 417),
    ],
)  # fmt: skip
def test_crooked_head_is_refused(raw: bytes, status: int) -> None:
    assert status_of(raw) == status


def test_refusal_knows_the_path() -> None:
    with pytest.raises(Crooked) as caught:
        read_request(head(b"Expect: tea", first=b"GET /v1/chat?key=1 HTTP/1.1"), SIZES)
    assert caught.value.path == "/v1/chat"


def test_good_head_is_read() -> None:
    found = read_request(
        head(b"X-Thing: \t a b  ", b"Connection: x, Close", b"Content-Length: 12", first=b"POST /a?b HTTP/1.1"), SIZES
    )
    assert (found.method, found.target, found.minor, found.length, found.keep) == (b"POST", b"/a?b", 1, 12, False)
    assert found.headers.first(b"x-thing").strip() == b"a b"


@pytest.mark.parametrize("name", [b"Authorization", b"Cookie", b"X-Api-Key", b"Proxy-Authorization", b"X-Own-Secret"])
def test_line_that_may_hold_a_secret_is_not_kept(name: bytes) -> None:
    KNOWN.clear()
    read_request(head(name + b": s3cret", b"Accept: */*"), SIZES)
    assert set(KNOWN) == {b"Host: here", b"Accept: */*"}


def test_lines_kept_are_bounded_in_number_and_in_length() -> None:
    for number in range(3 * MOST_LINES):
        read_request(head(b"Accept: %d" % number), SIZES)
        assert len(KNOWN) <= MOST_LINES
    KNOWN.clear()
    read_request(head(b"Accept: " + b"a" * LONGEST_LINE), SIZES)
    assert set(KNOWN) == {b"Host: here"}


@given(st.lists(st.sampled_from((b"Host: a", b"Connection: close", b"Accept: b", b"Accept : b", b"Connection: x"))))
def test_head_met_before_is_judged_as_the_first_time(lines: list[bytes]) -> None:
    def judge() -> object:
        try:
            found = read_request(head(*lines), SIZES)
        except Crooked as crooked:
            return crooked.status
        return found._replace(block=None), found.block and found.block.lines

    KNOWN.clear()
    assert judge() == judge()


def test_lines_pass_on_as_they_came_unless_the_connection_header_names_some() -> None:
    found = read_request(head(b"X-Thing:  a b", b"TE: x", b"Connection: Keep-Alive", b"ACCEPT: c"), SIZES)
    assert found.block is not None
    assert found.block.lines == b"X-Thing:  a b\r\nACCEPT: c\r\n"
    assert list(found.block) == [(b"x-thing", b"a b"), (b"accept", b"c")]
    assert read_request(head(b"Connection: keep-alive, x-thing"), SIZES).block is None


def test_absolute_target_becomes_a_path() -> None:
    assert read_request(head(first=b"GET http://HERE?q HTTP/1.1"), SIZES).target == b"/?q"


def test_upgrade_is_ignored() -> None:
    found = read_request(
        head(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk"), SIZES
    )
    assert found.length == 0
    assert found.keep


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
        b"HTTP/1.1 999 OK\r\n\r\n",
        b"HTTP/1.1 200OK\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"RTSP/1.0 200 OK\r\n\r\n",
        b"ICY 200 OK\r\n\r\n",
    ],
)
def test_crooked_answer_is_refused(raw: bytes) -> None:
    with pytest.raises(Crooked):
        read_answer(raw, SIZES)


@pytest.mark.parametrize(
    ("lines", "length"),
    [(b"", UNTIL_CLOSE), (b"Content-Length: 5\r\n", 5), (b"Transfer-Encoding: Chunked\r\n", CHUNKED)],
)
def test_answer_says_how_its_body_ends(lines: bytes, length: int) -> None:
    assert read_answer(b"HTTP/1.1 200\r\n" + lines + b"\r\n", SIZES).length == length


@given(st.integers(min_value=1, max_value=60), st.integers(min_value=1, max_value=60))
def test_unfinished_good_head_is_waited_for(first: int, second: int) -> None:
    raw = head(b"A: b", b"Content-Length: 5", first=b"POST /p HTTP/1.1")[:-1]
    early, later = sorted((min(first, len(raw)), min(second, len(raw))))
    check_request_start(raw[:early], 0, SIZES)
    check_request_start(raw[:later], early, SIZES)


@pytest.mark.parametrize(
    "raw",
    [b"\x16\x03\x01", b"GET / HTTP/1.1\n", b"GET /\r\n", b"GET / HTTP/1.1\r\nA: \0", b" GET", b"GET / HTTP/2.0\r\n"],
)
def test_hopeless_start_is_refused_at_once(raw: bytes) -> None:
    with pytest.raises(Crooked):
        check_request_start(raw, 0, SIZES)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    statuses = []
    for reads in (read_request, read_answer):
        try:
            reads(raw + b"\r\n\r\n", SIZES)
        except Crooked as crooked:
            statuses.append(crooked.status)
    assert all(400 <= status <= 505 for status in statuses)
