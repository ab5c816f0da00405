"""A model server that lists its model as it should and answers questions as a test wants, bytes and silences."""

import json
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

MODEL = "m:1b"
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n"


class Crooked:
    """Plays `play(connection, request, number)` for every question; `with` gives its address."""

    def __init__(self, play: Callable[[socket.socket, dict, int], None], model: str = MODEL) -> None:
        self._play, self._model = play, model
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.over = threading.Event()
        self.asked: list[dict] = []

    def __enter__(self) -> "Crooked":
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._listener.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError, ValueError), connection.makefile("rb") as lines:
            while first := lines.readline():
                size = 0
                while (line := lines.readline()).strip():
                    name, _, value = line.partition(b":")
                    size = int(value) if name.lower() == b"content-length" else size
                body = lines.read(size)
                if b" /api/chat " in first:
                    self.asked.append(json.loads(body))
                    self._play(connection, self.asked[-1], len(self.asked))
                else:
                    self._answer(connection, first)

    def _answer(self, connection: socket.socket, first: bytes) -> None:
        models = {"models": [{"name": self._model, "model": self._model, "size": 1, "digest": "d"}]}
        pages = {b"/api/tags": models, b"/api/ps": {"models": []}, b"/api/version": {"version": "0.32.15"}}
        page = pages.get(first.split()[1])
        whole(connection, 200 if page else 404, page or {"error": "not found"})

    def hang(self, *_: object) -> None:
        """Nothing at all, until the test is over."""
        self.over.wait(60)


def whole(connection: socket.socket, status: int, page: object) -> None:
    body = json.dumps(page).encode()
    head = f"HTTP/1.1 {status} So\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    connection.sendall(head.encode() + body)


def piece(connection: socket.socket, data: object) -> None:
    line = json.dumps(data).encode() + b"\n"
    connection.sendall(b"%x\r\n%b\r\n" % (len(line), line))


def word(text: str, model: str = MODEL) -> dict:
    return {"model": model, "created_at": "2026-01-01T00:00:00Z", "message": {"role": "assistant", "content": text},
            "done": False}  # fmt: skip


def last(model: str = MODEL) -> dict:
    return {**word("", model), "done": True, "done_reason": "stop", "prompt_eval_count": 9, "eval_count": 2,
            "total_duration": 3_000_000, "load_duration": 1, "prompt_eval_duration": 1_000_000,
            "eval_duration": 1_000_000}  # fmt: skip


def good(connection: socket.socket, _request: dict, _number: int, model: str = MODEL) -> None:
    connection.sendall(HEAD)
    for text in ("a", "b"):
        piece(connection, word(text, model))
    piece(connection, last(model))
    connection.sendall(b"0\r\n\r\n")
