"""Heads of requests and answers, read strictly: httptools splits the lines, this file judges what they mean."""

import re
from collections.abc import Callable
from typing import NamedTuple

import httptools

from ollascope.pipe.limits import Sizes

CHUNKED = -1
UNTIL_CLOSE = -2

METHODS = frozenset((b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"))
JUDGED = frozenset((b"content-length", b"transfer-encoding", b"host", b"connection", b"expect"))
SINGLE = frozenset((b"content-length", b"transfer-encoding", b"host"))
ALLOWED = bytes([9, 10, 13, *range(32, 127), *range(128, 256)])

REQUEST_LINE = re.compile(rb"([A-Z]+(?:-[A-Z]+)*) ([\x21-\x7e]+) HTTP/([0-9])\.([0-9])\r\n")
STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9][0-9])(?: ([\t\x20-\x7e\x80-\xff]*))?\r\n")
ANSWER_START = re.compile(rb"H(T(T(P(/(1(\.([01]( .*)?)?)?)?)?)?)?)?\Z", re.DOTALL)
BARE_LF = re.compile(rb"(?<!\r)\n|\r[^\n]")
HOST = re.compile(rb"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?")
ABSOLUTE = re.compile(rb"https?://([^/?]+)(.*)", re.IGNORECASE | re.DOTALL)


class Crooked(Exception):
    """A message breaks the protocol or a limit; `status` is what a client is told."""

    def __init__(self, status: int, reason: str, path: str | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.path = path


class Headers(list[tuple[bytes, bytes]]):
    """The header lines in order, names in lower case."""

    __slots__ = ()

    def first(self, name: bytes) -> bytes | None:
        for key, value in self:
            if key == name:
                return value
        return None

    def every(self, name: bytes) -> list[bytes]:
        return [value for key, value in self if key == name]

    def without(self, *names: bytes) -> "Headers":
        return Headers(pair for pair in self if pair[0] not in names)


class RequestHead(NamedTuple):
    method: bytes
    target: bytes
    minor: int
    headers: Headers
    length: int
    keep: bool
    expects: bool
    connection: bytes | None


class AnswerHead(NamedTuple):
    """`length` is the announced number of bytes, CHUNKED or UNTIL_CLOSE; HEAD has no body whatever it is."""

    status: int
    reason: bytes
    minor: int
    headers: Headers
    length: int
    keep: bool
    connection: bytes | None


def read_request(head: bytes, sizes: Sizes) -> RequestHead:
    """A whole request head, empty line included; raises Crooked."""
    method, target, minor = _request_line(head, sizes)
    try:
        headers = _lines(head, sizes, httptools.HttpRequestParser)
        found = _judged(headers)
        target = _origin(method, target, found.get(b"host"), minor)
        length = _length(found, minor, 0)
        if length > sizes.body:
            raise Crooked(413, "the announced body is too long")
        expects = _expects(found.get(b"expect"), minor)
    except Crooked as crooked:
        crooked.path = _path(target)
        raise
    connection = found.get(b"connection")
    return RequestHead(method, target, minor, headers, length, _keeps(connection, minor), expects, connection)


def read_answer(head: bytes, sizes: Sizes) -> AnswerHead:
    """A whole answer head, empty line included; raises Crooked."""
    line = STATUS_LINE.match(head)
    if line is None:
        raise Crooked(502, "the first line is not a status line of HTTP/1.0 or 1.1")
    minor, status = int(line[1]), int(line[2])
    headers = _lines(head, sizes, httptools.HttpResponseParser)
    found = _judged(headers)
    length = _length(found, minor, UNTIL_CLOSE)
    connection = found.get(b"connection")
    return AnswerHead(status, line[3] or b"", minor, headers, length, _keeps(connection, minor), connection)


def check_request_start(data: bytes, seen: int, sizes: Sizes) -> None:
    """Refuses an unfinished request head as early as its bytes allow; the first `seen` bytes were checked already."""
    if not seen and not (data[0:1].isalpha() or data in {b"\r", b"\r\n"}):
        raise Crooked(400, "the first byte is not that of a method")
    line = data.find(b"\r\n", 0, sizes.line)
    if line < 0 and len(data) > sizes.line:
        raise Crooked(414, "the request line is too long")
    _check_start(data, seen, sizes)
    if line >= 0 and (line >= seen - 2) and data != b"\r\n":
        _request_line(data, sizes)


def check_answer_start(data: bytes, seen: int, sizes: Sizes) -> None:
    """Refuses an unfinished answer head as early as its bytes allow."""
    _check_start(data, seen, sizes)
    if seen < 10 and not ANSWER_START.match(data[:10]):
        raise Crooked(502, "the answer is not HTTP/1")


def _check_start(data: bytes, seen: int, sizes: Sizes) -> None:
    fresh = data[max(seen - 1, 0) :]
    if fresh.translate(None, ALLOWED) or BARE_LF.search(data, max(seen - 1, 0)):
        raise Crooked(400, "a control character or a bare line end in the head")
    if len(data) > sizes.head:
        raise Crooked(431, "the head is too long")


def _request_line(head: bytes, sizes: Sizes) -> tuple[bytes, bytes, int]:
    line = REQUEST_LINE.match(head)
    if line is None:
        raise Crooked(
            414 if head.find(b"\r\n", 0, sizes.line) < 0 and len(head) > sizes.line else 400, "not a request line"
        )
    method, target, major, minor = line.groups()
    if line.end() > sizes.line:
        raise Crooked(414, "the request line is too long", _path(target))
    if major != b"1" or minor not in b"01":
        raise Crooked(505, "only HTTP/1.0 and HTTP/1.1 are spoken", _path(target))
    if method not in METHODS:
        raise Crooked(501, "this method is not supported", _path(target))
    return method, target, int(minor)


def _path(target: bytes) -> str:
    return target.partition(b"?")[0].decode("latin-1")


class _Lines(Headers):
    """Headers that httptools can fill."""

    __slots__ = ()

    def on_header(self, name: bytes, value: bytes) -> None:
        self.append((name.lower(), value))


def _lines(
    head: bytes, sizes: Sizes, parser: Callable[[_Lines], httptools.HttpRequestParser | httptools.HttpResponseParser]
) -> Headers:
    if len(head) > sizes.line:
        _check_long(head, sizes)
    lines = _Lines()
    try:
        parser(lines).feed_data(head)
    except httptools.HttpParserUpgrade:
        pass
    except httptools.HttpParserError as error:
        raise Crooked(400, f"the head breaks the grammar of HTTP: {error}") from None
    count = len(lines)
    # Whatever a parser may forgive, the lines it found must be the lines there are.
    if head.count(b"\n") != count + 2 or head.count(b"\r\n") != count + 2 or head.count(b"\r") != count + 2:
        raise Crooked(400, "a line of the head is not a header line")
    if head.translate(None, ALLOWED):
        raise Crooked(400, "a control character in the head")
    if count > sizes.headers:
        raise Crooked(431, "too many header lines")
    return lines


def _check_long(head: bytes, sizes: Sizes) -> None:
    if len(head) > sizes.head:
        raise Crooked(431, "the head is too long")
    if max(map(len, head.split(b"\r\n"))) > sizes.line:
        raise Crooked(431, "a header line is too long")


def _judged(headers: Headers) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in JUDGED:
            trimmed = value.strip(b" \t")
            if name in found:
                if name in SINGLE:
                    raise Crooked(400, f"more than one {name.decode()} header")
                trimmed = found[name] + b"," + trimmed
            found[name] = trimmed
    return found


def _length(found: dict[bytes, bytes], minor: int, without: int) -> int:
    coding = found.get(b"transfer-encoding")
    size = found.get(b"content-length")
    if coding is None:
        if size is None:
            return without
        if not size.isdigit() or len(size) > 15:
            raise Crooked(400, "the length is not a number")
        return int(size)
    if size is not None:
        raise Crooked(400, "both a length and a transfer coding")
    if minor == 0:
        raise Crooked(400, "a transfer coding in HTTP/1.0")
    if coding.lower() != b"chunked":
        raise Crooked(501, "the only transfer coding understood is chunked")
    return CHUNKED


def _keeps(connection: bytes | None, minor: int) -> bool:
    if connection is None:
        return minor == 1
    lowered = connection.lower()
    if lowered in {b"keep-alive", b"close"}:
        return lowered != b"close"
    words = {word.strip(b" \t") for word in lowered.split(b",")}
    return b"close" not in words and (minor == 1 or b"keep-alive" in words)


def _expects(expect: bytes | None, minor: int) -> bool:
    if expect is None or minor == 0:
        return False
    if expect.lower() != b"100-continue":
        raise Crooked(417, "the only expectation understood is 100-continue")
    return True


def _origin(method: bytes, target: bytes, host: bytes | None, minor: int) -> bytes:
    """The target as a path, whatever form it came in."""
    if (host is None and minor == 1) or (host is not None and not HOST.fullmatch(host)):
        raise Crooked(400, "a request needs one host header that names a host")
    if b"#" in target:
        raise Crooked(400, "a fragment in the target")
    if target.startswith(b"/") or (target == b"*" and method == b"OPTIONS"):
        return target
    absolute = ABSOLUTE.fullmatch(target)
    if absolute is None or (host is not None and absolute[1].lower() != host.lower()):
        raise Crooked(400, "the target is not a path, or names another host than the host header")
    rest = absolute[2]
    return rest if rest.startswith(b"/") else b"/" + rest
