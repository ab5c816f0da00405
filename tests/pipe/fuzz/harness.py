"""Server and client on transports made of memory: a byte stream goes in, cut anywhere, and a verdict comes out."""

import asyncio
import random
import socket
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import h11

from ollascope.pipe import (
    Address,
    Answer,
    AnswerHead,
    Ask,
    Client,
    Limits,
    Place,
    Plan,
    Receiver,
    Request,
    Server,
    Sizes,
    exchange,
)
from ollascope.words.errors import NetworkTrouble
from tests.pipe.crooked_requests import Seen
from tests.pipe.drive import echo, judge

# Small, so that short inputs reach the limits.
LIMITS = Limits(sizes=Sizes(line=256, head=1024, headers=12, body=2048, trailer=128, pipelined=65_536))
AGAIN = b"/again"


@dataclass(frozen=True, slots=True)
class RequestVerdict:
    """What the application saw, what the sender was told, whether the connection goes on.

    A refusal is one whatever its status: of two faults the first one found gives it, and that depends on the cuts.
    """

    seen: tuple[Seen, ...]
    told: str
    bodies: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class AnswerVerdict:
    """What the receiver heard; the body of an answer that failed may end anywhere."""

    status: int
    body: bytes
    ending: str
    reused: bool


class Wire(asyncio.Transport):
    """A transport whose other end is the test."""

    def __init__(self, loop: "MemoryLoop", protocol: asyncio.Protocol) -> None:
        super().__init__()
        self.protocol = protocol
        self.written = bytearray()
        self.over = False
        self._loop = loop
        self._closing = False

    def feed(self, data: bytes) -> None:
        if not self._closing and data:
            self.protocol.data_received(data)

    def finish(self) -> None:
        if not self._closing:
            self.protocol.eof_received()
            self.close()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._closing and not self.over:
            self.written += data

    def close(self) -> None:
        if not self._closing:
            self._closing = self.over = True
            self._loop.call_soon(self.protocol.connection_lost, None)

    def abort(self) -> None:
        self.close()

    def is_closing(self) -> bool:
        return self._closing

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.over = True

    def pause_reading(self) -> None:
        """The test feeds on: more than a real transport would bring, never less."""

    def resume_reading(self) -> None:
        """There is no pause to end."""

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing is ever waiting."""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": ("127.0.0.1", 1), "socket": self._loop.silent}.get(name, default)


class MemoryLoop(asyncio.SelectorEventLoop):
    """An event loop whose connections are `Wire`s."""

    def __init__(self) -> None:
        super().__init__()
        self.silent, self._other = socket.socketpair()
        self.wires: list[Wire] = []
        self.doors: list[Callable[[], asyncio.Protocol]] = []
        self.errors: list[dict[str, Any]] = []
        self.set_exception_handler(lambda _, context: self.errors.append(context))

    def close(self) -> None:
        self.silent.close()
        self._other.close()
        super().close()

    async def create_server(self, protocol_factory: Any, *_: Any, sock: Any = None, **__: Any) -> Any:
        self.doors.append(protocol_factory)
        return await super().create_server(asyncio.Protocol, sock=sock)

    async def create_connection(self, protocol_factory: Any, *_: Any, **__: Any) -> Any:
        return self.connect(protocol_factory()), None

    def connect(self, protocol: asyncio.Protocol) -> Wire:
        wire = Wire(self, protocol)
        self.wires.append(wire)
        protocol.connection_made(wire)
        return wire


class Bench:
    """A server, a client and an exchange, used for any number of streams."""

    def __init__(self) -> None:
        self.loop = MemoryLoop()
        self.seen: list[Seen] = []
        self.server = Server(self.application, limits=LIMITS)
        self.relay = Server(self.pass_on, limits=LIMITS)
        self.client = Client(limits=LIMITS)
        self.loop.run_until_complete(self.server.listen(Place()))
        self.loop.run_until_complete(self.relay.listen(Place()))

    def close(self) -> None:
        self.loop.run_until_complete(self.server.close(drain=0))
        self.loop.run_until_complete(self.relay.close(drain=0))
        self.loop.run_until_complete(self.client.close())
        self.loop.close()

    def application(self, request: Request, answer: Answer) -> None:
        def whole(body: bytes) -> None:
            seen: Seen = (request.method, request.target, body)
            self.seen.append(seen)
            answer.whole(200, echo(seen))

        request.collect(whole)

    def pass_on(self, request: Request, answer: Answer) -> None:
        exchange(self.client, request, answer, Plan(address=Address(port=2)))

    def judge_request(self, pieces: Iterable[bytes]) -> RequestVerdict:
        """The server's verdict; whatever was not foreseen is raised."""
        return self.loop.run_until_complete(self._judge_request(pieces))

    def judge_answer(self, pieces: Iterable[bytes], method: str = "GET") -> AnswerVerdict:
        """The client's verdict after the stream and a FIN; `reused`: before the FIN it would go on with it."""
        return self.loop.run_until_complete(self._judge_answer(pieces, method))

    def judge_exchange(self, pieces: Iterable[bytes], method: str = "GET") -> tuple[int, bytes] | None:
        """What another parser reads where the exchange has passed this answer on; None when it finds it broken."""
        return self.loop.run_until_complete(self._judge_exchange(pieces, method))

    async def _judge_request(self, pieces: Iterable[bytes]) -> RequestVerdict:
        self.seen.clear()
        wire = self.loop.connect(self.loop.doors[0]())
        for piece in pieces:
            wire.feed(piece)
        observed = judge(bytes(wire.written), wire.over, [seen[0] for seen in self.seen])
        wire.finish()
        wire.close()
        await asyncio.sleep(0)
        self._check(self.server.counters.connections_open, self.server.counters.requests_open)
        answers = [
            status for status in observed.statuses if status != "100"
        ]  # said only where the body is not here yet
        told = " ".join("refused" if status[0] in "45" else status for status in answers)
        bodies = observed.bodies[: len(self.seen)]
        return RequestVerdict(tuple(self.seen), f"{told} {observed.end}", tuple(bodies))

    async def _judge_answer(self, pieces: Iterable[bytes], method: str) -> AnswerVerdict:
        hearing = Hearing()
        address = Address(port=1)
        sending = self.client.send(Ask(address=address, method=method), hearing)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        wire = self.loop.wires[-1]
        for piece in pieces:
            wire.feed(piece)
        reused = hearing.ending == "whole" and await self._asks_again(address, wire)
        wire.finish()
        await asyncio.sleep(0)
        if not hearing.ending:
            raise AssertionError("the connection has ended and nobody was told")
        sending.cancel()
        await asyncio.sleep(0)
        self._check(self.client.counters.connections_open, self.client.counters.requests_open)
        return AnswerVerdict(hearing.status, b"".join(hearing.pieces), hearing.ending, reused)

    async def _judge_exchange(self, pieces: Iterable[bytes], method: str) -> tuple[int, bytes] | None:
        front = self.loop.connect(self.loop.doors[1]())
        front.feed(b"%b /x HTTP/1.1\r\nHost: a\r\n\r\n" % method.encode())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        back = self.loop.wires[-1]
        asked = [seen[:2] for seen in read_requests(bytes(back.written))]
        assert asked == [(method, b"/x")], bytes(back.written)
        for piece in pieces:
            back.feed(piece)
        back.finish()
        await asyncio.sleep(0)
        whole = read_answer(bytes(front.written), method)
        front.finish()
        await asyncio.sleep(0)
        self._check(self.relay.counters.requests_open, self.relay.counters.connections_open)
        return whole

    async def _asks_again(self, address: Address, wire: Wire) -> bool:
        """The next request must go out on this connection, or on another one."""
        before = len(wire.written)
        second = Hearing()
        again = self.client.send(Ask(address=address, target=AGAIN), second)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        if second.status or second.pieces or second.ending not in {"", "StaleConnection"}:
            raise AssertionError("an answer of one request reached another")
        again.cancel()
        await asyncio.sleep(0)
        return AGAIN in wire.written[before:]

    def _check(self, *left_open: int) -> None:
        self.loop.wires.clear()
        if any(left_open):
            raise AssertionError(f"left open: {left_open}")
        if self.loop.errors:
            raise AssertionError(f"reached the event loop: {self.loop.errors}")


class Hearing(Receiver):
    """Remembers what it heard and insists on the order of it."""

    def __init__(self) -> None:
        self.status = 0
        self.pieces: list[bytes] = []
        self.ending = ""

    def on_head(self, head: AnswerHead, at: int) -> None:
        assert not self.status
        assert not self.ending
        self.status = head.status

    def on_piece(self, piece: bytes, at: int) -> None:
        assert self.status
        assert not self.ending
        assert piece
        self.pieces.append(piece)

    def on_end(self, at: int) -> None:
        assert self.status
        assert not self.ending
        self.ending = "whole"

    def on_failed(self, trouble: NetworkTrouble) -> None:
        assert not self.ending
        self.ending = type(trouble).__name__


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    """The stream in pieces."""
    edges = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[start:end] for start, end in pairwise(edges)]


def some_cuts(data: bytes) -> list[list[bytes]]:
    """A few ways to cut a stream, the same every time: whole, at random, and byte by byte when it is short."""
    chance = random.Random(zlib.crc32(data))
    ways = [[data], cut(data, (chance.randrange(1 << 16) for _ in range(3)))]
    if len(data) <= 1024:
        ways.append([data[at : at + 1] for at in range(len(data))])
    return ways


def check_requests(bench: Bench, data: bytes, ways: Iterable[list[bytes]]) -> RequestVerdict:
    """However cut: one verdict, each answer that of its own request, and another parser reads the same requests."""
    first, *others = [bench.judge_request(way) for way in ways]
    assert all(other == first for other in others), (first, others)
    assert list(first.bodies) == [b"" if seen[0] == "HEAD" else echo(seen) for seen in first.seen]
    for ours, theirs in zip(first.seen, read_requests(data), strict=False):
        assert (ours[0], ours[2]) == (theirs[0], theirs[2]), (ours, theirs)
        assert ours[1] == theirs[1] or not theirs[1].startswith(b"/"), (ours, theirs)
    return first


def check_answers(bench: Bench, data: bytes, method: str, ways: Iterable[list[bytes]]) -> AnswerVerdict:
    """Every way to cut it gets one verdict; another parser reads the same body, from us and from our exchange."""
    ways = list(ways)
    first, *others = [bench.judge_answer(way, method) for way in ways]
    for other in others:
        assert (other.status, other.ending, other.reused) == (first.status, first.ending, first.reused), (first, other)
        assert other.body == first.body or (first.ending != "whole" and one_continues_the_other(other.body, first.body))
    theirs = read_answer(data, method)
    if theirs is not None and first.ending == "whole":
        assert (first.status, first.body) == theirs
    for way in ways:
        passed = bench.judge_exchange(way, method)
        if first.ending == "whole":
            assert passed == (first.status, first.body), passed
        else:
            assert passed is None or (passed[0] == 502 and not first.status), passed
    return first


def one_continues_the_other(one: bytes, other: bytes) -> bool:
    return one.startswith(other) or other.startswith(one)


def read_requests(data: bytes) -> list[Seen]:
    """The requests that h11 reads, up to what it refuses."""
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(data)
    found: list[Seen] = []
    try:
        while isinstance(head := connection.next_event(), h11.Request):
            body = b""
            while isinstance(event := connection.next_event(), h11.Data):
                body += bytes(event.data)
            if not isinstance(event, h11.EndOfMessage):
                break
            found.append((head.method.decode(), head.target, body))
            connection.send(h11.Response(status_code=200, headers=[("content-length", "0")]))
            connection.send(h11.EndOfMessage())
            connection.start_next_cycle()
    except (h11.RemoteProtocolError, h11.LocalProtocolError):
        pass
    return found


def read_answer(data: bytes, method: str) -> tuple[int, bytes] | None:
    """The answer that h11 reads; None when it refuses or misses something."""
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method=method, target="/", headers=[("host", "a")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(data)
    connection.receive_data(b"")
    status, body = 0, b""
    try:
        while not isinstance(event := connection.next_event(), h11.EndOfMessage):
            if isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif not isinstance(event, h11.InformationalResponse):
                return None
    except h11.RemoteProtocolError:
        return None
    return status, body
