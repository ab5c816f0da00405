"""The client's side: reuse, staleness, strictness, cancelling and deadlines in every phase."""

import asyncio
import socket
import threading
import time

import pytest

from ollascope.pipe import Address, Answer, AnswerHead, Ask, Client, Limits, Phase, Receiver, Request, Sizes, Waits
from ollascope.words.errors import (
    AnswerMalformed,
    BadSettings,
    Cancelled,
    ConnectFailed,
    ConnectionCut,
    NetworkTrouble,
    StaleConnection,
    TimedOut,
    TooLarge,
)
from tests.pipe.conftest import Run
from tests.pipe.talk import calling, scripted, serving, until

Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter


class Record(Receiver):
    """Keeps what was called."""

    def __init__(self) -> None:
        self.heads: list[AnswerHead] = []
        self.pieces: list[bytes] = []
        self.times: list[int] = []
        self.ended = 0
        self.failed: list[NetworkTrouble] = []
        self.ready = 0

    def on_head(self, head: AnswerHead, at: int) -> None:
        self.heads.append(head)
        self.times.append(at)

    def on_piece(self, piece: bytes, at: int) -> None:
        self.pieces.append(piece)
        self.times.append(at)

    def on_end(self, at: int) -> None:
        self.ended += 1
        self.times.append(at)

    def on_failed(self, trouble: NetworkTrouble) -> None:
        self.failed.append(trouble)

    def on_ready(self) -> None:
        self.ready += 1

    @property
    def over(self) -> bool:
        return bool(self.ended or self.failed)


async def ask(client: Client, address: Address, **more: object) -> tuple[int, bytes]:
    async with await client.ask(Ask(address=address, **more)) as reply:  # type: ignore[arg-type]
        return reply.status, await reply.read()


def says(*answers: bytes, close: bool = False) -> "Saying":
    return Saying(answers, close)


class Saying:
    """A server that gives these answers, one to a request, on one connection after the other."""

    def __init__(self, answers: tuple[bytes, ...], close: bool) -> None:
        self.answers = list(answers)
        self.close = close
        self.connections = 0

    async def __call__(self, reader: Reader, writer: Writer) -> None:
        self.connections += 1
        while self.answers:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(self.answers.pop(0))
            if self.close:
                return
        await reader.read()


async def echo(request: Request, answer: Answer) -> None:
    body = await request.read()
    answer.start(200, [(b"x-method", request.method.encode())])
    answer.piece(body)
    answer.end(request.target)


def test_connection_is_reused(run: Run) -> None:
    async def main() -> None:
        async with serving(echo) as (server, address), calling() as client:
            for number in range(3):
                body = b"%d" % number
                assert await ask(client, address, method="POST", target=b"/t?q", body=body) == (200, body + b"/t?q")
            assert server.counters.connections == 1

    run(main())


def test_each_request_at_once_has_a_connection_of_its_own(run: Run) -> None:
    async def main() -> None:
        async with serving(echo) as (server, address), calling() as client:
            answers = await asyncio.gather(*(ask(client, address, target=b"/%d" % number) for number in range(20)))
            assert answers == [(200, b"/%d" % number) for number in range(20)]
            assert server.counters.connections == 20

    run(main())


def test_pieces_come_with_the_time_they_arrived(run: Run) -> None:
    async def ticks(_: Request, answer: Answer) -> None:
        answer.start(200)
        for _tick in range(4):
            await asyncio.sleep(0.02)
            answer.piece(b"tick")
        answer.end()

    async def main() -> None:
        async with serving(ticks) as (_, address), calling() as client:
            before = time.monotonic_ns()
            reply = await client.ask(Ask(address=address))
            got = [piece async for piece in reply]
            assert [piece.data for piece in got] == [b"tick"] * 4
            times = [before, reply.head_at, *(piece.at for piece in got), time.monotonic_ns()]
            assert times == sorted(times)
            assert got[3].at - got[0].at > 30_000_000
            assert reply.sending.started_at <= reply.sending.connected_at <= reply.sending.sent_at <= reply.head_at

    run(main())


def test_raw_pieces_are_the_bytes_as_read(run: Run) -> None:
    raw = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3;x\r\nabc\r\n0\r\nA: b\r\n\r\n"

    async def main() -> None:
        async with scripted(says(raw)) as address, calling() as client:
            record = Record()
            client.send(Ask(address=address, raw=True), record)
            await until(lambda: record.over)
            assert b"".join(record.pieces) == raw.partition(b"\r\n\r\n")[2]

    run(main())


@pytest.mark.parametrize("length", [None, 300_000])
def test_streamed_request_body(run: Run, length: int | None) -> None:
    async def main() -> None:
        async with serving(echo) as (_, address), calling() as client:
            record = Record()
            sending = client.send(Ask(address=address, method="POST", body=None, length=length), record)
            await until(lambda: record.ready > 0)
            for _ in range(3):
                if not sending.write(b"x" * 100_000):
                    seen = record.ready
                    await until(lambda seen=seen: record.ready > seen)
            sending.finish()
            await until(lambda: record.over)
            assert b"".join(record.pieces) == b"x" * 300_000 + b"/"
            assert await ask(client, address) == (200, b"/")
            assert client.counters.connections == 1

    run(main())


@pytest.mark.parametrize("parts", [[b"abcd"], [b"ab", b"cd"], [b"a"], []])
def test_streamed_body_of_another_length_is_not_sent(run: Run, parts: list[bytes]) -> None:
    async def main() -> None:
        async with serving(echo) as (_, address), calling() as client:
            record = Record()
            sending = client.send(Ask(address=address, method="POST", body=None, length=3), record)
            await until(lambda: record.ready > 0)

            def send_all() -> None:
                for part in parts:
                    sending.write(part)
                sending.finish()

            with pytest.raises(ValueError, match="length"):
                send_all()
            await until(lambda: client.counters.connections_open == 0)

    run(main())


OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


def test_answer_to_head_has_no_body_and_eats_no_other_answer(run: Run) -> None:
    async def main() -> None:
        async with scripted(says(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n", OK)) as address, calling() as client:
            assert await ask(client, address, method="HEAD") == (200, b"")
            assert await ask(client, address) == (200, b"ok")
            assert client.counters.connections == 1

    run(main())


def test_interim_answers_are_passed_over(run: Run) -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"

    async def main() -> None:
        async with scripted(says(interim + OK, OK)) as address, calling() as client:
            assert await ask(client, address) == (200, b"ok")
            assert await ask(client, address) == (200, b"ok")
            assert client.counters.connections == 1

    run(main())


@pytest.mark.parametrize("more", [b"x", OK, b"HTTP/1.1 100 Continue\r\n\r\n"])
def test_connection_with_bytes_nobody_asked_for_is_not_reused(run: Run, more: bytes) -> None:
    async def main() -> None:
        server = says(OK + more, OK)
        async with scripted(server) as address, calling() as client:
            assert await ask(client, address) == (200, b"ok")
            assert await ask(client, address) == (200, b"ok")
            assert server.connections == 2

    run(main())


def test_answer_that_ends_with_its_connection(run: Run) -> None:
    async def main() -> None:
        async with scripted(says(b"HTTP/1.0 200 OK\r\n\r\nall of it", close=True)) as address, calling() as client:
            assert await ask(client, address) == (200, b"all of it")
            assert client.counters.connections_open == 0

    run(main())


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 2",
        b"HTTP/1.1 200 OK\r\ncontent-le",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nfour",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ],
)
def test_answer_that_is_cut_short_is_never_whole(run: Run, answer: bytes) -> None:
    async def main() -> None:
        async with scripted(says(answer, close=True)) as address, calling() as client:
            with pytest.raises(ConnectionCut):
                await ask(client, address)

    run(main())


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 20,
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\nA: b\n\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"b" * 100_000,
        b"\x15\x03\x01\x00\x02\x02",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_malformed_answer_fails_and_closes(run: Run, answer: bytes) -> None:
    async def main() -> None:
        async with scripted(says(answer)) as address, calling() as client:
            with pytest.raises(AnswerMalformed):
                await ask(client, address)
            await until(lambda: client.counters.connections_open == 0)

    run(main())


def test_body_longer_than_the_limit_is_not_collected(run: Run) -> None:
    async def main() -> None:
        async with scripted(says(OK)) as address, calling(Limits(sizes=Sizes(body=1))) as client:
            with pytest.raises(TooLarge):
                await ask(client, address)

    run(main())


def test_kept_connection_found_closed_is_told_and_not_retried(run: Run) -> None:
    requests: list[bytes] = []

    def sleepy(listener: socket.socket) -> None:
        one, _ = listener.accept()
        requests.append(one.recv(1000))
        one.sendall(OK)
        time.sleep(0.05)
        one.close()

    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            thread = threading.Thread(target=sleepy, args=[listener])
            thread.start()
            address = Address(port=listener.getsockname()[1])
            async with calling() as client:
                assert await ask(client, address) == (200, b"ok")
                # The loop stands still while the server closes, so nobody has told the client yet.
                thread.join()
                record = Record()
                sending = client.send(Ask(address=address), record)
                assert not record.over
                await until(lambda: record.over)
                assert isinstance(record.failed[0], StaleConnection)
                assert record.failed[0].retryable
                assert sending.sent_at == 0
                assert client.counters.stale == 1
                assert client.counters.connections == 1
        assert len(requests) == 1

    run(main())


def test_nobody_listening(run: Run) -> None:
    async def main() -> None:
        async with calling() as client:
            with pytest.raises(ConnectFailed):
                await ask(client, Address(port=1))
            with pytest.raises(ConnectFailed):
                await ask(client, Address(unix="/nowhere/at.all"))

    run(main())


def test_connections_are_bounded(run: Run) -> None:
    async def main() -> None:
        async with scripted(silent) as busy, serving(echo) as (_, address), calling(Limits(connections=1)) as client:
            await ask(client, address)
            waiting = client.send(Ask(address=busy), Record())
            await until(lambda: waiting.phase is Phase.WAITING)
            await until(lambda: client.counters.connections_open == 1)
            with pytest.raises(ConnectFailed):
                await ask(client, address)
            waiting.cancel()
            assert (await ask(client, address))[0] == 200

    run(main())


def test_unused_connection_is_closed(run: Run) -> None:
    async def main() -> None:
        async with serving(echo) as (_, address), calling(Limits(waits=Waits(kept=0.1))) as client:
            await ask(client, address)
            assert client.counters.connections_open == 1
            await until(lambda: client.counters.connections_open == 0)

    run(main())


async def silent(reader: Reader, writer: Writer) -> None:
    await reader.read()


async def half(reader: Reader, writer: Writer) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf")
    await reader.read()


@pytest.mark.parametrize(
    ("script", "waits", "phase"),
    [
        (silent, Waits(head=0.1), "waiting for the answer's head"),
        (half, Waits(idle=0.1), "reading the answer"),
        (half, Waits(whole=0.1), "the whole exchange"),
    ],
)
def test_deadlines_say_the_phase(run: Run, script: object, waits: Waits, phase: str) -> None:
    async def main() -> None:
        async with scripted(script) as address, calling() as client:  # type: ignore[arg-type]
            with pytest.raises(TimedOut, match=phase):
                await ask(client, address, waits=waits)
            await until(lambda: client.counters.connections_open == 0)

    run(main())


def test_connecting_has_a_deadline(run: Run) -> None:
    async def main() -> None:
        async with calling(Limits(waits=Waits(connect=0.1))) as client:
            with pytest.raises((TimedOut, ConnectFailed)):
                await ask(client, Address(host="192.0.2.1"))

    run(main())


def test_server_that_takes_nothing_runs_out_of_time(run: Run) -> None:
    async def deaf(_: Reader, writer: Writer) -> None:
        writer.transport.pause_reading()
        await asyncio.sleep(1)

    async def main() -> None:
        async with scripted(deaf) as address, calling(Limits(waits=Waits(write=0.1))) as client:
            with pytest.raises(TimedOut, match="sending"):
                await ask(client, address, method="POST", body=b"x" * 30_000_000)

    run(main())


@pytest.mark.parametrize("phase", [Phase.CONNECTING, Phase.SENDING, Phase.WAITING, Phase.READING])
def test_cancel_in_any_phase_closes_at_once_and_says_nothing_more(run: Run, phase: Phase) -> None:
    gone: list[float] = []

    async def watch(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if phase is Phase.READING:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf")
        await reader.read()
        gone.append(time.monotonic())

    async def main() -> None:
        async with scripted(watch) as address, calling() as client:
            record = Record()
            body = None if phase is Phase.SENDING else b""
            sending = client.send(Ask(address=address, method="POST", body=body), record)
            await until(lambda: sending.phase is phase and (phase is not Phase.READING or bool(record.pieces)))
            await asyncio.sleep(0.01 if phase is not Phase.CONNECTING else 0)
            before = time.monotonic()
            sending.cancel()
            assert sending.phase is Phase.DONE
            if phase is not Phase.CONNECTING:
                await until(lambda: bool(gone))
                assert gone[0] - before < 0.5
            await asyncio.sleep(0.01)
            assert not record.over
            assert client.counters.connections_open == 0

    run(main())


def test_cancel_from_another_thread(run: Run) -> None:
    async def main() -> None:
        async with scripted(silent) as address, calling() as client:
            record = Record()
            sending = client.send(Ask(address=address), record)
            await until(lambda: sending.phase is Phase.WAITING)
            thread = threading.Thread(target=sending.cancel)
            thread.start()
            await until(lambda: sending.phase is Phase.DONE)
            thread.join()
            assert not record.over

    run(main())


def test_cancelled_reply_tells_its_reader(run: Run) -> None:
    async def main() -> None:
        async with scripted(half) as address, calling() as client:
            reply = await client.ask(Ask(address=address))
            asyncio.get_running_loop().call_later(0.02, reply.cancel)
            with pytest.raises(Cancelled):
                await reply.read()

    run(main())


def test_cancelled_task_leaves_nothing_behind(run: Run) -> None:
    async def main() -> None:
        async with scripted(silent) as address, calling() as client:
            task = asyncio.create_task(client.ask(Ask(address=address)))
            await until(lambda: client.counters.connections_open == 1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await until(lambda: client.counters.connections_open == 0)

    run(main())


def test_slow_reader_of_a_reply_holds_the_server_back(run: Run) -> None:
    written: list[int] = []

    async def pour(_: Request, answer: Answer) -> None:
        answer.start(200)
        for _ in range(300):
            written.append(1)
            if not answer.piece(b"x" * 100_000):
                await answer.ready()
        answer.end()

    async def main() -> None:
        async with serving(pour) as (_, address), calling() as client:
            reply = await client.ask(Ask(address=address))
            await asyncio.sleep(0.05)
            assert len(written) < 250
            assert len(await reply.read()) == 30_000_000

    run(main())


def test_proxies_of_the_environment_are_not_followed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    async def main() -> None:
        async with serving(echo) as (_, address), calling() as client:
            assert (await ask(client, address))[0] == 200

    run(main())


@pytest.mark.parametrize(
    "more",
    [
        {"method": "get"},
        {"method": "GET /x HTTP/1.1\r\nA: b\r\n\r\nGET"},
        {"target": b"/a b"},
        {"target": b""},
        {"target": b"/\r\n"},
        {"headers": [(b"a", b"b\r\nc: d")]},
        {"headers": [(b"a b", b"c")]},
        {"headers": [(b"", b"c")]},
    ],
)
def test_what_would_not_be_one_request_is_not_sent(run: Run, more: dict[str, object]) -> None:
    async def main() -> None:
        async with calling() as client:
            with pytest.raises(ValueError, match=r"request|header"):
                client.send(Ask(address=Address(), **more), Record())  # type: ignore[arg-type]

    run(main())


def test_headers_that_frame_are_the_pipes_own(run: Run) -> None:
    async def main() -> None:
        async with serving(echo) as (_, address), calling() as client:
            headers = [(b"Content-Length", b"99"), (b"transfer-encoding", b"chunked"), (b"Connection", b"close")]
            assert await ask(client, address, method="POST", body=b"abc", headers=headers) == (200, b"abc/")

    run(main())


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://127.0.0.1:11434", Address(host="127.0.0.1", port=11434)),
        ("https://models.example", Address(host="models.example", port=443, tls=True)),
        ("http://[::1]:80/", Address(host="::1", port=80)),
        ("unix:/run/x.sock", Address(unix="/run/x.sock")),
    ],
)
def test_address_of_a_url(url: str, address: Address) -> None:
    assert Address.of(url) == address


@pytest.mark.parametrize("url", ["", "here", "ftp://here", "http://", "http://here:99999", "http://here:x"])
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(BadSettings):
        Address.of(url)


def test_addresses_as_text() -> None:
    assert str(Address(host="::1", port=8080)) == "http://[::1]:8080"
    assert str(Address(host="a", port=443, tls=True)) == "https://a"
    assert str(Address(unix="/x")) == "unix:/x"
