"""What a client is asked to do: where to, which request, and who hears of the answer."""

import ssl
from enum import Enum
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from ollascope.pipe.heads import AnswerHead
from ollascope.pipe.limits import Waits
from ollascope.pipe.lines import Block, Pairs, header_block
from ollascope.words.errors import BadSettings, NetworkTrouble

BODY_METHODS = frozenset(("POST", "PUT", "PATCH"))
VISIBLE = bytes(range(33, 127))


class Address(NamedTuple):
    """Where a server is; `unix` is a path and wins over host and port."""

    host: str = "127.0.0.1"
    port: int = 80
    tls: bool = False
    unix: str = ""

    @classmethod
    def of(cls, url: str) -> "Address":
        """From http://host:port, https://host or unix:/path; raises BadSettings."""
        if url.startswith("unix:/"):
            return cls(unix=url.removeprefix("unix:"))
        parts = urlsplit(url)
        port = _port(parts)
        if parts.scheme not in {"http", "https"} or not parts.hostname or port is None:
            raise BadSettings(
                f"{url} is not an address", hint="write it like http://127.0.0.1:11434 or unix:/path/of/socket"
            )
        return cls(
            host=parts.hostname, port=port or (443 if parts.scheme == "https" else 80), tls=parts.scheme == "https"
        )

    def __str__(self) -> str:
        if self.unix:
            return f"unix:{self.unix}"
        return f"{'https' if self.tls else 'http'}://{_authority(self).decode()}"

    def authority(self) -> bytes:
        """The value of a host header."""
        return _authority(self)


class Ask(NamedTuple):
    """One request; `body=None` says that it will be streamed, in chunks unless `length` is given."""

    address: Address
    method: str = "GET"
    target: bytes = b"/"
    headers: Pairs = ()
    body: bytes | None = b""
    length: int | None = None
    raw: bool = False
    waits: Waits | None = None


class Phase(Enum):
    """How far a request has come."""

    CONNECTING = "connecting"
    SENDING = "sending the request"
    WAITING = "waiting for the answer's head"
    READING = "reading the answer"
    DONE = "done"


class Receiver:
    """Hears of one answer; subclass what you need. After `on_end`, `on_failed` or a cancel nothing more is called."""

    __slots__ = ()

    def on_head(self, head: AnswerHead, at: int) -> None:
        """The head of the final answer."""

    def on_piece(self, piece: bytes, at: int) -> None:
        """The bytes of the body that one read brought."""

    def on_end(self, at: int) -> None:
        """The answer is complete."""

    def on_failed(self, trouble: NetworkTrouble) -> None:
        """The answer will not be complete."""

    def on_ready(self) -> None:
        """The connection can take more of a streamed body."""


def request_head(ask: Ask) -> bytes:
    """The bytes of a request's head; raises ValueError for what would not be one request."""
    address, method, target, headers, *_ = ask
    if not method.isupper() or not method.isalpha() or not target or target.translate(None, VISIBLE):
        raise ValueError("a request needs a method in capitals and a target without spaces")
    if isinstance(headers, Block):
        # What is passed on never has a host: it was another server's.
        block, named = headers.lines, False
    else:
        headers = tuple(headers)
        block = header_block(headers)
        named = b"host" in block.lower() and any(name.lower() == b"host" for name, _ in headers)
    host = b"" if named else b"host: %b\r\n" % _authority(address)
    return b"%b %b HTTP/1.1\r\n%b%b%b\r\n" % (method.encode(), target, host, block, _framing(ask))


def client_tls(authorities: str = "") -> ssl.SSLContext:
    """TLS that verifies the server, against the system's authorities or those in a PEM file."""
    context = ssl.create_default_context(cafile=authorities or None)
    context.set_alpn_protocols(["http/1.1"])
    return context


def _framing(ask: Ask) -> bytes:
    if ask.body is None:
        return b"transfer-encoding: chunked\r\n" if ask.length is None else b"content-length: %d\r\n" % ask.length
    if ask.body or ask.method in BODY_METHODS:
        return b"content-length: %d\r\n" % len(ask.body)
    return b""


def _port(parts: SplitResult) -> int | None:
    """0 when none is given, None when it is no port."""
    try:
        return parts.port or 0
    except ValueError:
        return None


@lru_cache(maxsize=256)
def _authority(address: Address) -> bytes:
    if address.unix:
        return b"localhost"
    host = f"[{address.host}]" if ":" in address.host else address.host
    text = host if address.port == (443 if address.tls else 80) else f"{host}:{address.port}"
    return text.encode("ascii" if text.isascii() else "idna")
