"""The recorded exchanges of two real Ollamas, answered again byte by byte."""

import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from ollascope.apis.formats import answer_reader
from ollascope.apis.routes import find
from ollascope.words.chunk import Chunk
from ollascope.words.errors import Trouble
from tests.contracts.transcripts import FOLDER, Exchange, exchanges
from tests.engines.ollama.stage import Cut

VERSIONS = ("ollama-0.32.15", "ollama-0.24.0")
ANSWERS = ("chat", "generate")


def every(*actions: str) -> list[Exchange]:
    """The exchanges of both versions with these actions of the native API, but for HEAD."""
    return [one for version in VERSIONS for one in exchanges(version) if action_of(one) in actions]


def action_of(exchange: Exchange) -> str | None:
    found = find(exchange.method, exchange.path)
    return found.route.action if found and found.route.api == "ollama" and exchange.method != "HEAD" else None


def title(exchange: Exchange) -> str:
    return f"{exchange.server.removeprefix('ollama-')}-{exchange.name}"


@cache
def raw(exchange: Exchange) -> dict[str, Any]:
    """The exchange as its file has it."""
    path = Path(FOLDER) / exchange.server / f"{exchange.name}.json"
    answer: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["response"] or {}
    return answer


def replayed(exchange: Exchange) -> Iterator[bytes]:
    """The answer as the real server sent it: the same head, the same framing, the same pieces, the same end."""
    answer = raw(exchange)
    if not answer.get("status"):
        raise Cut
    head = "".join(f"{name}: {value}\r\n" for name, value in answer["headers"])
    yield f"HTTP/1.1 {answer['status']} {answer['reason']}\r\n{head}\r\n".encode()
    chunked = answer["framing"] == "chunked"
    for _, text in answer["pieces"]:
        piece = text.encode()
        yield f"{len(piece):x}\r\n".encode() + piece + b"\r\n" if chunked else piece
    if exchange.end != "complete":
        raise Cut
    if chunked:
        yield b"0\r\n\r\n"


def meant(exchange: Exchange) -> tuple[list[Chunk], type[Trouble] | None]:
    """What the reader of this format makes of the whole answer at once: its Chunks, and how it ends if not well."""
    action = action_of(exchange)
    assert action is not None
    reader = answer_reader("ollama", action, exchange.answer.header("content-type"))  # type: ignore[arg-type]
    chunks: list[Chunk] = []
    try:
        chunks += reader.feed(exchange.answer.body)
        chunks += reader.finish()
    except Trouble as trouble:
        return chunks, type(trouble)
    return chunks, None


def collected(chunks: Iterable[Chunk]) -> tuple[list[Chunk], Trouble | None]:
    """What an engine gives until it ends, and how."""
    found: list[Chunk] = []
    try:
        found.extend(chunks)
    except Trouble as trouble:
        return found, trouble
    return found, None
