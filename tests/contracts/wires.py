"""A server that speaks raw bytes as a script says: cut anywhere, held before and after the head, broken off."""

import contextlib
import select
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

BOUND_S: Final = 10.0  # nothing here waits for longer


class _End:
    """The connection is closed in order."""

    def __repr__(self) -> str:
        return "END"


class _Cut:
    """The connection is torn: what was not read yet is lost."""

    def __repr__(self) -> str:
        return "CUT"


class _Hold:
    """Nothing more comes until the client leaves or the server ends."""

    def __repr__(self) -> str:
        return "HOLD"


END, CUT, HOLD = _End(), _Cut(), _Hold()
Step = bytes | threading.Event | _End | _Cut | _Hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request, and on which connection it came."""

    connection: int
    method: str
    path: str
    body: bytes
    head: bytes = b""


Script = Callable[[Asked], Iterable[Step]]


@dataclass(slots=True)
class Wire:
    """The server while it runs."""

    url: str
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    left: threading.Event = field(default_factory=threading.Event)  # a client went away while it was to be held
    ended: threading.Event = field(default_factory=threading.Event)

    def to(self, path: str) -> list[Asked]:
        """The requests to one path."""
        return [one for one in self.asked if one.path == path]


@contextlib.contextmanager
def wire(script: Script) -> Iterator[Wire]:
    """Serves connections, each in a thread, until the block ends; all threads have ended then."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    state = Wire(url=f"http://127.0.0.1:{listener.getsockname()[1]}")
    threads: list[threading.Thread] = []

    def accept() -> None:
        while not state.ended.is_set():
            if not select.select([listener], [], [], 0.02)[0]:
                continue
            with contextlib.suppress(OSError):
                client, _ = listener.accept()
                state.connections += 1
                arguments = (client, state.connections, state, script)
                threads.append(threading.Thread(target=_serve, args=arguments, daemon=True))
                threads[-1].start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield state
    finally:
        state.ended.set()
        accepting.join(BOUND_S)
        listener.close()
        for thread in threads:
            thread.join(BOUND_S)


@contextlib.contextmanager
def deaf() -> Iterator[str]:
    """An address where a connection is never made: the queue of who wants one is full."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    address = listener.getsockname()
    crowd = [socket.socket() for _ in range(4)]
    for one in crowd:
        one.setblocking(False)
        one.connect_ex(address)
    try:
        yield f"http://127.0.0.1:{address[1]}"
    finally:
        for one in (*crowd, listener):
            one.close()


def head(status: int = 200, *lines: str) -> bytes:
    """A head with these further lines."""
    return "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status} Said", *lines, "")).encode()


def whole(body: bytes, status: int = 200, content_type: str = "application/json", *lines: str) -> bytes:
    """An answer of a known length."""
    return head(status, f"Content-Type: {content_type}", f"Content-Length: {len(body)}", *lines) + body


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def chunked(pieces: Sequence[bytes], content_type: str) -> list[bytes]:
    """A streamed answer: head, a chunk for each piece, and the end."""
    start = head(200, f"Content-Type: {content_type}", "Transfer-Encoding: chunked")
    return [start, *map(chunk, pieces), b"0\r\n\r\n"]


def each_byte(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


def _serve(client: socket.socket, number: int, state: Wire, script: Script) -> None:
    with client, contextlib.suppress(OSError):
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.settimeout(0.02)
        while (asked := _read(client, number, state)) is not None:
            state.asked.append(asked)
            for step in script(asked):
                if not _take(client, step, state):
                    return


def _take(client: socket.socket, step: Step, state: Wire) -> bool:
    """Carries out a step; false if the connection ends with it."""
    if isinstance(step, bytes):
        client.settimeout(BOUND_S)
        client.sendall(step)
        client.settimeout(0.02)
        return True
    if isinstance(step, threading.Event):
        return step.wait(BOUND_S)
    if isinstance(step, _Hold):
        _hold(client, state)
    elif isinstance(step, _Cut):
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def _hold(client: socket.socket, state: Wire) -> None:
    while not state.ended.is_set():
        with contextlib.suppress(TimeoutError):
            try:
                gone = not client.recv(4096)
            except ConnectionError:
                gone = True
            if gone:
                state.left.set()
                return


def _read(client: socket.socket, number: int, state: Wire) -> Asked | None:
    """The next request, or None when the client or the server ends."""
    data = b""
    while b"\r\n\r\n" not in data:
        if (more := _receive(client, state)) is None:
            return None
        data += more
    top, _, body = data.partition(b"\r\n\r\n")
    method, path, _ = top.split(b"\r\n")[0].decode().split(" ")
    fields = dict(line.lower().split(b": ", 1) for line in top.split(b"\r\n")[1:])
    if fields.get(b"transfer-encoding") == b"chunked":
        complete: Callable[[bytes], bool] = lambda body: body.endswith(b"0\r\n\r\n")  # noqa: E731
    else:
        size = int(fields.get(b"content-length", b"0"))
        complete = lambda body: len(body) >= size  # noqa: E731
    while not complete(body):
        if (more := _receive(client, state)) is None:
            return None
        body += more
    return Asked(connection=number, method=method, path=path, body=body, head=top)


def _receive(client: socket.socket, state: Wire) -> bytes | None:
    while not state.ended.is_set():
        try:
            return client.recv(65_536) or None
        except TimeoutError:
            continue
    return None
