"""The bare server, judge and floor in one: an asyncio.Protocol on uvloop writing ready-made bytes at known times."""

import asyncio
import gc
import re
from time import monotonic_ns

import uvloop

from pipe_parts.script import CHUNK, HEAD, LAST, SHORT_ANSWER, chunk, first_piece, read_plan
from pipe_parts.wheel import Wheel

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Stream(asyncio.Protocol):
    """One connection: reads a request, then writes the answer its path asks for."""

    __slots__ = ("asked", "buffer", "due", "gap", "left", "transport", "wheel")

    def __init__(self, wheel: Wheel) -> None:
        self.wheel = wheel
        self.buffer = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        buffer = self.buffer = self.buffer + data
        while (end := buffer.find(b"\r\n\r\n")) >= 0:
            length = LENGTH.search(buffer, 0, end + 2)
            size = end + 4 + (int(length[1]) if length else 0)
            if len(buffer) < size:
                break
            self.begin(buffer[: buffer.index(b"\r\n")])
            buffer = self.buffer = buffer[size:]

    def begin(self, line: bytes) -> None:
        path = line.split(b" ")[1].decode()
        if not path.startswith("/stream/"):
            self.transport.write(SHORT_ANSWER)
            return
        plan = read_plan(path)
        self.asked = monotonic_ns()
        self.left, self.gap = plan.pieces, plan.gap_ms
        self.due = self.wheel.now() + plan.ttft_ms
        self.wheel.at(self.due, self.first)

    def first(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(HEAD + chunk(first_piece(self.asked)))
            self.follow()

    def next(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(CHUNK)
            self.follow()

    def follow(self) -> None:
        self.left -= 1
        if self.left:
            self.due += self.gap
            self.wheel.at(self.due, self.next)
        else:
            self.transport.write(LAST)


async def serve() -> None:
    """Listen on a free port of loopback, say which, and serve until killed."""
    loop = asyncio.get_running_loop()
    wheel = Wheel(loop)
    server = await loop.create_server(lambda: Stream(wheel), "127.0.0.1", 0, backlog=4096)
    gc.freeze()
    print("ready", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve())
