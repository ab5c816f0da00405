"""The client: bare connections on uvloop that stamp the bytes as they come and read them when all is over."""

import asyncio
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import uvloop

FIRST = re.compile(rb'"(?:text|response|content)":"')
TOKENS = re.compile(rb'"(?:completion_tokens|eval_count)": ?(\d+)')


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One request: where to, what, and when, counted from the start of the run."""

    path: str
    body: dict[str, Any]
    at_s: float = 0.0


@dataclass(slots=True, kw_only=True)
class Answer:
    """What came for one request, stamped in seconds from the start of the run."""

    sent_s: float = 0.0
    first_s: float = 0.0
    done_s: float = 0.0
    data: bytes = b""

    @property
    def ttft_s(self) -> float:
        return self.first_s - self.sent_s

    @property
    def tokens(self) -> int:
        found = TOKENS.findall(self.data)
        return int(found[-1]) if found else 0

    def events(self) -> list[dict[str, Any]]:
        """Every JSON object of a stream, of the server-sent kind or one a line."""
        lines = [line.removeprefix(b"data: ") for line in _plain(self.data).splitlines()]
        return [json.loads(line) for line in lines if line.startswith(b"{")]

    def text(self) -> str:
        """The text of an answer of /v1/completions or /api/generate."""
        found = self.events()
        told = [event["response"] for event in found if "response" in event]
        return "".join([*told, *(choice["text"] for event in found for choice in event.get("choices", ()))])


@dataclass(slots=True)
class Ask(asyncio.Protocol):
    """One connection and its one answer."""

    request: bytes
    began: float
    done: "asyncio.Future[None]"
    answer: Answer = field(default_factory=Answer)
    parts: list[bytes] = field(default_factory=list)
    stamp: float = 0.0
    started: bool = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.answer.sent_s = perf_counter() - self.began
        transport.write(self.request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self.stamp = perf_counter() - self.began
        self.parts.append(data)
        if not self.started and FIRST.search(data):
            self.started = True
            self.answer.first_s = self.stamp

    def connection_lost(self, exc: Exception | None) -> None:
        self.answer.done_s = self.stamp
        self.answer.data = b"".join(self.parts)
        if not self.done.done():
            self.done.set_result(None)


def ask(port: int, streams: Sequence[Sequence[Wanted]]) -> list[list[Answer]]:
    """Each stream asks its requests one after another, all streams at the same time."""
    return uvloop.run(_ask(port, streams))


async def _ask(port: int, streams: Sequence[Sequence[Wanted]]) -> list[list[Answer]]:
    began = perf_counter()
    return list(await asyncio.gather(*(_stream(port, wanted, began) for wanted in streams)))


async def _stream(port: int, requests: Sequence[Wanted], began: float) -> list[Answer]:
    loop, answers = asyncio.get_running_loop(), []
    for wanted in requests:
        if (ahead := began + wanted.at_s - perf_counter()) > 0:
            await asyncio.sleep(ahead)
        asked = Ask(request_bytes(wanted), began, loop.create_future())
        await loop.create_connection(lambda asked=asked: asked, "127.0.0.1", port)  # type: ignore[misc]
        await asked.done
        if b" 200 " not in asked.answer.data[:20]:
            raise SystemExit(f"the server refused {wanted.path}: {asked.answer.data[:500].decode(errors='replace')}")
        answers.append(asked.answer)
    return answers


def request_bytes(wanted: Wanted) -> bytes:
    """The request as it goes over the wire."""
    body = json.dumps(wanted.body).encode()
    head = f"POST {wanted.path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\nconnection: close\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


def _plain(data: bytes) -> bytes:
    """The body, taken out of its chunks where it came in such."""
    head, _, rest = data.partition(b"\r\n\r\n")
    if b"chunked" not in head.lower():
        return rest
    parts = []
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size, 16)
        parts.append(rest[:length])
        rest = rest[length + 2 :]
    return b"".join(parts)
