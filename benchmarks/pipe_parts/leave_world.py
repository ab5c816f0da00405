"""Both ends of the exchanges that are left: the upstream and the clients, in one process with one clock."""

import asyncio
import json
import random
import sys
from time import monotonic_ns
from typing import ClassVar

import httptools
import uvloop

from pipe_parts.leave_log import Log
from pipe_parts.leave_plan import Leaving, draw, go
from pipe_parts.wheel import Wheel

WORKERS = 8


class Upstream(asyncio.Protocol):
    """One connection from the exchange: answers by the plan of the request's number, and may go in the middle."""

    open: ClassVar[set["Upstream"]] = set()

    def __init__(self, log: Log, wheel: Wheel) -> None:
        self.log, self.wheel = log, wheel
        self.plan: Leaving | None = None
        self.parser = httptools.HttpRequestParser(self)
        self.full = self.gone = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport
        Upstream.open.add(self)

    def data_received(self, data: bytes) -> None:
        if not self.gone:
            self.parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self.number = int(url.rsplit(b"/", 1)[1])
        self.plan = self.log.plans[self.number]
        self.log.seen.add(self.number)

    def on_message_complete(self) -> None:
        self.index = self.written = 0
        if self.plan:
            self.wheel.at(self.wheel.now() + self.plan.hold_ms, self.step)

    def step(self) -> None:
        """Write the next piece, or as much of it as the plan allows, and go."""
        plan = self.plan
        if plan is None or self.gone:
            return
        data = b"" if self.full else plan.answer(self.index)
        if plan.written is not None and self.written + len(data) >= plan.written:
            self.transport.write(data[: plan.written - self.written])
            self.leave(plan)
            return
        self.transport.write(data)
        self.written += len(data)
        self.index += bool(data)
        if self.index < plan.pieces:
            self.wheel.at(self.wheel.now() + 1, self.step)
        else:
            self.plan = None

    def leave(self, plan: Leaving) -> None:
        self.gone = True
        self.plan = None
        self.log.leave(
            plan.number,
            "before the head" if not plan.written else "in the head" if plan.written < 80 else "in the body",
        )
        go(self.transport, plan.manner)

    def pause_writing(self) -> None:
        self.full = True

    def resume_writing(self) -> None:
        self.full = False

    def eof_received(self) -> bool:
        self.hear("end")
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        Upstream.open.discard(self)
        self.hear("lost" if exc is None else type(exc).__name__)
        self.gone = True

    def hear(self, how: str) -> None:
        if self.plan is not None and self.plan.side == "client":
            self.log.hear(self.plan.number, how)
        elif self.plan is not None and not self.gone:
            self.log.complain(self.plan.number, "the exchange left by itself")
        self.plan = None


class Client(asyncio.Protocol):
    """One connection to the exchange: asks, checks every byte that comes, and may go in the middle."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.left = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport

    def begin(self, plan: Leaving) -> None:
        self.plan = plan
        self.body = b""
        self.came = self.whole = False
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.parser = httptools.HttpResponseParser(self)

    def data_received(self, data: bytes) -> None:
        self.came = True
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError as error:
            self.log.complain(self.plan.number, f"the client could not read {data[:80]!r} ({error})")

    def on_headers_complete(self) -> None:
        if (status := self.parser.get_status_code()) in {502, 504}:
            if self.plan.side == "upstream" and self.plan.number in self.log.left:
                self.log.hear(self.plan.number, f"{status}")
            else:
                self.log.refused_unasked += 1
        elif status != 200:
            self.log.complain(self.plan.number, f"status {status}")

    def on_body(self, body: bytes) -> None:
        if self.parser.get_status_code() == 200:
            self.body += body

    def on_message_complete(self) -> None:
        self.whole = True
        plan, status = self.plan, self.parser.get_status_code()
        if status == 200 and plan.written is not None:
            self.log.complain(plan.number, "a broken answer ended as a whole one")
        if not self.done.done():
            self.done.set_result(None)

    def check(self) -> None:
        """Every byte must be of this exchange, in order."""
        want = (
            b"".join(self.plan.piece(i) for i in range(1 + len(self.body) // len(self.plan.piece(0))))
            if self.body
            else b""
        )
        if not want.startswith(self.body):
            self.log.complain(self.plan.number, f"foreign bytes {self.body[:200]!r}")

    def eof_received(self) -> bool:
        self.hear("end")
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.hear("lost" if exc is None else type(exc).__name__)
        if not self.ended.done():
            self.ended.set_result(None)

    def hear(self, how: str) -> None:
        if self.plan.side == "upstream":
            self.log.hear(self.plan.number, how)
        if not self.done.done():
            self.done.set_result(None)


async def live_through(log: Log, plan: Leaving, port: int) -> None:
    """One exchange from the client's side."""
    loop = asyncio.get_running_loop()
    transport, client = await loop.create_connection(lambda: Client(log), "127.0.0.1", port)
    if plan.warm:
        await ask_whole(
            log, client, Leaving(number=-plan.number, side="nobody", manner="close", chunked=plan.chunked, pieces=2)
        )
    client.begin(plan)
    if plan.stall:
        transport.pause_reading()
    transport.write(plan.request if plan.sent is None else plan.request[: plan.sent])
    if plan.side == "client":
        await asyncio.sleep(plan.wait_s)
        await leave(log, client, plan)
    else:
        await asyncio.wait([client.done], timeout=5.0)
        if not client.done.done():
            log.complain(plan.number, "nothing came for five seconds")
        transport.close()
    client.check()
    transport.abort()
    await client.ended


async def ask_whole(log: Log, client: Client, plan: Leaving) -> None:
    log.plans[plan.number] = plan
    client.begin(plan)
    client.transport.write(plan.request)
    await asyncio.wait([client.done], timeout=5.0)
    client.check()
    if not client.whole:
        log.complain(plan.number, "a whole exchange did not end")


async def leave(log: Log, client: Client, plan: Leaving) -> None:
    log.leave(plan.number, _phase(client, plan))
    go(client.transport, plan.manner)
    if plan.number in log.seen and plan.pieces > 1000:
        await log.wait_heard(plan.number)
    if plan.manner == "half":
        if plan.stall:
            client.transport.resume_reading()  # or it would not see that the exchange has closed
        await asyncio.wait([client.ended], timeout=2.0)
        if not client.ended.done():
            log.complain(plan.number, "a client that sent its FIN was kept for two seconds")


def _phase(client: Client, plan: Leaving) -> str:
    if plan.sent is not None:
        return (
            "before the head"
            if not plan.sent
            else "in the head"
            if plan.sent < plan.request.index(b"\r\n\r\n")
            else "in the body"
        )
    if client.whole:
        return "after the end"
    return "stalled" if plan.stall else "in the answer" if client.came else "waiting"


async def run_all(log: Log, port: int, first: int, count: int, seed: int) -> None:
    """`count` exchanges, eight at a time; then time for what was left to be noticed."""
    dice = random.Random(seed)
    numbers = iter(range(first, first + count))

    async def work() -> None:
        for number in numbers:
            plan = log.plans[number] = draw(number, dice)
            await live_through(log, plan, port)
            log.plans.pop(-number, None)

    await asyncio.gather(*[work() for _ in range(WORKERS)])
    await asyncio.sleep(0.5)
    for number in [
        n for n in log.left if n in log.seen and log.plans[n].side == "client" and log.plans[n].pieces > 1000
    ]:
        log.complain(number, "the upstream never heard")
    for connection in list(Upstream.open):
        connection.transport.close()
    await asyncio.sleep(0.1)
    if Upstream.open:
        log.wrong.append(f"{len(Upstream.open)} upstream connections stay")
    log.plans.clear()
    log.left.clear()
    log.seen.clear()


async def serve() -> None:
    """Say where the upstream listens; then do what each line orders and answer with a line."""
    loop = asyncio.get_running_loop()
    logs, wheel = [Log()], Wheel(loop)
    server = await loop.create_server(lambda: Upstream(logs[0], wheel), "127.0.0.1", 0, backlog=4096)
    print("ready", server.sockets[0].getsockname()[1], flush=True)
    first = 1
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        order = json.loads(line)
        log = logs[0] = Log()
        started = monotonic_ns()
        await run_all(log, order["port"], first, order["count"], order["seed"])
        first += order["count"]
        print(json.dumps(summarise(log) | {"seconds": (monotonic_ns() - started) / 1e9}), flush=True)


def summarise(log: Log) -> dict[str, object]:
    took = sorted(log.took_ms) or [0.0]
    return {
        "heard": len(log.took_ms),
        "p50_ms": took[len(took) // 2],
        "p99_ms": took[len(took) * 99 // 100],
        "max_ms": took[-1],
        "slow": sorted(log.slow, reverse=True)[:10],
        "phases": dict(sorted(log.phases.items())),
        "refused_unasked": log.refused_unasked,
        "wrong": len(log.wrong),
        "wrong_first": log.wrong[:10],
    }


if __name__ == "__main__":
    uvloop.run(serve())
