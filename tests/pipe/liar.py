"""A server that plays a crooked answer to whoever asks for /crooked and is honest to everybody else."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator

from tests.pipe.crooked_answers import CLOSE, RESET, CrookedAnswer


class Liar:
    def __init__(self, row: CrookedAnswer) -> None:
        self.row = row
        self.connections = 0
        self.played = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        name = b" by %d" % self.connections
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                target = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1]
                if target != b"/crooked":
                    body = target + name
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
                elif not await self.play(writer):
                    break
        writer.close()

    async def play(self, writer: asyncio.StreamWriter) -> bool:
        """False when the connection is to end."""
        script = self.row.script
        try:
            for part in (script,) if isinstance(script, bytes) else script() if callable(script) else script:
                if isinstance(part, float):
                    await asyncio.sleep(part)
                else:
                    if writer.transport.is_closing():
                        break  # uvloop raises on writing to a connection that the other side has ended
                    writer.write(part)
                    await writer.drain()
            if self.row.end == RESET:
                await reset(writer)
        finally:
            self.played.set()
        return self.row.end not in {CLOSE, RESET}


async def reset(writer: asyncio.StreamWriter) -> None:
    """Leaves with a RST, once what was written is on its way."""
    await asyncio.sleep(0.01)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@contextlib.asynccontextmanager
async def listening(liar: Liar) -> AsyncIterator[int]:
    """Gives the port."""
    listener = await asyncio.start_server(liar.serve, "127.0.0.1", 0)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()
