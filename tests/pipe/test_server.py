"""The server's side over real sockets: order, framing, leaving, limits, deadlines, drain."""

import asyncio
import contextlib
import logging
import time

import pytest

from ollascope.pipe import Answer, Limits, Request, Server, Sizes, Waits
from ollascope.words.errors import ConnectionCut
from tests.pipe.conftest import Run, loop_errors
from tests.pipe.talk import GET, Caller, post, serving, until

BIG = b"x" * 100_000


def hello(_: Request, answer: Answer) -> None:
    answer.whole(200, b"hello", [(b"x-kind", b"plain")])


async def echo(request: Request, answer: Answer) -> None:
    answer.whole(200, await request.read())


def test_whole_answer_keeps_the_connection(run: Run) -> None:
    async def main() -> None:
        async with serving(hello) as (server, address), Caller(address) as caller:
            for _ in range(3):
                head, body = await caller.answer(GET)
                assert head.startswith(b"HTTP/1.1 200 OK\r\nx-kind: plain\r\ndate: ")
                assert b"connection" not in head
                assert body == b"hello"
            assert server.counters.connections == 1
            assert server.counters.requests == 3

    run(main())


def test_pipelined_requests_are_answered_in_order(run: Run) -> None:
    async def slow_first(request: Request, answer: Answer) -> None:
        await asyncio.sleep(0.02 if request.path == "/0" else 0)
        answer.whole(200, request.path.encode())

    async def main() -> None:
        async with serving(slow_first) as (_, address), Caller(address) as caller:
            caller.send(b"".join(b"GET /%d HTTP/1.1\r\nhost: here\r\n\r\n" % number for number in range(5)))
            for number in range(5):
                await caller.head()
                assert await caller.exactly(2) == b"/%d" % number

    run(main())


def test_head_has_no_body_and_says_the_length(run: Run) -> None:
    async def main() -> None:
        async with serving(hello) as (_, address), Caller(address) as caller:
            caller.send(b"HEAD / HTTP/1.1\r\nhost: here\r\n\r\n" + GET)
            assert b"content-length: 5" in await caller.head()
            assert (await caller.head()).startswith(b"HTTP/1.1 200")

    run(main())


@pytest.mark.parametrize("status", [204, 304])
def test_bodiless_statuses_have_no_body(run: Run, status: int) -> None:
    def nothing(_: Request, answer: Answer) -> None:
        answer.start(status)
        answer.end(b"never seen")

    async def main() -> None:
        async with serving(nothing) as (_, address), Caller(address) as caller:
            caller.send(GET + GET)
            for _ in range(2):
                head = await caller.head()
                assert b"%d" % status in head
                assert b"transfer-encoding" not in head

    run(main())


def test_streamed_answer_is_chunked(run: Run) -> None:
    async def stream(_: Request, answer: Answer) -> None:
        answer.start(200)
        for word in (b"one", b"", b"two"):
            assert answer.piece(word)
            await answer.ready()
        answer.end(b"three")

    async def main() -> None:
        async with serving(stream) as (_, address), Caller(address) as caller:
            caller.send(GET)
            assert b"transfer-encoding: chunked" in await caller.head()
            body = b"3\r\none\r\n3\r\ntwo\r\n5\r\nthree\r\n0\r\n\r\n"
            assert await caller.exactly(len(body)) == body

    run(main())


def test_client_of_http_1_0_gets_a_body_that_ends_with_the_connection(run: Run) -> None:
    def stream(_: Request, answer: Answer) -> None:
        answer.start(200)
        answer.piece(b"one")
        answer.end(b"two")

    async def main() -> None:
        async with serving(stream) as (_, address), Caller(address) as caller:
            caller.send(b"GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n")
            assert b"connection: close" in await caller.head()
            assert await caller.to_end() == b"onetwo"

    run(main())


def test_client_of_http_1_0_may_keep_the_connection(run: Run) -> None:
    async def main() -> None:
        async with serving(hello) as (_, address), Caller(address) as caller:
            for _ in range(2):
                head, _body = await caller.answer(b"GET / HTTP/1.0\r\nconnection: Keep-Alive\r\n\r\n")
                assert b"connection: keep-alive" in head

    run(main())


def test_chunked_upload_is_read_whole(run: Run) -> None:
    async def main() -> None:
        async with serving(echo) as (_, address), Caller(address) as caller:
            caller.send(b"POST / HTTP/1.1\r\nhost: here\r\ntransfer-encoding: chunked\r\n\r\n3\r\nab")
            await asyncio.sleep(0.01)
            assert await caller.answer(b"c\r\n2;x\r\nde\r\n0\r\nA: b\r\n\r\n") != b""
            head, body = await caller.answer(post(b"next"))
            assert b"200" in head
            assert body == b"next"

    run(main())


def test_streamed_upload_holds_the_sender_back(run: Run) -> None:
    go_on = asyncio.Event()
    got: list[int] = []

    async def slow(request: Request, answer: Answer) -> None:
        async for piece in request.pieces():
            got.append(len(piece))
            await go_on.wait()
        answer.whole(200, str(sum(got)).encode())

    async def main() -> None:
        async with serving(slow) as (server, address), Caller(address) as caller:
            size = 20_000_000
            caller.send(post(b"")[:-5] + b"%d\r\n\r\n" % size)
            caller.send(b"x" * size)
            await until(lambda: bool(got))
            await asyncio.sleep(0.04)
            assert caller.writer.transport.get_write_buffer_size() > 5_000_000
            go_on.set()
            _, body = await caller.answer(b"")
            assert body == str(size).encode()
            assert server.counters.bytes_in >= size

    run(main())


def test_slow_reader_holds_the_writer_back(run: Run) -> None:
    written: list[int] = []

    async def pour(_: Request, answer: Answer) -> None:
        answer.start(200)
        for _ in range(300):
            written.append(1)
            if not answer.piece(BIG):
                await answer.ready()
        answer.end()

    async def main() -> None:
        async with serving(pour) as (_, address), Caller(address) as caller:
            caller.send(GET)
            await asyncio.sleep(0.05)
            assert len(written) < 250
            raw = b""
            while not raw.endswith(b"0\r\n\r\n"):
                raw += await caller.reader.read(1 << 20)
            assert raw.count(b"x") == 300 * len(BIG)

    run(main())


def test_body_is_invited_only_when_it_is_wanted(run: Run) -> None:
    async def picky(request: Request, answer: Answer) -> None:
        if request.path == "/no":
            answer.refuse(403)
        else:
            answer.whole(200, await request.read())

    async def main() -> None:
        async with serving(picky) as (_, address):
            async with Caller(address) as caller:
                caller.send(post(b"abc", b"expect: 100-continue\r\n")[:-3])
                assert await caller.head() == b"HTTP/1.1 100 Continue\r\n\r\n"
                _, body = await caller.answer(b"abc")
                assert body == b"abc"
            async with Caller(address) as caller:
                caller.send(b"POST /no HTTP/1.1\r\nhost: here\r\ncontent-length: 3\r\nexpect: 100-continue\r\n\r\n")
                assert (await caller.to_end()).startswith(b"HTTP/1.1 403")

    run(main())


@pytest.mark.parametrize("leave", ["fin", "reset"])
@pytest.mark.parametrize("phase", ["body", "before-answer", "mid-answer"])
def test_client_that_leaves_ends_the_work(run: Run, leave: str, phase: str) -> None:
    ends: list[str] = []
    begun: list[str] = []

    async def work(request: Request, answer: Answer) -> None:
        request.when_gone(lambda: ends.append("gone"))
        begun.append("begun")
        try:
            await request.read()
            if phase == "mid-answer":
                answer.start(200)
                answer.piece(b"first")
            await asyncio.sleep(20)
        except (asyncio.CancelledError, ConnectionCut):
            ends.append("stopped")
            raise

    async def main() -> None:
        async with serving(work) as (server, address), Caller(address) as caller:
            caller.send(post(b"abc")[: -1 if phase == "body" else None])
            await until(lambda: bool(begun))
            if phase == "mid-answer":
                await caller.head()
            left_at = time.monotonic()
            if leave == "reset":
                caller.reset()
            else:
                caller.writer.write_eof()
            await until(lambda: len(ends) == 2)
            assert time.monotonic() - left_at < 0.5
            assert sorted(ends) == ["gone", "stopped"]
            assert server.counters.left == 1
            loop_errors[asyncio.get_running_loop()].clear()

    run(main())


def test_writing_to_a_client_that_left_does_nothing(run: Run) -> None:
    kept: list[Answer] = []

    async def main() -> None:
        def keep(_: Request, answer: Answer) -> None:
            answer.start(200)
            kept.append(answer)

        async with serving(keep) as (server, address):
            async with Caller(address) as caller:
                caller.send(GET)
                await caller.head()
            await until(lambda: server.counters.connections_open == 0)
            [answer] = kept
            assert not answer.piece(b"more")
            answer.end()
            with pytest.raises(ConnectionCut):
                await answer.ready()

    run(main())


def test_application_that_fails_is_a_500_and_is_reported(run: Run) -> None:
    async def later(request: Request, _: Answer) -> None:
        await asyncio.sleep(0)
        raise KeyError(request.path)

    def now(request: Request, _: Answer) -> None:
        raise KeyError(request.path)

    async def main() -> None:
        for application in (later, now):
            async with serving(application) as (_, address), Caller(address) as caller:
                caller.send(GET)
                assert (await caller.to_end()).startswith(b"HTTP/1.1 500")
                reported = loop_errors[asyncio.get_running_loop()]
                assert isinstance(reported.pop()["exception"], KeyError)

    run(main())


def test_application_that_fails_in_the_middle_cuts_the_connection(run: Run) -> None:
    async def half(_: Request, answer: Answer) -> None:
        answer.start(200)
        answer.piece(b"half")
        await asyncio.sleep(0.01)
        raise KeyError

    async def main() -> None:
        async with serving(half) as (_, address), Caller(address) as caller:
            caller.send(GET)
            await caller.head()
            with contextlib.suppress(ConnectionError):
                assert not (await caller.to_end()).endswith(b"0\r\n\r\n")
            loop_errors[asyncio.get_running_loop()].clear()

    run(main())


def test_application_that_returns_without_an_answer_is_a_500(run: Run) -> None:
    async def nothing(_: Request, __: Answer) -> None:
        return

    async def main() -> None:
        async with serving(nothing) as (_, address), Caller(address) as caller:
            caller.send(GET)
            assert (await caller.to_end()).startswith(b"HTTP/1.1 500")

    run(main())


def test_application_that_forgets_the_end_cuts_the_connection(run: Run) -> None:
    async def half(_: Request, answer: Answer) -> None:
        answer.start(200)
        answer.piece(b"half")

    async def main() -> None:
        async with serving(half) as (server, address), Caller(address) as caller:
            caller.send(GET)
            with contextlib.suppress(ConnectionError):
                assert not (await caller.to_end()).endswith(b"0\r\n\r\n")
            assert server.counters.cut == 1

    run(main())


def test_short_counted_answer_is_cut(run: Run) -> None:
    def short(_: Request, answer: Answer) -> None:
        answer.start(200, length=10)
        answer.end(b"five.")

    async def main() -> None:
        async with serving(short) as (_, address), Caller(address) as caller:
            caller.send(GET)
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await caller.head()
                assert len(await caller.to_end()) < 10

    run(main())


@pytest.mark.parametrize("value", [b"a\r\nset-cookie: x", b"a\nb", b"a\rb", b"\0"])
def test_header_with_a_line_break_is_not_written(run: Run, value: bytes) -> None:
    def split(_: Request, answer: Answer) -> None:
        answer.whole(200, b"", [(b"x-from-user", value)])

    async def main() -> None:
        async with serving(split) as (_, address), Caller(address) as caller:
            caller.send(GET)
            await caller.closed()
            assert isinstance(loop_errors[asyncio.get_running_loop()].pop()["exception"], ValueError)

    run(main())


def test_refusal_has_the_body_the_application_gives(run: Run) -> None:
    def refuse(status: int, path: str | None) -> bytes:
        return b'{"error":"%d %s"}' % (status, (path or "-").encode())

    async def main() -> None:
        async with serving(hello, refuse=refuse) as (server, address):
            for raw, body in (
                (b"GET /x HTTP/1.1\r\n\r\n", b'{"error":"400 /x"}'),
                (b"nonsense\r\n\r\n", b'{"error":"400 -"}'),
                (b"GET /y HTTP/3.0\r\n\r\n", b'{"error":"505 /y"}'),
            ):
                async with Caller(address) as caller:
                    head, found = await caller.answer(raw)
                    assert b"content-type: application/json" in head
                    assert b"connection: close" in head
                    assert found == body
                    assert await caller.closed()
            assert server.counters.refused == 3

    run(main())


def test_refused_upload_sees_its_refusal(run: Run) -> None:
    async def main() -> None:
        async with serving(echo, Limits(sizes=Sizes(body=1000))) as (_, address), Caller(address) as caller:
            caller.send(b"POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 5000000\r\n\r\n" + b"x" * 5_000_000)
            assert (await caller.head()).startswith(b"HTTP/1.1 413")

    run(main())


WAITS = Waits(head=0.1, body=0.1, idle=0.1, write=0.1, whole=0.3, linger=0.1)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"", b""),
        (b"GET / HT", b"408"),
        (b"POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 3\r\n\r\na", b"408"),
        (b"GET /slow HTTP/1.1\r\nhost: here\r\n\r\n", b"503"),
    ],
)
def test_deadlines(run: Run, sent: bytes, status: bytes) -> None:
    async def never(request: Request, _: Answer) -> None:
        await request.read()
        await request.wait_gone()

    async def main() -> None:
        async with serving(never, Limits(waits=WAITS)) as (_, address), Caller(address) as caller:
            caller.send(sent)
            got = await caller.to_end()
            assert got[9:12] == status

    run(main())


def test_trickled_head_runs_out_of_time(run: Run) -> None:
    async def main() -> None:
        async with serving(hello, Limits(waits=WAITS)) as (_, address), Caller(address) as caller:
            with contextlib.suppress(ConnectionError):
                reading = asyncio.create_task(caller.to_end())
                for byte in b"GET / HTTP/1.1\r\nx-long: " + b"a" * 1000:
                    if reading.done():
                        break
                    caller.send(bytes([byte]))
                    await asyncio.sleep(0.01)
            assert (await reading)[9:12] == b"408"

    run(main())


def test_quiet_connection_is_closed(run: Run) -> None:
    async def main() -> None:
        async with serving(hello, Limits(waits=WAITS)) as (_, address), Caller(address) as caller:
            await caller.answer(GET)
            assert await caller.to_end() == b""

    run(main())


def test_reader_that_takes_nothing_is_cut(run: Run) -> None:
    async def pour(_: Request, answer: Answer) -> None:
        answer.start(200)
        while True:
            if not answer.piece(BIG):
                await answer.ready()

    async def main() -> None:
        async with serving(pour, Limits(waits=Waits(write=0.1))) as (server, address), Caller(address) as caller:
            caller.send(GET)
            await until(lambda: server.counters.connections_open == 1)
            await until(lambda: server.counters.connections_open == 0)
            assert server.counters.timed_out == 1

    run(main())


def test_requests_on_a_connection_are_bounded(run: Run) -> None:
    async def main() -> None:
        async with serving(hello, Limits(requests=2)) as (_, address), Caller(address) as caller:
            assert b"connection: close" not in (await caller.answer(GET))[0]
            assert b"connection: close" in (await caller.answer(GET))[0]
            assert await caller.closed()

    run(main())


def test_connections_are_bounded(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with serving(hello, Limits(connections=2)) as (server, address):
            async with (
                Caller(address) as one,
                Caller(address) as two,
                Caller(address) as three,
                Caller(address) as four,
            ):
                await one.answer(GET)
                await two.answer(GET)
                for refused in (three, four):
                    assert (await refused.to_end()).startswith(b"HTTP/1.1 503")
                await one.answer(GET)
            assert server.counters.connections_refused == 2

    with caplog.at_level(logging.WARNING, "ollascope.pipe"):
        run(main())
    assert [record.message for record in caplog.records] == ["more than 2 connections: further ones are refused"]


def test_flood_behind_a_running_answer_is_cut(run: Run) -> None:
    async def main() -> None:
        gone = asyncio.Event()

        async def wait(request: Request, _: Answer) -> None:
            request.when_gone(gone.set)
            await asyncio.sleep(20)

        async with serving(wait, Limits(sizes=Sizes(pipelined=10_000))) as (server, address), Caller(address) as caller:
            caller.send(GET)
            await until(lambda: server.counters.requests_open == 1)
            caller.send(GET * 1000)
            await gone.wait()
            assert server.counters.cut == 1

    run(main())


def test_pipelining_without_reading_stays_bounded(run: Run) -> None:
    answered: list[int] = []

    def big(_: Request, answer: Answer) -> None:
        answered.append(1)
        answer.whole(200, BIG)

    async def main() -> None:
        async with serving(big) as (_, address), Caller(address) as caller:
            caller.send(GET * 1000)
            await asyncio.sleep(0.05)
            assert len(answered) < 500

    run(main())


def test_drain_lets_answers_finish_and_closes_the_idle(run: Run) -> None:
    go_on = asyncio.Event()

    async def slow(request: Request, answer: Answer) -> None:
        if request.path == "/slow":
            await go_on.wait()
        answer.whole(200, b"done")

    async def main() -> None:
        async with serving(slow) as (server, address), Caller(address) as idle, Caller(address) as busy:
            await idle.answer(GET)
            busy.send(b"GET /slow HTTP/1.1\r\nhost: here\r\n\r\n")
            await until(lambda: server.counters.requests_open == 1)
            closing = asyncio.create_task(server.close(drain=5))
            assert await idle.closed()
            with pytest.raises(ConnectionRefusedError):
                async with Caller(address):
                    pass
            go_on.set()
            head, body = await busy.answer(b"")
            assert b"connection: close" in head
            assert body == b"done"
            assert await closing

    run(main())


def test_drain_cuts_what_takes_too_long(run: Run) -> None:
    async def forever(_: Request, __: Answer) -> None:
        await asyncio.sleep(20)

    async def main() -> None:
        async with serving(forever) as (server, address), Caller(address) as caller:
            caller.send(GET)
            await until(lambda: server.counters.requests_open == 1)
            assert not await server.close(drain=0.02)
            assert await caller.closed()
            assert server.counters.connections_open == 0

    run(main())


def test_debug_log_hides_secrets(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with serving(hello, debug=True) as (_, address), Caller(address) as caller:
            await caller.answer(
                b"GET /a?key=query-secret HTTP/1.1\r\nhost: here\r\nAuthorization: Bearer s3\r\nCookie: s4\r\n\r\n"
            )

    with caplog.at_level(logging.DEBUG, "ollascope.pipe"):
        run(main())
    assert "GET /a?..." in caplog.text
    assert "Authorization: ..." in caplog.text
    for secret in ("query-secret", "s3", "s4"):
        assert secret not in caplog.text


def test_lag_of_the_loop_is_measured(run: Run) -> None:
    async def main() -> None:
        server = Server(hello)
        await server.listen()
        await asyncio.sleep(0.03)
        time.sleep(0.4)
        await asyncio.sleep(0.03)
        assert server.lag.worst > 0.1
        server.lag.reset()
        assert server.lag.worst == 0.0
        await server.close()

    run(main())


def test_bytes_are_counted(run: Run) -> None:
    async def main() -> None:
        async with serving(hello) as (server, address):
            async with Caller(address) as caller:
                head, body = await caller.answer(GET)
            await until(lambda: server.counters.connections_open == 0)
            assert server.counters.snapshot()["bytes_in"] == len(GET)
            assert server.counters.snapshot()["bytes_out"] == len(head) + len(body)

    run(main())
