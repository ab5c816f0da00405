"""What the pipe writes besides bodies: status lines, the date, header blocks, refusals, and heads for the log."""

import time
from collections.abc import Callable, Iterable, Iterator
from email.utils import formatdate
from http import HTTPStatus

Pairs = Iterable[tuple[bytes, bytes]]
Refuse = Callable[[int, str | None], bytes]

# The pipe alone says how a message is framed and whether the connection stays.
OWN = frozenset((b"content-length", b"transfer-encoding", b"connection", b"keep-alive"))
# What belongs to one connection and is never passed on to another.
HOP = frozenset((
    *OWN, b"expect", b"host", b"http2-settings", b"proxy-authorization", b"proxy-connection", b"te", b"trailer",
    b"upgrade",
))  # fmt: skip
SECRET = frozenset((b"authorization", b"proxy-authorization", b"cookie", b"set-cookie", b"x-api-key", b"api-key"))

TOKEN = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
GOOD_NAMES: set[bytes] = set()
"""Names met before and found good; looked up instead of judged again."""
MOST_NAMES = 1024

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus if status >= 200
}


class Block:
    """Header lines that were judged when they were read and are passed on as they came."""

    __slots__ = ("lines",)

    def __init__(self, lines: bytes) -> None:
        self.lines = lines

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        for line in self.lines.split(b"\r\n")[:-1]:
            name, _, value = line.partition(b":")
            yield name.lower(), value.strip(b" \t")


def status_line(status: int) -> bytes:
    line = STATUS_LINES.get(status)
    if line is None:
        if not 200 <= status <= 599:
            raise ValueError(f"{status} is not the status of a final answer")
        line = b"HTTP/1.1 %d \r\n" % status
    return line


def header_block(headers: Pairs) -> bytes:
    """The lines of these headers but those the pipe writes itself; raises ValueError for what is not one line each."""
    if isinstance(headers, Block):
        return headers.lines
    lines = []
    for name, value in headers:
        if name in GOOD_NAMES or _is_name(name):
            lines.append(b"%b: %b\r\n" % (name, value))
    block = b"".join(lines)
    count = len(lines)
    if block.count(b"\n") != count or block.count(b"\r") != count or b"\0" in block:
        raise ValueError("a header with a line break or a zero byte in it")
    return block


def _is_name(name: bytes) -> bool:
    """False for a header that the pipe writes itself; raises ValueError for what is no name."""
    if not name or name.translate(None, TOKEN):
        raise ValueError("the name of a header is not a name")
    if name.lower() in OWN:
        return False
    if len(GOOD_NAMES) < MOST_NAMES:
        GOOD_NAMES.add(name)
    return True


def passed_on(headers: Pairs, connection: bytes | None) -> list[tuple[bytes, bytes]]:
    """The headers that may go on to another connection: none that ends here, none that the connection header names."""
    drop = HOP
    if connection is not None and connection.lower() not in {b"keep-alive", b"close"}:
        drop |= {word.strip(b" \t") for word in connection.lower().split(b",")}
    return [pair for pair in headers if pair[0] not in drop]


class Date:
    """The date header, made once a second."""

    __slots__ = ("_line", "_second")

    def __init__(self) -> None:
        self._second = 0
        self._line = b""

    def line(self) -> bytes:
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._line = b"date: %b\r\n" % formatdate(second, usegmt=True).encode()
        return self._line


def plain_refusal(status: int, _path: str | None) -> bytes:
    """The body of a refusal where the application gives none."""
    phrase = HTTPStatus(status).phrase if status in STATUS_LINES else "Refused"
    return f"{status} {phrase}\n".encode()


def refusal(status: int, body: bytes, date: bytes, bodiless: bool = False) -> bytes:
    """A whole refusal that ends its connection."""
    kind = b"application/json" if body.startswith(b"{") else b"text/plain; charset=utf-8"
    head = b"%bcontent-type: %b\r\ncontent-length: %d\r\n%bconnection: close\r\n\r\n" % (
        status_line(status),
        kind,
        len(body),
        date,
    )
    return head if bodiless else head + body


def masked(head: bytes) -> str:
    """A head as the debug log may show it: secrets and the query replaced."""
    first, *lines = head.split(b"\r\n")
    shown = [first.partition(b"?")[0] + b"?..." if b"?" in first else first]
    for line in lines:
        name, colon, _ = line.partition(b":")
        hidden = colon and name.strip().lower() in SECRET
        shown.append(name + b": ..." if hidden else line)
    return b"\n".join(shown).decode("latin-1").strip()
