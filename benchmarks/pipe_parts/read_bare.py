"""The floor of reading: a bare protocol on uvloop, httptools, each piece stamped and kept."""

import asyncio
from collections import deque
from time import monotonic_ns

import httptools

from pipe_parts.gate import Order
from pipe_parts.reading import Stamped, main, measure
from pipe_parts.script import ask


class Connection(asyncio.Protocol):
    """One kept-alive connection to the server."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport

    def begin(self, request: bytes, kept: Stamped) -> asyncio.Future[None]:
        self.kept = kept
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.parser = httptools.HttpResponseParser(self)
        self.transport.write(request)
        return self.done

    def data_received(self, data: bytes) -> None:
        self.at = monotonic_ns()
        self.parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self.kept.append((self.at, body))

    def on_message_complete(self) -> None:
        self.done.set_result(None)


async def program(order: Order) -> dict[str, object]:
    loop = asyncio.get_running_loop()
    pool: deque[Connection] = deque()

    async def read(path: str, kept: Stamped) -> None:
        if pool:
            connection = pool.pop()
        else:
            _, connection = await loop.create_connection(Connection, "127.0.0.1", order.port)
        await connection.begin(ask(path, order.port), kept)
        pool.append(connection)

    return await measure(order, read)


if __name__ == "__main__":
    main(program)
