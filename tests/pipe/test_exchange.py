"""The exchange over real sockets: bytes as read, hooks, backpressure, and either side leaving in every phase."""

import asyncio
import contextlib
import gc
import socket as sockets
import time

import pytest

from ollascope.pipe import (
    Address,
    Answer,
    Ending,
    Exchange,
    Headers,
    Hook,
    Limits,
    Outcome,
    Plan,
    Request,
    Sending,
    Sizes,
    Waits,
    exchange,
)
from ollascope.words.errors import ConnectFailed, ConnectionCut, NetworkTrouble, TimedOut
from tests.pipe.conftest import Run, loop_errors
from tests.pipe.talk import GET, Caller, calling, passing, post, scripted, serving, until

Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter
NOWHERE = Address(port=1)


async def mirror(request: Request, answer: Answer) -> None:
    """Answers with what it got."""
    body = await request.read()
    lines = [
        b"%b: %b" % pair
        for pair in request.headers
        if pair[0] not in {b"host", b"content-length", b"transfer-encoding"}
    ]
    answer.start(200, [(b"x-up", b"1"), (b"keep-alive", b"timeout=5"), (b"connection", b"x-drop")])
    answer.piece(b"%b %b\n%b\n" % (request.method.encode(), request.target, b"\n".join(lines)))
    answer.end(body)


async def read_chunks(caller: Caller) -> list[bytes]:
    """The chunks of one answer, as they were framed."""
    chunks: list[bytes] = []
    while True:
        size = int(await caller.reader.readuntil(b"\r\n"), 16)
        chunk = (await caller.exactly(size + 2))[:-2]
        if not size:
            return chunks
        chunks.append(chunk)


def streams(*reads: bytes, head: bytes = b"transfer-encoding: chunked", pause: float = 0.01):
    """A server that writes these bytes with a pause between them."""

    async def script(reader: Reader, writer: Writer) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\n%b\r\n\r\n" % head)
            for read in reads:
                await asyncio.sleep(pause)
                writer.write(read)

    return script


def test_request_and_answer_pass_without_what_belongs_to_a_connection(run: Run) -> None:
    async def main() -> None:
        async with serving(mirror) as (_, up), passing(up) as (_, door, _), Caller(door) as caller:
            caller.send(
                post(b"body", b"x-mine: 1\r\nte: trailers\r\nx-hop: 2\r\nconnection: x-hop\r\nupgrade: h2c\r\n")
            )
            head = await caller.head()
            assert b"x-up: 1" in head
            assert b"keep-alive" not in head
            assert b"".join(await read_chunks(caller)) == b"POST /p\nx-mine: 1\nbody"

    run(main())


def test_one_upstream_connection_serves_many_clients_after_each_other(run: Run) -> None:
    async def main() -> None:
        async with serving(mirror) as (upstream, up), passing(up) as (_, door, _):
            for _ in range(5):
                async with Caller(door) as caller:
                    caller.send(GET)
                    await caller.head()
                    await read_chunks(caller)
            assert upstream.counters.connections == 1

    run(main())


def test_pieces_pass_as_read(run: Run) -> None:
    reads = (b"3\r\nabc\r\n", b"1\r\nd\r\n2\r\nef\r\n", b"0\r\n\r\n")

    async def main() -> None:
        async with scripted(streams(*reads)) as up, passing(up) as (_, door, _), Caller(door) as caller:
            caller.send(GET)
            await caller.head()
            assert await read_chunks(caller) == [b"abc", b"d", b"ef"]

    run(main())


def test_pieces_keep_their_order_and_are_counted_however_they_come(run: Run) -> None:
    reads = (
        b"3\r\nabc\r\n", b"1\r\nd\r\n", b"2\r\ne", b"f\r\n", b"1\r\ng\r\n2\r\nhi\r\n", b"B\r\n01234567890\r\n",
        b"1;x=1\r\nj\r\n", b"1\r\nk\r\n", b"1\r\nl\r\n0\r\n\r\n",
    )  # fmt: skip
    outcomes: list[Outcome] = []

    async def main() -> None:
        async with (
            scripted(streams(*reads)) as up,
            passing(up, done=outcomes.append) as (server, door, client),
            Caller(door) as caller,
        ):
            for _ in range(2):
                caller.send(GET)
                head = await caller.head()
                chunks = await read_chunks(caller)
                assert b"".join(chunks) == b"abcdefghi01234567890jkl"
            assert [(one.bytes_in, one.bytes_out) for one in outcomes] == [(23, 23)] * 2
            assert all(1 < one.pieces <= len(reads) for one in outcomes)
            wire = len(head) + sum(len(b"%x" % len(chunk)) + len(chunk) + 4 for chunk in chunks) + len(b"0\r\n\r\n")
            assert server.counters.bytes_out == pytest.approx(2 * wire, abs=2 * 16)  # as reads are cut
            assert client.counters.bytes_in >= 2 * sum(len(read) for read in reads)

    run(main())


@pytest.mark.parametrize("crooked", [b"zz\r\nabc\r\n", b"4\r\nabc\r\nmore", b"2\r\nabc\r\n", b"\nabcd\r\n", b"\r\n"])
def test_crooked_chunk_behind_pieces_that_passed_cuts_the_answer(crooked: bytes, run: Run) -> None:
    outcomes: list[Outcome] = []

    async def main() -> None:
        reads = (b"3\r\nabc\r\n", b"3\r\ndef\r\n", b"3\r\nghi\r\n", crooked)
        async with (
            scripted(streams(*reads)) as up,
            passing(up, done=outcomes.append) as (_, door, _),
            Caller(door) as one,
        ):
            one.send(GET)
            await one.head()
            rest = await one.to_end()
            assert rest.startswith(b"3\r\nabc\r\n3\r\ndef\r\n3\r\nghi\r\n")
            assert not rest.endswith(b"0\r\n\r\n")
        assert [one.ending for one in outcomes] == [Ending.UPSTREAM_FAILED]

    run(main())


def test_stream_may_last_longer_than_its_longest_silence(run: Run) -> None:
    outcomes: list[Outcome] = []
    reads = [b"1\r\n%d\r\n" % (number % 10) for number in range(20)]

    async def main() -> None:
        async with (
            scripted(streams(*reads, pause=0.04)) as up,
            passing(up, done=outcomes.append, waits=Waits(idle=0.4)) as (_, door, _),
            Caller(door) as caller,
        ):
            caller.send(GET)
            await caller.head()
            assert await caller.to_end() == b"".join(reads)  # then it is silent, and is given up
        assert isinstance(outcomes[0].trouble, TimedOut)

    run(main())


def test_extensions_trailers_and_half_chunks_are_framed_anew(run: Run) -> None:
    reads = (b"3;x=y\r\nabc\r\n", b"5\r\nde", b"fgh\r\n", b"0\r\nx-late: 1\r\n\r\n")

    async def main() -> None:
        async with scripted(streams(*reads)) as up, passing(up) as (_, door, _), Caller(door) as caller:
            caller.send(GET + GET)
            for _ in range(2):
                await caller.head()
                assert await read_chunks(caller) == [b"abc", b"de", b"fgh"]

    run(main())


def test_counted_answer_keeps_its_length(run: Run) -> None:
    async def main() -> None:
        script = streams(b"abc", b"de", head=b"content-length: 5")
        async with scripted(script) as up, passing(up) as (_, door, _), Caller(door) as caller:
            for _ in range(2):
                _head, body = await caller.answer(GET)
                assert body == b"abcde"

    run(main())


def test_answer_that_ends_with_its_connection_becomes_chunked(run: Run) -> None:
    async def script(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.0 200 OK\r\n\r\nall of it")

    async def main() -> None:
        async with scripted(script) as up, passing(up) as (_, door, _), Caller(door) as caller:
            for _ in range(2):
                caller.send(GET)
                assert b"transfer-encoding: chunked" in await caller.head()
                assert b"".join(await read_chunks(caller)) == b"all of it"

    run(main())


def test_client_of_http_1_0_gets_plain_bytes(run: Run) -> None:
    async def main() -> None:
        script = streams(b"3\r\nabc\r\n", b"2\r\nde\r\n", b"0\r\n\r\n")
        async with scripted(script) as up, passing(up) as (_, door, _), Caller(door) as caller:
            caller.send(b"GET / HTTP/1.0\r\n\r\n")
            assert b"chunked" not in await caller.head()
            assert await caller.to_end() == b"abcde"

    run(main())


def test_head_passes_with_its_length(run: Run) -> None:
    async def main() -> None:
        script = streams(head=b"content-length: 5")
        async with scripted(script) as up, passing(up) as (_, door, _), Caller(door) as caller:
            for _ in range(2):
                caller.send(b"HEAD / HTTP/1.1\r\nhost: here\r\n\r\n")
                assert b"content-length: 5" in await caller.head()

    run(main())


def test_headers_are_rewritten_both_ways(run: Run) -> None:
    async def main() -> None:
        more = {
            "request_headers": lambda headers: [*headers.without(b"authorization"), (b"x-added", b"up")],
            "answer_headers": lambda status, headers: Headers([*headers, (b"x-status", b"%d" % status)]),
            "target": b"/other?x",
            "body": b"another body",
        }
        async with serving(mirror) as (_, up), passing(up, **more) as (_, door, _), Caller(door) as caller:
            caller.send(post(b"abc", b"authorization: secret\r\n"))
            assert b"x-status: 200" in await caller.head()
            assert b"".join(await read_chunks(caller)) == b"POST /other?x\nx-added: up\nanother body"

    run(main())


@pytest.mark.parametrize("length", [True, False])
def test_upload_streams_through(run: Run, length: bool) -> None:
    async def main() -> None:
        async with serving(mirror) as (_, up), passing(up) as (_, door, _), Caller(door) as caller:
            if length:
                caller.send(post(b"abcdef")[:-3])
            else:
                caller.send(b"POST /p HTTP/1.1\r\nhost: here\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n")
            await asyncio.sleep(0.02)
            caller.send(b"def" if length else b"3\r\ndef\r\n0\r\n\r\n")
            await caller.head()
            assert b"".join(await read_chunks(caller)).endswith(b"abcdef")

    run(main())


def test_big_upload_is_held_back_by_a_slow_upstream(run: Run) -> None:
    go_on = asyncio.Event()
    size = 20_000_000

    async def slow(request: Request, answer: Answer) -> None:
        await go_on.wait()
        answer.whole(200, b"%d" % len(await request.read()))

    async def main() -> None:
        async with serving(slow) as (upstream, up), passing(up) as (_, door, _client), Caller(door) as caller:
            caller.send(post(b"")[:-5] + b"%d\r\n\r\n" % size + b"x" * size)
            await until(lambda: upstream.counters.requests_open == 1)
            await asyncio.sleep(0.05)
            assert caller.writer.transport.get_write_buffer_size() > 1_000_000
            go_on.set()
            _, body = await caller.answer(b"")
            assert body == b"%d" % size

    run(main())


def test_slow_client_holds_the_upstream_back(run: Run) -> None:
    written: list[int] = []

    async def pour(_: Request, answer: Answer) -> None:
        answer.start(200)
        for _ in range(300):
            written.append(1)
            if not answer.piece(b"x" * 100_000):
                await answer.ready()
        answer.end()

    async def main() -> None:
        async with serving(pour) as (_, up), passing(up) as (_, door, _), Caller(door) as caller:
            caller.send(GET)
            await asyncio.sleep(0.05)
            assert len(written) < 280
            await caller.head()
            assert sum(map(len, await read_chunks(caller))) == 30_000_000

    run(main())


class Upper(Hook):
    """Holds `hold`, drops `drop`, raises the rest."""

    def __init__(self) -> None:
        self.held = b""

    def piece(self, piece: bytes, at: int) -> bytes | None:
        if piece == b"hold":
            self.held = piece
            return b""
        if piece == b"pass":
            return None
        return b"" if piece == b"drop" else piece.upper()

    def last(self, at: int) -> bytes:
        return self.held + b"!"


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize("head", [b"transfer-encoding: chunked", b"content-length: 22"])
def test_hook_passes_holds_replaces_drops_and_appends(run: Run, alone: bool, head: bytes) -> None:
    words = [b"one", b"hold", b"drop", b"pass", b"seven", b"-"]
    words[-1] = b"x" * (22 - sum(map(len, words[:-1])))
    if b"chunked" in head:
        reads = [b"%x\r\n%b\r\n" % (len(word), word) for word in words] + [b"0\r\n\r\n"]
        if not alone:
            reads[-2:] = [reads[-2] + reads[-1]]
    else:
        reads = words

    async def main() -> None:
        async with (
            scripted(streams(*reads, head=head)) as up,
            passing(up, hook=lambda _: Upper()) as (_, door, _),
            Caller(door) as caller,
        ):
            caller.send(GET + GET)
            for _ in range(2):
                await caller.head()
                assert b"".join(await read_chunks(caller)) == b"ONEpassSEVEN" + words[-1].upper() + b"hold!"

    run(main())


def test_hook_that_only_looks_leaves_the_length(run: Run) -> None:
    seen: list[bytes] = []

    class Look(Hook):
        edits = False

        def piece(self, piece: bytes, at: int) -> bytes:
            seen.append(piece)
            return b"ignored"

        def last(self, at: int) -> bytes:
            seen.append(b"end")
            return b"ignored"

    async def main() -> None:
        script = streams(b"abc", b"de", head=b"content-length: 5")
        async with scripted(script) as up, passing(up, hook=lambda _: Look()) as (_, door, _), Caller(door) as caller:
            assert (await caller.answer(GET))[1] == b"abcde"
            assert seen == [b"abc", b"de", b"end"]

    run(main())


def test_bytes_of_our_own_can_be_inserted(run: Run) -> None:
    running: list[Exchange] = []

    async def main() -> None:
        go_on = asyncio.Event()

        async def slow(_: Request, answer: Answer) -> None:
            answer.start(200)
            await go_on.wait()
            answer.end(b"end")

        async with serving(slow) as (_, up), calling() as client:

            def application(request: Request, answer: Answer) -> None:
                running.append(exchange(client, request, answer, Plan(address=up, hook=lambda _: Hook())))

            async with serving(application) as (_, door), Caller(door) as caller:
                caller.send(GET)
                await caller.head()
                running[0].insert(b"still here")
                go_on.set()
                assert await read_chunks(caller) == [b"still here", b"end"]
                with pytest.raises(RuntimeError):
                    running[0].insert(b"late")

    run(main())


def test_hook_with_a_bug_cuts_the_answer(run: Run) -> None:
    class Broken(Hook):
        def piece(self, piece: bytes, at: int) -> bytes:
            raise KeyError

    ends: list[Outcome] = []

    async def main() -> None:
        script = streams(b"3\r\nabc\r\n", b"0\r\n\r\n")
        async with (
            scripted(script) as up,
            passing(up, hook=lambda _: Broken(), done=ends.append) as (_, door, _),
            Caller(door) as caller,
        ):
            caller.send(GET)
            with contextlib.suppress(ConnectionError):
                assert not (await caller.to_end()).endswith(b"0\r\n\r\n")
            assert ends[0].ending is Ending.UPSTREAM_FAILED
            assert isinstance(loop_errors[asyncio.get_running_loop()].pop()["exception"], KeyError)

    run(main())


def test_outcome_tells_what_happened(run: Run) -> None:
    ends: list[Outcome] = []

    async def main() -> None:
        async with serving(mirror) as (_, up), passing(up, done=ends.append) as (_, door, _), Caller(door) as caller:
            for _ in range(2):
                caller.send(post(b"abc"))
                await caller.head()
                await read_chunks(caller)
            first, second = ends
            assert (first.status, first.ending, first.trouble, first.reused) == (200, Ending.WHOLE, None, False)
            assert second.reused
            assert first.bytes_in == first.bytes_out == len(b"POST /p\n\nabc")
            times = [first.started_at, first.connected_at, first.sent_at, first.head_at, first.first_at, first.ended_at]
            assert times == sorted(times)
            assert times[0] > 0

    run(main())


def test_finished_exchange_needs_no_garbage_collector(run: Run) -> None:
    async def main() -> None:
        async with serving(mirror) as (_, up), passing(up) as (_, door, _), Caller(door) as caller:
            gc.collect()
            gc.disable()
            try:
                for _ in range(5):
                    caller.send(post(b"abc"))
                    await caller.head()
                    await read_chunks(caller)
                left = [thing for thing in gc.get_objects() if isinstance(thing, Exchange | Request | Answer | Sending)]
            finally:
                gc.enable()
            assert left == []

    run(main())


# ---- leaving ----


@pytest.mark.parametrize("leave", ["fin", "reset"])
@pytest.mark.parametrize("phase", ["uploading", "before-head", "mid-answer"])
def test_client_that_leaves_ends_the_upstream(run: Run, phase: str, leave: str) -> None:
    heard: list[float] = []
    begun: list[str] = []
    ends: list[Outcome] = []

    async def work(request: Request, answer: Answer) -> None:
        request.when_gone(lambda: heard.append(time.monotonic()))
        begun.append("begun")
        await request.read()
        if phase == "mid-answer":
            answer.start(200)
            answer.piece(b"first")
        await asyncio.sleep(20)

    async def main() -> None:
        async with (
            serving(work) as (upstream, up),
            passing(up, done=ends.append) as (_, door, client),
            Caller(door) as caller,
        ):
            caller.send(post(b"abc")[: -1 if phase == "uploading" else None])
            await until(lambda: bool(begun))
            if phase == "mid-answer":
                await caller.head()
            before = time.monotonic()
            if leave == "reset":
                caller.reset()
            else:
                caller.writer.write_eof()
            await until(lambda: bool(heard))
            assert heard[0] - before < 0.5
            assert [end.ending for end in ends] == [Ending.CLIENT_LEFT]
            await until(lambda: client.counters.connections_open == 0)
            assert upstream.counters.left == 1
            loop_errors[asyncio.get_running_loop()].clear()

    run(main())


def test_client_that_leaves_while_connecting_ends_the_connecting(run: Run) -> None:
    ends: list[Outcome] = []

    async def main() -> None:
        # A full queue of a listener that never accepts keeps connecting sockets waiting.
        listener = await asyncio.start_server(
            lambda _, writer: writer.close(), "127.0.0.1", 0, backlog=1, start_serving=False
        )
        sock = listener.sockets[0]
        up = Address(port=sock.getsockname()[1])
        plain = sockets.socket(fileno=sockets.dup(sock.fileno()))
        plain.listen(0)
        fillers = [sockets.socket() for _ in range(4)]
        for one in fillers:
            one.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                one.connect(("127.0.0.1", up.port))
        async with passing(up, done=ends.append) as (_, door, client), Caller(door) as caller:
            caller.send(GET)
            await until(lambda: client.counters.requests_open == 1)
            await asyncio.sleep(0.01)
            caller.writer.write_eof()
            await until(lambda: bool(ends))
            assert ends[0].ending is Ending.CLIENT_LEFT
            assert ends[0].sent_at == 0
            assert client.counters.requests_open == 0
        for one in (*fillers, plain):
            one.close()
        listener.close()

    run(main())


def upstream_that_leaves(raw: bytes, reset: bool):
    async def script(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(raw)
        await writer.drain()
        await asyncio.sleep(0.01)
        if reset:
            writer.get_extra_info("socket").setsockopt(1, 13, b"\1\0\0\0\0\0\0\0")
            writer.transport.abort()

    return script


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("raw", [b"", b"HTTP/1.1 200 OK\r\ncontent-"])
def test_upstream_that_leaves_before_its_head_is_a_502(run: Run, raw: bytes, reset: bool) -> None:
    ends: list[Outcome] = []

    async def main() -> None:
        async with (
            scripted(upstream_that_leaves(raw, reset)) as up,
            passing(up, done=ends.append) as (_, door, _),
            Caller(door) as caller,
        ):
            caller.send(GET)
            assert (await caller.to_end()).startswith(b"HTTP/1.1 502")
            assert ends[0].ending is Ending.UPSTREAM_FAILED
            assert isinstance(ends[0].trouble, ConnectionCut)

    run(main())


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize(
    "framing", [b"transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n", b"content-length: 9\r\n\r\nabc"]
)
def test_upstream_that_leaves_in_the_middle_never_looks_whole(run: Run, framing: bytes, reset: bool) -> None:
    ends: list[Outcome] = []

    async def main() -> None:
        async with (
            scripted(upstream_that_leaves(b"HTTP/1.1 200 OK\r\n" + framing, reset)) as up,
            passing(up, done=ends.append) as (_, door, _),
            Caller(door) as caller,
        ):
            caller.send(GET)
            with contextlib.suppress(ConnectionError):
                assert not (await caller.to_end()).endswith(b"0\r\n\r\n")
            await until(lambda: bool(ends))
            assert ends[0].status == 200
            assert ends[0].ending is Ending.UPSTREAM_FAILED

    run(main())


def test_malformed_answer_is_a_502(run: Run) -> None:
    async def main() -> None:
        async with (
            scripted(upstream_that_leaves(b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", False)) as up,
            passing(up) as (_, door, _),
            Caller(door) as caller,
        ):
            caller.send(GET)
            assert (await caller.to_end()).startswith(b"HTTP/1.1 502")

    run(main())


def test_upstream_that_takes_too_long_is_a_504(run: Run) -> None:
    async def silent(reader: Reader, _: Writer) -> None:
        await reader.read()

    async def main() -> None:
        async with scripted(silent) as up, passing(up, waits=Waits(head=0.1)) as (_, door, _), Caller(door) as caller:
            caller.send(GET)
            assert (await caller.to_end()).startswith(b"HTTP/1.1 504")

    run(main())


def test_nobody_upstream_is_a_502(run: Run) -> None:
    async def main() -> None:
        async with passing(NOWHERE) as (_, door, _), Caller(door) as caller:
            caller.send(GET)
            assert (await caller.to_end()).startswith(b"HTTP/1.1 502")

    run(main())


def test_application_may_go_elsewhere_when_the_upstream_fails(run: Run) -> None:
    async def main() -> None:
        async with serving(mirror) as (_, up), calling() as client:

            def application(request: Request, answer: Answer) -> None:
                def elsewhere(trouble: NetworkTrouble) -> bool:
                    assert isinstance(trouble, ConnectFailed)
                    exchange(client, request, answer, Plan(address=up, body=b"kept"))
                    return True

                exchange(client, request, answer, Plan(address=NOWHERE, body=b"kept", failed=elsewhere))

            async with serving(application) as (_, door), Caller(door) as caller:
                caller.send(post(b"kept"))
                assert (await caller.head()).startswith(b"HTTP/1.1 200")
                assert b"".join(await read_chunks(caller)).endswith(b"kept")

    run(main())


@pytest.mark.parametrize("started", [False, True])
def test_cancel_ends_both_sides(run: Run, started: bool) -> None:
    running: list[Exchange] = []
    ends: list[Outcome] = []

    async def slow(_: Request, answer: Answer) -> None:
        if started:
            answer.start(200)
            answer.piece(b"some")
        await asyncio.sleep(20)

    async def main() -> None:
        async with serving(slow) as (upstream, up), calling() as client:

            def application(request: Request, answer: Answer) -> None:
                running.append(exchange(client, request, answer, Plan(address=up, done=ends.append)))

            async with serving(application) as (_, door), Caller(door) as caller:
                caller.send(GET)
                await until(lambda: upstream.counters.requests_open == 1)
                if started:
                    await caller.head()
                running[0].cancel(503)
                running[0].cancel()
                got = b""
                with contextlib.suppress(ConnectionError):
                    got = await caller.to_end()
                assert got[9:12] == (b"" if started else b"503") or started
                assert not got.endswith(b"0\r\n\r\n")
                await until(lambda: upstream.counters.requests_open == 0)
                assert [end.ending for end in ends] == [Ending.CANCELLED]

    run(main())


def test_async_application_may_hand_over_to_an_exchange(run: Run) -> None:
    async def main() -> None:
        async with serving(mirror) as (_, up), calling() as client:

            async def application(request: Request, answer: Answer) -> None:
                body = await request.read()
                exchange(client, request, answer, Plan(address=up, body=body + b"+"))

            async with serving(application) as (_, door), Caller(door) as caller:
                caller.send(post(b"abc"))
                await caller.head()
                assert b"".join(await read_chunks(caller)).endswith(b"abc+")

    run(main())


def test_early_answer_to_an_unfinished_upload_arrives(run: Run) -> None:
    def impatient(_: Request, answer: Answer) -> None:
        answer.refuse(413)

    async def main() -> None:
        async with serving(impatient) as (_, up), passing(up) as (_, door, _), Caller(door) as caller:
            caller.send(b"POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 5000000\r\n\r\n" + b"x" * 100_000)
            assert (await caller.head()).startswith(b"HTTP/1.1 413")

    run(main())


def test_no_byte_of_one_exchange_reaches_another(run: Run) -> None:
    async def slow(request: Request, answer: Answer) -> None:
        answer.start(200)
        for _ in range(20):
            answer.piece(request.target * 20)
            await asyncio.sleep(0.001)
        answer.end()

    async def one(door: Address, number: int) -> None:
        async with Caller(door) as caller:
            mark = b"/%d-" % number
            caller.send(b"GET %b HTTP/1.1\r\nhost: here\r\n\r\n" % mark)
            await caller.head()
            if number % 3 == 0:
                await caller.exactly(10)
                caller.reset()
                return
            assert b"".join(await read_chunks(caller)) == mark * 400

    async def main() -> None:
        async with serving(slow, Limits(sizes=Sizes())) as (_, up), passing(up) as (_, door, _):
            for _ in range(3):
                await asyncio.gather(*(one(door, number) for number in range(40)))

    run(main())
