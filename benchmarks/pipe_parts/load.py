"""The bare load client: a protocol on uvloop that stamps the bytes first and parses them when all is over."""

import asyncio
import gc
import json
import os
import sys
from time import monotonic_ns, process_time

import uvloop

from pipe_parts.gate import Order, wait_for_go
from pipe_parts.script import LAST, SHORT, Plan, ask

WARM = Plan(pieces=2, ttft_ms=400, gap_ms=5)  # long enough that every stream is open at once: pools fill up


class Ask(asyncio.Protocol):
    """One connection that asks again and again, and keeps what came and when."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.answers: list[tuple[int, list[tuple[int, bytes]]]] = []
        self.reads: list[tuple[int, bytes]] = []
        self.sent = 0
        self.done: asyncio.Future[None] | None = None
        self.failed = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport

    def ask(self, request: bytes, times: int) -> asyncio.Future[None]:
        self.request, self.left = request, times
        self.done = asyncio.get_running_loop().create_future()
        self.send()
        return self.done

    def send(self) -> None:
        self.left -= 1
        self.reads = []
        self.sent = monotonic_ns()
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.reads.append((monotonic_ns(), data))
        if data.endswith(LAST) and (len(data) > len(LAST) or self.ended()):
            self.answers.append((self.sent, self.reads))
            self.finish()

    def ended(self) -> bool:
        return b"".join(data for _, data in self.reads[-2:]).endswith(b"\r\n" + LAST)

    def finish(self) -> None:
        if self.left:
            self.send()
        elif self.done and not self.done.done():
            self.done.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.done and not self.done.done():
            self.failed = True
            self.done.set_result(None)


class AskShort(Ask):
    """The same for answers with a length, which are counted and not kept."""

    count = 0
    tail = b""

    def data_received(self, data: bytes) -> None:
        self.tail = data if len(data) > len(SHORT) else self.tail + data
        if self.tail.endswith(SHORT):
            self.tail = b""
            self.count += 1
            self.finish()


async def run(order: Order) -> dict[str, object]:
    """Open the connections, warm them, wait for the word, ask, and say what was seen."""
    loop = asyncio.get_running_loop()
    kind = AskShort if order.path == "/short" else Ask
    asks = []
    for _ in range(order.streams):
        _, client = await loop.create_connection(lambda: kind(order), "127.0.0.1", order.port)
        asks.append(client)
    warm = order.path if kind is AskShort else WARM.path
    await asyncio.gather(*[a.ask(ask(warm, order.port, i), 1) for i, a in enumerate(asks)])
    for client in asks:
        client.answers.clear()
    gc.collect()
    gc.freeze()
    gc.disable()
    await wait_for_go(loop)
    started, busy, kernel = monotonic_ns(), process_time(), os.times().system
    await asyncio.gather(*[begin(a, i, order) for i, a in enumerate(asks)])
    spent: dict[str, object] = {"seconds": (monotonic_ns() - started) / 1e9, "client_cpu_s": process_time() - busy}
    spent["kernel_cpu_s"] = os.times().system - kernel
    failed = sum(a.failed for a in asks)
    if kind is AskShort:
        return spent | {"answers": order.streams * order.times, "failed": failed}
    return spent | {"failed": failed} | summarise([answer for a in asks for answer in a.answers])


async def begin(client: Ask, index: int, order: Order) -> None:
    """Ask when this stream's turn has come: the arrivals are spread evenly."""
    await asyncio.sleep(order.spread_s * index / order.streams)
    await client.ask(ask(order.path, order.port, index), order.times)


def summarise(answers: list[tuple[int, list[tuple[int, bytes]]]]) -> dict[str, object]:
    """Pieces, reads, times to the first piece, and how much of them was spent on the way."""
    pieces = reads = 0
    ttft: list[float] = []
    way: list[float] = []
    for sent, stamped in answers:
        whole = b"".join(data for _, data in stamped)
        pieces += whole.count(b"data: ")
        reads += len(stamped)
        length, came = 0, 0
        mark = whole.index(b"data: ")
        for stamp, data in stamped:
            length += len(data)
            if length > mark:
                came = stamp
                break
        truth = json.loads(whole[mark + 6 : whole.index(b"\n\n", mark)])
        ttft.append((came - sent) / 1e6)
        way.append((came - sent - (truth["sent"] - truth["asked"])) / 1e6)
    return {"pieces": pieces, "reads": reads, "ttft_ms": sorted(ttft), "way_ms": sorted(way)}


if __name__ == "__main__":
    print(json.dumps(uvloop.run(run(Order.read(sys.argv[1])))), flush=True)
