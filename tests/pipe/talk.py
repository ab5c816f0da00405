"""What the pipe's tests talk with: servers of any kind on a free port, and a client that writes raw bytes."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

from ollascope.pipe import Address, Answer, Application, Client, Limits, Place, Plan, Request, Server, exchange

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

GET = b"GET / HTTP/1.1\r\nhost: here\r\n\r\n"


def post(body: bytes, more: bytes = b"") -> bytes:
    return b"POST /p HTTP/1.1\r\nhost: here\r\n%bcontent-length: %d\r\n\r\n%b" % (more, len(body), body)


@contextlib.asynccontextmanager
async def serving(
    application: Application, limits: Limits | None = None, **more: object
) -> AsyncIterator[tuple[Server, Address]]:
    server = Server(application, limits=limits or Limits(), **more)  # type: ignore[arg-type]
    [address] = await server.listen(Place())
    try:
        yield server, address
    finally:
        await server.close(drain=0)
        assert server.counters.connections_open == 0
        assert server.counters.requests_open == 0


@contextlib.asynccontextmanager
async def scripted(script: Script) -> AsyncIterator[Address]:
    """A server that follows a script for each connection."""

    followers: set[asyncio.Task[None]] = set()

    async def follow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        followers.add(task)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await script(reader, writer)
        writer.close()
        followers.discard(task)

    server = await asyncio.start_server(follow, "127.0.0.1", 0)
    try:
        yield Address(port=server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for task in tuple(followers):
            task.cancel()
        while followers:
            await asyncio.sleep(0.001)


@contextlib.asynccontextmanager
async def calling(limits: Limits | None = None) -> AsyncIterator[Client]:
    client = Client(limits=limits or Limits())
    try:
        yield client
    finally:
        await client.close()
        assert client.counters.connections_open == 0
        assert client.counters.requests_open == 0


@contextlib.asynccontextmanager
async def passing(
    upstream: Address, limits: Limits | None = None, **plan: object
) -> AsyncIterator[tuple[Server, Address, Client]]:
    """An exchange in front of a server."""
    async with calling(limits) as client:

        def application(request: Request, answer: Answer) -> None:
            exchange(client, request, answer, Plan(address=upstream, **plan))  # type: ignore[arg-type]

        async with serving(application, limits) as (server, address):
            yield server, address, client


class Caller:
    """A connection on which tests write and read bytes as they are."""

    def __init__(self, address: Address) -> None:
        self._address = address

    async def __aenter__(self) -> "Caller":
        self.reader, self.writer = await asyncio.open_connection(self._address.host, self._address.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def head(self) -> bytes:
        return await self.reader.readuntil(b"\r\n\r\n")

    async def exactly(self, count: int) -> bytes:
        return await self.reader.readexactly(count)

    async def answer(self, data: bytes) -> tuple[bytes, bytes]:
        """Sends and gives back the head and the counted body of the answer."""
        self.send(data)
        head = await self.head()
        length = [line for line in head.split(b"\r\n") if line.startswith(b"content-length: ")]
        return head, await self.exactly(int(length[0].partition(b" ")[2]) if length else 0)

    async def to_end(self) -> bytes:
        return await self.reader.read()

    async def closed(self) -> bool:
        try:
            return await self.reader.read() == b""
        except ConnectionError:
            return True

    def reset(self) -> None:
        sock: socket.socket = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.writer.transport.abort()


async def until(claim: Callable[[], bool]) -> None:
    """Waits for something to become true; the test's own time limit ends it."""
    while not claim():
        await asyncio.sleep(0.002)
