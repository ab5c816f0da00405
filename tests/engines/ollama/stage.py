"""A server of raw bytes for the clients' tests: it answers each request as it is told, and remembers what was asked."""

import json
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

PATIENCE_S = 20.0
STATE = {"/api/version": {"version": "0.32.15"}, "/api/ps": {"models": []}, "/api/tags": {"models": []}}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(slots=True)
class Stage:
    """What the server was asked, and what it answers; an answer is its raw bytes, sent one by one."""

    answer: "Callable[[Asked, Stage], Iterable[bytes]]"
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    left: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    url: str = ""
    state: dict[str, Any] = field(default_factory=lambda: dict(STATE))

    def main(self) -> list[Asked]:
        """The requests that were not asked in passing."""
        return [one for one in self.asked if one.path not in STATE]

    def hang(self) -> Iterator[bytes]:
        """Says nothing until the test is over."""
        self.over.wait(PATIENCE_S)
        yield b""


class Cut(Exception):
    """The server leaves without another word."""


def plain(body: bytes | dict[str, Any], status: int = 200, kind: str = "application/json", **more: str) -> bytes:
    """A whole answer with its length."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in more.items())
    return f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {len(data)}\r\n{lines}\r\n".encode() + data


def streamed(*pieces: bytes, kind: str = "application/x-ndjson", ends: bool = True) -> Iterator[bytes]:
    """An answer in chunks; one that does not end is cut."""
    yield f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n".encode()
    for piece in pieces:
        yield f"{len(piece):x}\r\n".encode() + piece + b"\r\n"
    if not ends:
        raise Cut
    yield b"0\r\n\r\n"


def line(value: dict[str, Any]) -> bytes:
    return json.dumps(value).encode() + b"\n"


def said(text: str) -> bytes:
    return line({"model": "m", "created_at": "2026-11-21T01:55:57Z", "message": {"role": "assistant", "content": text},
                 "done": False})  # fmt: skip


def last(**fields: Any) -> bytes:
    known = {"done_reason": "stop", "total_duration": 50_000_000, "load_duration": 1_000_000, "prompt_eval_count": 20,
             "prompt_eval_duration": 10_000_000, "eval_count": 8, "eval_duration": 30_000_000}  # fmt: skip
    message = {"role": "assistant", "content": ""}
    return line({"model": "m", "created_at": "2026-11-21T01:55:57Z", "message": message, "done": True, **known,
                 **fields})  # fmt: skip


@contextmanager
def staged(answer: "Callable[[Asked, Stage], Iterable[bytes]]", **state: Any) -> Iterator[Stage]:
    """The server on a port of its own, with its threads ended behind it; `state` is told to short questions."""
    stage = Stage(answer)
    stage.state.update({f"/api/{name}": value for name, value in state.items()})
    listener = socket.create_server(("127.0.0.1", 0))
    stage.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    threads: list[threading.Thread] = []
    sockets: list[socket.socket] = []

    def accept() -> None:
        with suppress(OSError):
            while True:
                sock, _ = listener.accept()
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                stage.connections += 1
                sockets.append(sock)
                thread = threading.Thread(target=serve, args=(sock, stage), daemon=True)
                threads.append(thread)
                thread.start()

    main = threading.Thread(target=accept, daemon=True)
    main.start()
    try:
        yield stage
    finally:
        stage.over.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        main.join(PATIENCE_S)
        for sock in sockets:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(PATIENCE_S)


def serve(sock: socket.socket, stage: Stage) -> None:
    with sock, sock.makefile("rb") as file:
        with suppress(OSError, Cut):
            while (asked := read(file)) is not None:
                stage.asked.append(asked)
                told = stage.state.get(asked.path)
                pieces = [plain(told)] if isinstance(told, dict) else stage.answer(asked, stage)
                for piece in pieces:
                    sock.sendall(piece)
        stage.left.set()


def read(file: Any) -> Asked | None:
    """The next request; none when the client has left."""
    first = file.readline().decode().split()
    if len(first) != 3:
        return None
    headers: dict[str, str] = {}
    while raw := file.readline().strip():
        name, _, value = raw.decode().partition(":")
        headers[name.lower()] = value.strip()
    body = file.read(int(headers.get("content-length", "0")))
    if headers.get("transfer-encoding") == "chunked":
        while size := int(file.readline() or b"0", 16):
            body += file.read(size + 2)[:-2]
        file.readline()
    return Asked(first[0], first[1], headers, body)
