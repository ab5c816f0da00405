"""Connections of the pool that tell the exchange at hand of their socket, and name what goes wrong in each phase."""

import http.client
import io
import socket
import ssl
import struct
import threading
import time
from dataclasses import dataclass
from http.client import BadStatusLine, HTTPException, RemoteDisconnected
from typing import Protocol

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPResponse, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import SSLError

from ollascope.engines.wire import troubles
from ollascope.engines.wire.connecting import Goal, connect
from ollascope.engines.wire.grip import Grip
from ollascope.engines.wire.patience import Patience
from ollascope.words.errors import NetworkTrouble


@dataclass(slots=True, kw_only=True)
class Visit:
    """One exchange's stay at a connection: what the connection must know of it, and what it learns."""

    place: str
    patience: Patience
    grip: Grip
    link: "Link | None" = None
    answer: "Answer | None" = None
    reused: bool = False
    connect_s: float | None = None


class _Here(threading.local):
    visit: Visit | None = None


_here = _Here()  # the pool picks the connection, so it can only ask its thread whom it works for


class Send(Protocol):
    """How a prepared request is sent: `requests.Session.send`."""

    def __call__(self, request: PreparedRequest) -> Response: ...


def send(visit: Visit, request: PreparedRequest, go: Send) -> Response:
    """Sends a request; its connection works for this visit meanwhile."""
    before, _here.visit = _here.visit, visit
    try:
        return go(request)
    finally:
        _here.visit = before


class Answer(http.client.HTTPResponse):
    """An answer whose head is read against one deadline, and whose body is left to the exchange."""

    def __init__(self, sock: socket.socket, debuglevel: int = 0, method: str | None = None, url: str | None = None):
        super().__init__(sock, debuglevel, method, url)
        visit = _visit()
        visit.answer = self
        self.socket = sock
        self.timed = Timed(self.fp.detach(), sock, time.monotonic() + visit.patience.first_s)
        self.fp = io.BufferedReader(self.timed)

    def left_over(self) -> bytes:
        """What of the body came with the head; nothing more is read through here after it."""
        self.timed.stopped = True
        return self.fp.peek()

    def wait_at_most(self, seconds: float) -> None:
        """How long one read of the body may take: kept by the system, which spares a call for each piece."""
        if isinstance(self.socket, ssl.SSLSocket):
            self.socket.settimeout(seconds)
            return
        whole = int(seconds)
        self.socket.settimeout(None)
        self.socket.setsockopt(
            socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", whole, max(1, int((seconds - whole) * 1e6)))
        )


class Timed(io.RawIOBase):
    """Reads a socket up to a deadline, however slowly the bytes come."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, deadline: float) -> None:
        super().__init__()
        self._raw = raw
        self._sock = sock
        self._deadline = deadline
        self.stopped = self.some = self.over = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview") -> int | None:  # type: ignore[override]  # it is always one
        if self.stopped:
            return None
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(left)
        count = self._raw.readinto(buffer)
        self.some, self.over = self.some or bool(count), not count
        return count

    def close(self) -> None:
        super().close()
        self._raw.close()


class Link(HTTPConnection):
    """A connection that can be ended by the exchange it works for."""

    response_class = Answer
    grip: Grip | None = None

    def connect(self) -> None:
        visit = self._adopt(reused=False)
        started = time.monotonic()
        super().connect()
        visit.connect_s = time.monotonic() - started

    def _new_conn(self) -> socket.socket:
        visit = _visit()
        goal = Goal(host=self._dns_host, port=self.port, place=visit.place, patience_s=visit.patience.connect_s)
        sock = connect(goal, visit.grip)
        sock.settimeout(visit.patience.idle_s)
        return sock

    def putrequest(
        self, method: str, url: str, skip_host: bool = False, skip_accept_encoding: bool = False
    ) -> None:  # fmt: skip
        if self.sock is not None and _visit().link is not self:
            visit = self._adopt(reused=True)
            visit.grip.take(self.sock)
            self.sock.settimeout(visit.patience.idle_s)
        super().putrequest(method, url, skip_host=skip_host, skip_accept_encoding=skip_accept_encoding)

    def send(self, data: object) -> None:
        visit = _visit()
        try:
            super().send(data)  # type: ignore[arg-type]  # whatever http.client takes
        except TimeoutError:
            raise troubles.late(visit.place, "the request was not taken", visit.patience.idle_s) from None
        except (BrokenPipeError, ConnectionResetError):
            raise  # the server may have answered before it left: the pool looks for that
        except OSError as error:
            if visit.reused:
                raise troubles.left_without_answer(visit.place, reused=True) from error
            raise troubles.cut(visit.place, "while the request was sent") from error

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # urllib3's differs from http.client's
        visit = _visit()
        try:
            response = super().getresponse()
        except (OSError, HTTPException, ValueError) as error:
            raise _without_head(visit, error) from error
        if (wrong := _wrong_head(visit, response)) is not None:
            response.close()
            raise wrong
        return response

    def close(self) -> None:
        if self.grip is not None:
            self.grip.drop()  # before its number can belong to another socket
            self.grip = None
        super().close()

    def _adopt(self, *, reused: bool) -> Visit:
        visit = _visit()
        visit.link, visit.reused = self, reused
        self.grip = visit.grip
        return visit


class SecureLink(Link, HTTPSConnection):
    """The same over TLS; during the handshake the socket changes hands, so a second handle to it is held."""

    spare: socket.socket | None = None

    def connect(self) -> None:
        visit = _visit()
        try:
            super().connect()
            visit.grip.take(self.sock)
        except TimeoutError:
            raise troubles.late(visit.place, "no TLS handshake", visit.patience.connect_s) from None
        except (OSError, SSLError) as error:
            raise troubles.not_secured(visit.place, _cause(error)) from error
        finally:
            if self.spare is not None:
                if self.sock is None or visit.grip.ended:
                    visit.grip.drop()
                self.spare.close()
                self.spare = None

    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        sock.settimeout(_visit().patience.connect_s)
        self.spare = sock.dup()
        _visit().grip.take(self.spare)
        return sock


class Plain(HTTPConnectionPool):
    """Connections to one address."""

    ConnectionCls = Link


class Secure(HTTPSConnectionPool):
    """Connections to one address over TLS."""

    ConnectionCls = SecureLink


class Adapter(HTTPAdapter):
    """Joins `requests` to these connections; follows no redirect, nor reads what one says."""

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **options: object) -> None:
        super().init_poolmanager(connections, maxsize, block, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": Plain, "https": Secure}


def _visit() -> Visit:
    visit = _here.visit
    assert visit is not None, "these connections work only for an exchange"
    return visit


def _without_head(visit: Visit, error: Exception) -> NetworkTrouble:
    timed = visit.answer.timed if visit.answer is not None else None
    some = timed is not None and timed.some
    if isinstance(error, TimeoutError):
        return troubles.late(visit.place, "no answer" if not some else "no whole head", visit.patience.first_s)
    if isinstance(error, OSError):
        if some and not isinstance(error, RemoteDisconnected):
            return troubles.cut(visit.place, "within the head of its answer")
        return troubles.left_without_answer(visit.place, reused=visit.reused)
    if isinstance(error, BadStatusLine):
        return troubles.not_http(visit.place, str(error))
    return troubles.malformed(visit.place, str(error) or type(error).__name__)


def _wrong_head(visit: Visit, response: HTTPResponse) -> NetworkTrouble | None:
    """What speaks against an answer before its body is looked at."""
    headers = response.headers
    if visit.answer is not None and visit.answer.timed.over:
        return troubles.cut(visit.place, "within the head of its answer")
    if 300 <= response.status < 400:
        return troubles.redirected(visit.place, response.status, headers.get("location", ""))
    if (encoding := headers.get("content-encoding", "identity").strip().lower()) not in {"identity", ""}:
        return troubles.encoded(visit.place, encoding)
    if (transfer := headers.get("transfer-encoding", "chunked").strip().lower()) != "chunked":
        return troubles.malformed(visit.place, f"its transfer encoding is {transfer!r}")
    length = headers.get("content-length", "0").strip()
    if not (length.isascii() and length.isdigit()):
        return troubles.malformed(visit.place, f"its length is {length!r}")
    return None


def _cause(error: Exception) -> OSError:
    """The system's error under the pool's own."""
    inner = error.args[0] if error.args else None
    if isinstance(error, OSError):
        return error
    return inner if isinstance(inner, OSError) else OSError(str(error))
