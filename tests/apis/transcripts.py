"""Recorded exchanges with real servers, as values."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "fixtures" / "transcripts"
SERVERS = ("ollama-0.32.15", "ollama-0.24.0", "llama-server")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One recorded request and what came back."""

    server: str
    name: str
    method: str
    path: str
    sent: Any
    status: int | None
    headers: dict[str, str] = field(hash=False)
    pieces: tuple[tuple[float, bytes], ...]
    end: str

    @property
    def id(self) -> str:
        return f"{self.server}/{self.name}"

    @property
    def body(self) -> bytes:
        return b"".join(data for _, data in self.pieces)

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")

    @property
    def request(self) -> bytes:
        """The request's body as it was sent; shortened ones only look alike."""
        if self.sent is None:
            return b""
        if isinstance(self.sent, dict) and "base64" in self.sent:
            return base64.b64decode(self.sent["base64"])
        return self.sent.encode() if isinstance(self.sent, str) else json.dumps(self.sent).encode()

    @property
    def is_cut(self) -> bool:
        return self.end != "complete"


@cache
def exchanges() -> tuple[Exchange, ...]:
    return tuple(_read(server, path) for server in SERVERS for path in sorted((FOLDER / server).glob("*.json")))


def named(server: str, name: str) -> Exchange:
    return _read(server, FOLDER / server / f"{name}.json")


def objects(body: bytes) -> Iterator[Any]:
    """What an answer's body holds, read in the plainest way there is: lines, events or one value."""
    for line in body.decode().split("\n"):
        text = line.removeprefix("data: ").strip()
        if text.startswith("{"):
            yield json.loads(text)


def shape(value: Any) -> Any:
    """Keys, types and order of a value, without what it says."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value]
    return "number" if type(value) in {int, float} else type(value).__name__


def _read(server: str, path: Path) -> Exchange:
    data = json.loads(path.read_text(encoding="utf-8"))
    asked, answered = data["request"], data["response"]
    return Exchange(
        server=server,
        name=path.stem,
        method=asked["method"],
        path=asked["path"],
        sent=asked["body"],
        status=answered.get("status"),
        headers={key.lower(): value for key, value in answered.get("headers") or []},
        pieces=tuple((at, text.encode()) for at, text in answered.get("pieces") or []),
        end=data["end"],
    )
