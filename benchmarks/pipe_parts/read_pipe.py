"""The same streams read through the pipe's client side."""

import asyncio

from ollascope.pipe import Address, Ask, Client, Limits, Receiver
from ollascope.words.errors import NetworkTrouble
from pipe_parts.gate import Order
from pipe_parts.reading import Stamped, main, measure
from pipe_parts.script import BODY

HEADERS = [
    (b"accept", b"*/*"),
    (b"user-agent", b"pipe-benchmark/1"),
    (b"content-type", b"application/json"),
    (b"authorization", b"Bearer olk_0123456789abcdef"),
]


class Keep(Receiver):
    """Keeps each piece and when it came."""

    __slots__ = ("done", "kept")

    def __init__(self, kept: Stamped, done: asyncio.Future[None]) -> None:
        self.kept, self.done = kept, done

    def on_piece(self, piece: bytes, at: int) -> None:
        self.kept.append((at, piece))

    def on_end(self, at: int) -> None:
        self.done.set_result(None)

    def on_failed(self, trouble: NetworkTrouble) -> None:
        self.done.set_exception(trouble)


async def program(order: Order) -> dict[str, object]:
    loop = asyncio.get_running_loop()
    client = Client(limits=Limits(connections=4096, requests=1_000_000))
    address = Address(port=order.port)

    async def read(path: str, kept: Stamped) -> None:
        done: asyncio.Future[None] = loop.create_future()
        asked = Ask(address=address, method="POST", target=path.encode(), headers=HEADERS, body=BODY)
        client.send(asked, Keep(kept, done))
        await done

    return await measure(order, read)


if __name__ == "__main__":
    main(program)
