"""Replays what was asked of real servers and tells where an answer differs from what they answered."""

import asyncio
import base64
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from ollascope.apis.routes import find
from ollascope.pipe import Address

FOLDER = Path(__file__).parent.parent / "fixtures" / "transcripts"
MATTER = ("allow", "access-control-allow-headers", "access-control-allow-methods", "access-control-allow-origin",
          "access-control-max-age", "vary", "cache-control")  # fmt: skip
VOLATILE = ("created_at", "total_duration", "load_duration", "prompt_eval_duration", "eval_duration", "id", "created",
            "system_fingerprint", "request_id", "logprob")  # fmt: skip
SHORTENED = re.compile(r"\((\d+) characters, beginning (.*)\)", re.DOTALL)
PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class Exchange:
    """One recorded request and what the real server answered."""

    server: str
    name: str
    method: str
    path: str
    headers: dict[str, str] = field(hash=False)
    sent: Any = field(hash=False)
    answer: "Heard" = field(hash=False)
    end: str

    @property
    def body(self) -> bytes:
        """The request's body; a shortened value is made as long again as it was."""
        if self.sent is None:
            return b""
        if isinstance(self.sent, dict) and "base64" in self.sent:
            return base64.b64decode(self.sent["base64"])
        if isinstance(self.sent, str):
            return self.sent.encode()
        return json.dumps({key: lengthened(value) for key, value in self.sent.items()}).encode()

    @property
    def leaves_after(self) -> int | None:
        """How many pieces the client took before it left; none when it stayed."""
        match = re.fullmatch(r"client left after (\d+) pieces", self.end)
        return int(match[1]) if match else None


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer as it came."""

    status: int | None
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        return ", ".join(sorted(value for key, value in self.headers if key == name))

    @property
    def media(self) -> str:
        return self.header("content-type").partition(";")[0]

    @property
    def events(self) -> list[Any]:
        return list(events(self.body))


@cache
def exchanges(server: str) -> tuple[Exchange, ...]:
    return tuple(_read(server, path) for path in sorted((FOLDER / server).glob("*.json")))


def named(server: str, name: str) -> Exchange:
    return _read(server, FOLDER / server / f"{name}.json")


def lengthened(value: Any) -> Any:
    """A value as long as it was before it was shortened: words repeated, questions and answers counted on."""
    match = SHORTENED.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return value
    size, begins = int(match[1]), match[2]
    if begins.startswith('"word'):
        return "word " * ((size - len('""')) // len("word "))
    return _talk(begins, size)


def _talk(begins: str, size: int) -> list[dict[str, str]]:
    """The conversation of that many characters: one long message, or questions that are answered."""
    if "word" in begins:
        empty = len(json.dumps([{"role": "user", "content": ""}]))
        return [{"role": "user", "content": ("word " * size)[: size - empty]}]
    messages: list[dict[str, str]] = []
    last = {"role": "user", "content": "<|zh|>"}
    while len(json.dumps([*messages, last])) < size:
        messages.append({"role": "user", "content": f"question {len(messages) // 2}"})
        messages.append({"role": "assistant", "content": "answer"})
    return [*messages, last]


def events(body: bytes) -> Iterator[Any]:
    """What a body holds: objects one a line, the names and data of events, or plain text."""
    for line in body.decode().split("\n"):
        text = line.removeprefix("data: ").strip()
        if text.startswith("{"):
            yield json.loads(text)
        elif text:
            yield text


async def ask(address: Address, exchange: Exchange) -> Heard:
    """Sends the recorded request again, on a connection of its own."""
    reader, writer = await asyncio.open_connection(address.host, address.port)
    try:
        writer.write(_request(exchange, address))
        return await asyncio.wait_for(_hear(reader, exchange), PATIENCE_S)
    finally:
        writer.close()


def differences(exchange: Exchange, ours: Heard) -> list[str]:
    """Each difference of our answer from the recorded one, in a few words."""
    real = exchange.answer
    found = [f"status: {ours.status} for {real.status}"] if ours.status != real.status else []
    if real.media != ours.media:
        found.append(f"content-type: {ours.media} for {real.media}")
    found += [f"{name}: {ours.header(name)!r} for {real.header(name)!r}"
              for name in MATTER if ours.header(name) != real.header(name)]  # fmt: skip
    route = find(exchange.method, exchange.path)
    speaks = route is not None and route.route.answers and ours.status == real.status == 200
    compare = normal if speaks else outline
    wanted, got = [compare(one) for one in real.events], [compare(one) for one in ours.events]
    if exchange.leaves_after is not None:
        got = got[: len(wanted)]
    if route is not None and route.route.action in {"pull", "push", "create"}:
        wanted, got = merged(wanted), merged(got)
    return found + list(unlike(wanted, got, "body"))


def merged(steps: Sequence[Any]) -> list[Any]:
    """Progress without its repetitions: how often it is told means nothing."""
    kept: list[Any] = []
    for step in steps:
        said = {"status": "…"} if "status" in step else step
        if not kept or kept[-1] != said:
            kept.append(said)
    return kept


def normal(value: Any, key: str = "") -> Any:
    """A value without what differs from one moment to the next."""
    if isinstance(value, dict):
        return {name: normal(item, name) for name, item in value.items()}
    if isinstance(value, list) and value and all(type(item) in {int, float} for item in value) and key != "context":
        return [len(value), "number"]
    if isinstance(value, list):
        return [normal(item, key) for item in value]
    if key in VOLATILE or isinstance(value, float):
        return kind(value)
    return value


def outline(value: Any) -> Any:
    """Keys and types alone; of a list the first, of an error the text too."""
    if isinstance(value, dict):
        return {name: item if name in {"error", "message"} and isinstance(item, str) else outline(item)
                for name, item in value.items()}  # fmt: skip
    if isinstance(value, list):
        return [outline(item) for item in value[:1]]
    return kind(value)


def kind(value: Any) -> str:
    return "number" if type(value) in {int, float} else type(value).__name__


def unlike(real: Any, ours: Any, where: str) -> Iterator[str]:
    """Where two values differ."""
    if isinstance(real, dict) and isinstance(ours, dict):
        for key in [*real, *(key for key in ours if key not in real)]:
            if key not in ours:
                yield f"{where}.{key}: missing"
            elif key not in real:
                yield f"{where}.{key}: more"
            else:
                yield from unlike(real[key], ours[key], f"{where}.{key}")
    elif isinstance(real, list) and isinstance(ours, list):
        if len(real) != len(ours):
            yield f"{where}: {len(ours)} for {len(real)}"
        for at, (one, other) in enumerate(zip(real, ours, strict=False)):
            yield from unlike(one, other, f"{where}[{at}]")
    elif real != ours:
        yield f"{where}: {str(ours)[:200]!r} for {str(real)[:200]!r}"


def _request(exchange: Exchange, address: Address) -> bytes:
    headers = {name.lower(): value for name, value in exchange.headers.items()}
    foreign = "example" in headers.get("host", "")
    headers["host"] = headers["host"] if foreign else f"{address.host}:{address.port}"
    headers |= {"connection": "close", "content-length": str(len(exchange.body))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{exchange.method} {exchange.path} HTTP/1.1\r\n{lines}\r\n".encode() + exchange.body


async def _hear(reader: asyncio.StreamReader, exchange: Exchange) -> Heard:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    pairs = [line.partition(": ") for line in head[1:] if line]
    headers = tuple((name.lower(), value) for name, _, value in pairs)
    status = int(head[0].split()[1])
    chunked = ("transfer-encoding", "chunked") in headers
    body = b"" if exchange.method == "HEAD" else await _body(reader, chunked=chunked, most=exchange.leaves_after)
    return Heard(status, headers, body)


async def _body(reader: asyncio.StreamReader, *, chunked: bool, most: int | None) -> bytes:
    if not chunked:
        return await reader.read()
    body, pieces = b"", 0
    while (size := int(await reader.readline(), 16)) and pieces != most:
        body += (await reader.readexactly(size + 2))[:-2]
        pieces += 1
    return body


def _read(server: str, path: Path) -> Exchange:
    data = json.loads(path.read_text(encoding="utf-8"))
    asked, answered = data["request"], data["response"] or {}
    pieces = "".join(text for _, text in answered.get("pieces") or ())
    headers = tuple((name.lower(), value) for name, value in answered.get("headers") or ())
    heard = Heard(answered.get("status"), headers, pieces.encode())
    return Exchange(
        server, path.stem, asked["method"], asked["path"], asked["headers"], asked["body"], heard, data["end"]
    )
