"""Clients that ask for a long answer and are gone after its first piece, some at a time."""

import asyncio

import uvloop

from engine_parts.asking import Wanted, request_bytes
from engine_parts.servers import Server

AT_ONCE = 4


def leave(server: Server, times: int) -> None:
    """So many requests, each given up."""
    uvloop.run(_leave(server, times))


async def _leave(server: Server, times: int) -> None:
    body = {"model": server.model, "prompt": "hello", "options": {"num_predict": 1500, "ignore_eos": True}}
    request = request_bytes(Wanted(path="/api/generate", body=body))
    shares = [times // AT_ONCE + (number < times % AT_ONCE) for number in range(AT_ONCE)]
    await asyncio.gather(*(_one_after_another(server.port, request, share) for share in shares))


async def _one_after_another(port: int, request: bytes, times: int) -> None:
    for _ in range(times):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        head = await reader.readline()
        if b" 200 " not in head:
            raise SystemExit(f"the server refused a request: {head!r}")
        await reader.readuntil(b'"response"')
        writer.transport.abort()
