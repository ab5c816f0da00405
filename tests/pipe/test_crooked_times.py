"""Crooked senders and readers over time: truncation at every byte, silence, drips, floods, leaving in every phase."""

import asyncio
import itertools
import time
import tracemalloc
from collections.abc import Awaitable, Callable, Iterable

import pytest

from ollascope.pipe import Address, Answer, Ask, Client, Limits, Place, Request, Server, Waits
from ollascope.words.errors import ConnectFailed, NetworkTrouble
from tests.pipe.conftest import Run
from tests.pipe.crooked_answers import ROWS as ANSWERS
from tests.pipe.crooked_requests import BLOCK, ROWS, chunked, flood, get, post
from tests.pipe.drive import Line, judge, observe
from tests.pipe.far_ends import LIMITS, Recorder, plain_server
from tests.pipe.fuzz.harness import MemoryLoop
from tests.pipe.liar import Liar, listening
from tests.pipe.talk import calling, passing, scripted, serving, until

COUNTED = post(b"Content-Length: 5")
IN_CHUNKS = chunked(b"2;x\r\nhe\r\n3\r\nllo\r\n0\r\nA: b\r\n\r\n")
HASTY = Limits(waits=Waits(head=0.3, body=0.3, idle=0.3, write=0.3, linger=0.2))

Leave = Callable[[Line], Awaitable[None]]


async def leave_politely(line: Line) -> None:
    line.finish()
    await line.wait(lambda: line.over)


async def leave_rudely(line: Line) -> None:
    await line.reset()


async def stay(line: Line) -> None:
    await line.wait(lambda: line.over)


async def send_truncated(port: int, prefixes: Iterable[bytes], leave: Leave) -> list[bytes]:
    """What each sender of a part got back."""

    async def one(prefix: bytes) -> bytes:
        line = Line()
        await line.open(port)
        await line.send(prefix)
        await leave(line)
        if line.opened:
            await line.close()
        return bytes(line.received)

    return await asyncio.gather(*(one(prefix) for prefix in prefixes))


@pytest.mark.parametrize("raw", [COUNTED, IN_CHUNKS], ids=["counted", "chunked"])
@pytest.mark.parametrize("leave", [leave_politely, leave_rudely])
def test_request_cut_at_any_byte_is_never_answered(raw: bytes, leave: Leave, run: Run) -> None:
    async def main() -> None:
        recorder = Recorder()
        async with serving(recorder) as (server, address):
            got = await send_truncated(address.port, (raw[:cut] for cut in range(len(raw))), leave)
            await until(lambda: not server.counters.connections_open)
            assert server.counters.requests_open == 0
        assert not recorder.seen
        assert set(got) == {b""}

    run(main())


@pytest.mark.parametrize("raw", [COUNTED, IN_CHUNKS], ids=["counted", "chunked"])
@pytest.mark.parametrize("leave", [leave_politely, leave_rudely])
def test_upstream_hears_of_a_request_cut_at_any_byte(raw: bytes, leave: Leave, run: Run) -> None:
    whole: list[bytes] = []
    open_now = 0

    async def read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal open_now
        open_now += 1
        try:
            got = await reader.read()
        except ConnectionError:
            got = b""
        open_now -= 1
        if got.endswith((b"hello", b"0\r\n\r\n")):
            whole.append(got)

    async def main() -> None:
        async with scripted(read) as upstream, passing(upstream) as (server, address, client):
            await send_truncated(address.port, (raw[:cut] for cut in range(len(raw))), leave)
            await until(lambda: not server.counters.connections_open and not client.counters.connections_open)
            await until(lambda: not open_now)

    run(main())
    # A chunked request is whole only with its last byte; a counted one is cut inside its length.
    assert not whole


@pytest.mark.parametrize("raw", [COUNTED, IN_CHUNKS], ids=["counted", "chunked"])
def test_request_that_stops_at_any_byte_is_told_that_it_is_late(raw: bytes, run: Run) -> None:
    async def main() -> None:
        recorder = Recorder()
        async with serving(recorder, HASTY) as (_, address):
            got = await send_truncated(address.port, (raw[:cut] for cut in range(len(raw))), stay)
        assert not recorder.seen
        assert got[0] == b""
        assert {one[:12] for one in got[1:]} == {b"HTTP/1.1 408"}

    run(main())


@pytest.mark.parametrize(
    ("start", "more"),
    [
        (b"GET / HTTP/1.1\r\n", b"X: y\r\n"),
        (b"GET /", b"a"),
        (post(b"Content-Length: 1000", body=b""), b"a"),
        (chunked(b""), b"1\r\na\r\n"),
        (chunked(b"5;"), b"a"),
        (chunked(b"0\r\n"), b"A: b\r\n"),
    ],
    ids=["head", "target", "body", "chunks", "extension", "trailers"],
)
def test_sender_that_drips_is_late_however_busy_it_is(start: bytes, more: bytes, run: Run) -> None:
    async def main() -> None:
        recorder = Recorder()
        async with serving(recorder, HASTY) as (_, address):
            drip = (start, *itertools.chain.from_iterable((0.03, more) for _ in range(200)))
            seen = await observe(address.port, drip)
        assert seen.verdict == "408 closed"
        assert not recorder.seen

    run(main())


def test_silent_connection_is_closed_without_a_word(run: Run) -> None:
    async def main() -> None:
        async with serving(Recorder(), HASTY) as (_, address):
            assert await send_truncated(address.port, [b""], stay) == [b""]

    run(main())


def test_quiet_kept_connection_is_closed(run: Run) -> None:
    async def main() -> None:
        async with serving(Recorder(), HASTY) as (_, address):
            [got] = await send_truncated(address.port, [get()], stay)
        assert judge(got, True, ["GET"]).verdict == "200 closed"

    run(main())


def test_reader_that_takes_nothing_is_cut_and_fills_no_memory(run: Run) -> None:
    handed = 0
    ended = asyncio.Event()

    async def pour(request: Request, answer: Answer) -> None:
        nonlocal handed
        answer.start(200)
        try:
            while True:
                handed += len(BLOCK)
                if not answer.piece(BLOCK):
                    await answer.ready()
        finally:
            ended.set()

    async def main() -> None:
        async with serving(pour, HASTY) as (server, address):
            _, writer = await asyncio.open_connection("127.0.0.1", address.port, limit=1024)
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            writer.write(get())
            await asyncio.wait_for(ended.wait(), 10)
            await until(lambda: not server.counters.connections_open)
            writer.transport.abort()
        assert handed < 20_000_000

    run(main())


def test_connections_over_the_limit_are_told_and_the_others_are_served(run: Run) -> None:
    limits = Limits(connections=5, waits=Waits(linger=0.05))

    async def main() -> None:
        recorder = Recorder()
        async with serving(recorder, limits) as (server, address):
            held = [Line() for _ in range(5)]
            for line in held:
                await line.open(address.port)
            await until(lambda: server.counters.connections_open == 5)
            got = await send_truncated(address.port, [get()] * 200, stay)
            assert {one[:12] for one in got} <= {b"HTTP/1.1 503", b""}
            assert sum(one != b"" for one in got) > 0
            for line in held:
                await line.send(get())
                await line.wait(lambda line=line: b"\r\n\r\n" in line.received)  # type: ignore[misc]
                assert line.received.startswith(b"HTTP/1.1 200")
                await line.close()
            await until(lambda: not server.counters.connections_open)
            assert (await observe(address.port, get())).verdict == "200 open"

    run(main())


def test_connection_ends_after_as_many_requests_as_allowed(run: Run) -> None:
    async def main() -> None:
        async with serving(Recorder(), Limits(requests=3)) as (_, address):
            assert (await observe(address.port, get() * 5)).verdict == "200 200 200 closed"

    run(main())


@pytest.mark.parametrize("block", [get() * 1000, b"\0" * 65_536], ids=["requests", "zeros"])
def test_flood_behind_a_running_request_ends_it(block: bytes, run: Run) -> None:
    started, left = asyncio.Event(), asyncio.Event()

    async def wait(request: Request, answer: Answer) -> None:
        started.set()
        request.when_gone(left.set)
        await request.wait_gone()

    async def main() -> None:
        async with serving(wait) as (server, address):
            line = Line()
            await line.open(address.port)
            await line.send(get())
            await started.wait()
            await line.send_all(flood(b"", block))
            await line.wait(lambda: line.over)
            await asyncio.wait_for(left.wait(), 10)
            await until(lambda: not server.counters.connections_open)
            assert server.counters.requests == 1
            await line.close()

    run(main())


def test_flood_behind_the_last_request_fills_no_memory_and_harms_no_answer(run: Run) -> None:
    started, enough = asyncio.Event(), asyncio.Event()

    async def wait(request: Request, answer: Answer) -> None:
        started.set()
        await enough.wait()
        answer.whole(200, b"late")

    async def main() -> None:
        async with serving(wait) as (server, address):
            line = Line()
            await line.open(address.port)
            await line.send(get(b"Connection: close"))
            await started.wait()
            tracemalloc.start()
            try:
                await line.send_all(flood(b"", blocks=150))
                assert tracemalloc.get_traced_memory()[1] < 4_000_000
            finally:
                tracemalloc.stop()
            enough.set()
            await line.wait(lambda: line.over)
            assert line.received.endswith(b"late")
            await line.close()
            await until(lambda: not server.counters.connections_open)

    run(main())


def test_flood_of_pipelined_requests_whose_sender_reads_nothing_stops(run: Run) -> None:
    async def main() -> None:
        answered = 0

        def say(request: Request, answer: Answer) -> None:
            nonlocal answered
            answered += 1
            answer.whole(200, BLOCK)

        async with serving(say, HASTY) as (server, address):
            _, writer = await asyncio.open_connection("127.0.0.1", address.port, limit=1024)
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            writer.write(get() * 20_000)
            await until(lambda: answered > 0 and not server.counters.connections_open)
            writer.transport.abort()
        assert answered * len(BLOCK) < 20_000_000

    run(main())


def prefixes_of_an_exchange() -> dict[str, bytes]:
    return {
        "connected": b"",
        "in-line": b"GET / HT",
        "in-head": COUNTED[:40],
        "after-head": COUNTED[:-5],
        "in-body": COUNTED[:-2],
        "in-chunks": IN_CHUNKS[:-20],
        "while-answering": COUNTED,
        "while-pipelining": COUNTED + COUNTED[:20],
    }


@pytest.mark.parametrize("leave", [leave_politely, leave_rudely])
@pytest.mark.parametrize("phase", list(prefixes_of_an_exchange()))
def test_client_that_leaves_in_any_phase_leaves_nothing_behind(phase: str, leave: Leave, run: Run) -> None:
    running = 0

    async def hang(request: Request, answer: Answer) -> None:
        nonlocal running
        running += 1
        try:
            await request.read()
            answer.start(200)
            while True:
                answer.piece(b"x")
                await asyncio.sleep(0.005)
        finally:
            running -= 1

    async def main() -> None:
        async with serving(hang) as (server, address):
            line = Line()
            await line.open(address.port)
            await line.send(prefixes_of_an_exchange()[phase])
            if phase.startswith("while"):
                await line.wait(lambda: len(line.received) > 0)
            await leave(line)
            await until(lambda: not server.counters.connections_open and not running)
            assert server.counters.requests_open == 0
            if line.opened:
                await line.close()

    run(main())


@pytest.mark.parametrize("row", [row for row in ROWS if callable(row.sends)], ids=lambda row: row.id)
def test_flood_of_a_request_stays_in_bounded_memory(row: object) -> None:
    async def main() -> int:
        async with plain_server() as (port, _):
            tracemalloc.start()
            try:
                await observe(port, row.sends)  # type: ignore[attr-defined]
                return tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()

    assert asyncio.run(main()) < 4_000_000


@pytest.mark.parametrize("row", [row for row in ANSWERS if callable(row.script)], ids=lambda row: row.id)
def test_flood_of_an_answer_stays_in_bounded_memory(row: object) -> None:
    async def main() -> int:
        async with listening(Liar(row)) as port, calling(LIMITS) as client:  # type: ignore[arg-type]
            tracemalloc.start()
            try:
                async with await client.ask(Ask(address=Address(port=port), target=b"/crooked")) as reply:
                    await reply.read()
            except NetworkTrouble:
                return tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()
        raise AssertionError("the flood was taken")

    assert asyncio.run(main()) < 4_000_000


def test_exchange_holds_back_an_upstream_whose_reader_is_slow(run: Run) -> None:
    poured = 0

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal poured
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(BLOCK)
            await writer.drain()
            poured += len(BLOCK)

    async def main() -> None:
        async with scripted(pour) as upstream, passing(upstream) as (server, address, _):
            _, writer = await asyncio.open_connection("127.0.0.1", address.port, limit=1024)
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            writer.write(get())
            before = -1
            while poured != before or not poured:
                before = poured
                await asyncio.sleep(0.05)
            assert poured < 20_000_000
            writer.transport.abort()
            await until(lambda: not server.counters.connections_open)

    run(main())


def test_exchange_holds_back_a_sender_whose_upstream_is_slow(run: Run) -> None:
    stop = asyncio.Event()

    async def take_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        await stop.wait()
        writer.transport.abort()

    async def main() -> None:
        async with scripted(take_nothing) as upstream, passing(upstream) as (server, address, client):
            line = Line()
            await line.open(address.port)
            taken = 0

            async def pour() -> None:
                nonlocal taken
                await line.send(post(b"Content-Length: 60000000", body=b""))
                for _ in range(900):
                    await line.send(BLOCK)
                    taken += len(BLOCK)

            pouring = asyncio.create_task(pour())
            before = -1
            while taken != before or not taken:
                before = taken
                await asyncio.sleep(0.05)
            assert taken < 30_000_000
            pouring.cancel()
            await asyncio.wait((pouring,))
            await line.reset()
            stop.set()
            await until(lambda: not server.counters.connections_open and not client.counters.connections_open)

    run(main())


def test_client_opens_no_more_connections_than_allowed(run: Run) -> None:
    most = 0
    now = 0

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal most, now
        now += 1
        most = max(most, now)
        await reader.read()
        now -= 1

    async def ask(client: Client, address: Address) -> None:
        async with await client.ask(Ask(address=address, waits=Waits(head=0.2))):
            raise AssertionError("nobody answers")

    async def main() -> None:
        async with scripted(hold) as address, calling(Limits(connections=10)) as client:
            results = await asyncio.gather(*(ask(client, address) for _ in range(60)), return_exceptions=True)
        assert all(isinstance(result, NetworkTrouble) for result in results)
        assert sum(isinstance(result, ConnectFailed) for result in results) == 50

    run(main())
    assert most <= 10


def test_look_at_the_clock_between_a_fin_and_its_end_harms_nobody() -> None:
    loop = MemoryLoop()

    async def main() -> None:
        server = Server(Recorder(), limits=Limits(waits=Waits(linger=0.04)))  # looks every 10 ms
        await server.listen(Place())
        wire = loop.connect(loop.doors[0]())
        wire.feed(COUNTED[:-2])
        await asyncio.sleep(0)
        time.sleep(0.03)
        loop.call_soon(wire.finish)
        await asyncio.sleep(0.02)
        await server.close(drain=0)

    loop.run_until_complete(main())
    loop.close()
    assert not loop.errors
