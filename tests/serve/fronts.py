"""What the front's tests talk with: a fake that is served, and a client that writes raw bytes."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

from ollascope.engines.fake import Fake, FakeSource
from ollascope.pipe import Address
from ollascope.serve import Front, Serve, serving
from ollascope.serve.fake import front_of

COMMAND = [sys.executable, "-P", "-m", "ollascope"]
QUICK = Fake(ttft_s=0, gap_s=0)
MANNERS = Serve(drain_s=0)


@asynccontextmanager
async def served(settings: Fake = QUICK, manners: Serve = MANNERS) -> AsyncIterator[tuple[FakeSource, Address]]:
    """A fake behind the front."""
    fake = FakeSource(settings)
    async with serving(front_of(fake, manners), manners, 0) as address:
        yield fake, address


@asynccontextmanager
async def fronted(front: Front, manners: Serve = MANNERS) -> AsyncIterator[Address]:
    async with serving(front, manners, 0) as address:
        yield address


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer as it came."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Line:
    """One connection: requests are written as bytes, answers read as they come."""

    def __init__(self, address: Address) -> None:
        self._address = address

    async def __aenter__(self) -> "Line":
        self.reader, self.writer = await asyncio.open_connection(self._address.host, self._address.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()

    def send(self, method: str, path: str, body: bytes | dict[str, Any] = b"", **headers: str) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {"host": "127.0.0.1", "content-length": str(len(data))}
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
        self.writer.write(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + data)

    async def head(self) -> Heard:
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        pairs = (line.partition(": ") for line in lines[1:] if line)
        return Heard(int(lines[0].split()[1]), {name: value for name, _, value in pairs}, b"")

    async def piece(self) -> bytes:
        """One HTTP chunk; empty after the last."""
        size = int(await self.reader.readline(), 16)
        return (await self.reader.readexactly(size + 2))[:-2]

    async def hear(self, *, headless: bool = False) -> Heard:
        head = await self.head()
        body = b""
        if head.headers.get("transfer-encoding") == "chunked":
            while piece := await self.piece():
                body += piece
        elif not headless:
            body = await self.reader.readexactly(int(head.headers.get("content-length", "0")))
        return Heard(head.status, head.headers, body)


async def ask(address: Address, method: str, path: str, body: bytes | dict[str, Any] = b"", **headers: str) -> Heard:
    """One request on a connection of its own."""
    async with Line(address) as line:
        line.send(method, path, body, **headers)
        return await asyncio.wait_for(line.hear(headless=method == "HEAD"), 20)


@contextmanager
def started(
    *options: str, settings: tuple[str, ...] = (), data: object
) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """A fake server in a process of its own, and its address."""
    named = [f"--set={setting}" for setting in settings]
    process = subprocess.Popen(
        [*COMMAND, f"--data={data}", *named, "fake", "--json", "--port", "0", *options],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        told = json.loads("".join(iter(process.stdout.readline, "}\n")) + "}")
        yield process, told["url"]
    finally:
        process.terminate()
        process.communicate(timeout=10)
