"""Heads of requests and answers, read strictly: each line by one grammar, then what the lines mean together."""

import re
from typing import Final, NamedTuple

from ollascope.pipe.limits import Sizes
from ollascope.pipe.lines import HOP, Block

CHUNKED = -1
UNTIL_CLOSE = -2

METHODS = frozenset((b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"))
SINGLE = frozenset((b"content-length", b"transfer-encoding", b"host"))
ALLOWED = bytes([9, 10, 13, *range(32, 127), *range(128, 256)])

REQUEST_LINE = re.compile(rb"([A-Z]+(?:-[A-Z]+)*) ([\x21-\x7e]+) HTTP/([0-9])\.([0-9])\r\n")
STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9][0-9])(?: ([\t\x20-\x7e\x80-\xff]*))?\r\n")
ANSWER_START = re.compile(rb"H(T(T(P(/(1(\.([01]( .*)?)?)?)?)?)?)?)?\Z", re.DOTALL)
HEADER_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):([\t\x20-\x7e\x80-\xff]*)")
BARE_LF = re.compile(rb"(?<!\r)\n|\r[^\n]")
HOST = re.compile(rb"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?")
ABSOLUTE = re.compile(rb"https?://([^/?]+)(.*)", re.IGNORECASE | re.DOTALL)


# Lines that clients and servers repeat word for word are looked up instead of judged again: only these names, none of
# which carries a secret, a bounded number, each bounded. A length is not among them: it changes with every message.
REPEATED = frozenset((
    b"accept", b"accept-charset", b"accept-encoding", b"accept-language", b"cache-control", b"connection", b"date",
    b"content-type", b"host", b"pragma", b"server", b"transfer-encoding", b"user-agent", b"vary",
))  # fmt: skip
MOST_LINES = 512
LONGEST_LINE = 256

PASSED: Final = 0  # goes on to another connection
STOPPED: Final = 1  # belongs to this connection
MEANT: Final = 2  # belongs to this connection and says something about this message

WITH_MEANING = (b"content-length", b"transfer-encoding", b"host", b"connection", b"expect")
ROLES = dict.fromkeys(HOP, STOPPED) | dict.fromkeys(WITH_MEANING, MEANT)
KNOWN: dict[bytes, tuple[tuple[bytes, bytes], int]] = {}


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
    block: Block | None


class AnswerHead(NamedTuple):
    """`length` is the announced number of bytes, CHUNKED or UNTIL_CLOSE; HEAD has no body whatever it is."""

    status: int
    reason: bytes
    minor: int
    headers: Headers
    length: int
    keep: bool
    connection: bytes | None
    block: Block | None


def read_request(head: bytes, sizes: Sizes) -> RequestHead:
    """A whole request head, empty line included; raises Crooked."""
    method, target, minor, end = _request_line(head, sizes)
    try:
        headers, found, block = _lines(head, end, sizes)
        target = _origin(method, target, found.get(b"host"), minor)
        length = _length(found, minor, 0)
        if length > sizes.body:
            raise Crooked(413, "the announced body is too long")
        expects = _expects(found.get(b"expect"), minor)
    except Crooked as crooked:
        crooked.path = _path(target)
        raise
    connection = found.get(b"connection")
    return RequestHead(method, target, minor, headers, length, _keeps(connection, minor), expects, connection, block)


def read_answer(head: bytes, sizes: Sizes) -> AnswerHead:
    """A whole answer head, empty line included; raises Crooked."""
    line = STATUS_LINE.match(head)
    if line is None:
        raise Crooked(502, "the first line is not a status line of HTTP/1.0 or 1.1")
    minor, status = int(line[1]), int(line[2])
    headers, found, block = _lines(head, line.end(), sizes)
    length = _length(found, minor, UNTIL_CLOSE)
    connection = found.get(b"connection")
    return AnswerHead(status, line[3] or b"", minor, headers, length, _keeps(connection, minor), connection, block)


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


def _request_line(head: bytes, sizes: Sizes) -> tuple[bytes, bytes, int, int]:
    """Method, target, minor version and where the line ends."""
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
    return method, target, int(minor), line.end()


def _path(target: bytes) -> str:
    return target.partition(b"?")[0].decode("latin-1")


def _lines(head: bytes, start: int, sizes: Sizes) -> tuple[Headers, dict[bytes, bytes], Block | None]:
    """The header lines, what those with a meaning here say, and those that may be passed on as they are."""
    if len(head) > sizes.line:
        _check_long(head, sizes)
    headers = Headers()
    found: dict[bytes, bytes] = {}
    passed: list[bytes] = []
    *lines, blank, rest = head[start:].split(b"\r\n")
    if blank or rest:
        raise Crooked(400, "the head does not end with an empty line")
    if len(lines) > sizes.headers:
        raise Crooked(431, "too many header lines")
    known, keep, passes = KNOWN.get, headers.append, passed.append
    for line in lines:
        pair, role = known(line) or _read_line(line)
        keep(pair)
        if not role:
            passes(line)
        elif role == MEANT:
            name, value = pair
            if name in found:
                if name in SINGLE:
                    raise Crooked(400, f"more than one {name.decode()} header")
                value = found[name] + b"," + value
            found[name] = value
    passes(b"")
    connection = found.get(b"connection")
    alone = connection is None or connection.lower() in {b"keep-alive", b"close"}
    return headers, found, Block(b"\r\n".join(passed)) if alone else None


def _read_line(line: bytes) -> tuple[tuple[bytes, bytes], int]:
    parts = HEADER_LINE.fullmatch(line)
    if parts is None:
        raise Crooked(400, "a line of the head is not a header line")
    name, value = parts.groups()
    name = name.lower()
    role = ROLES.get(name, PASSED)
    if role and name == b"transfer-encoding" and line.endswith(b"\t"):
        raise Crooked(400, "a tab behind a transfer coding, which not everybody reads as a space")
    read = (name, value.strip(b" \t")), role
    if name in REPEATED and len(line) <= LONGEST_LINE:
        if len(KNOWN) >= MOST_LINES:
            KNOWN.clear()
        KNOWN[line] = read
    return read


def _check_long(head: bytes, sizes: Sizes) -> None:
    if len(head) > sizes.head:
        raise Crooked(431, "the head is too long")
    if max(map(len, head.split(b"\r\n"))) > sizes.line:
        raise Crooked(431, "a header line is too long")


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
        *more, final = (word.strip(b" \t") for word in coding.lower().split(b","))
        sound = final == b"chunked" and b"chunked" not in more
        raise Crooked(501 if sound else 400, "the only transfer coding understood is chunked")
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
