"""Sends crooked requests to any HTTP server and says what became of them: statuses, then `open` or `closed`."""

import asyncio
import contextlib
import socket
import struct
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tests.pipe.crooked_requests import UNTIL_ANSWERED, Crooked, Seen, Sends

QUIET = 0.25  # seconds without a byte after which a sender goes on
PATIENCE = 3.0
TRACER: Seen = ("GET", b"/tracer", b"")


@dataclass(slots=True, kw_only=True)
class Observed:
    """What one connection got to see; `bodies` belongs to the final answers."""

    statuses: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    end: str = ""

    @property
    def verdict(self) -> str:
        return " ".join([*self.statuses, self.end])


def source_of(number: int) -> str:
    """A loopback address of its own for each row, so that the other side can tell rows apart."""
    return f"127.1.{number // 250}.{number % 250 + 1}"


def echo(seen: Seen) -> bytes:
    """The body that the far end answers with: enough to tell which request it got."""
    method, target, body = seen
    return b"%s %s %d %08x" % (method.encode(), target, len(body), zlib.crc32(body))


async def observe_all(port: int, rows: Iterable[Crooked], at_once: int = 64) -> dict[str, Observed]:
    """Every row on a connection of its own, many at once."""
    gate = asyncio.Semaphore(at_once)

    async def one(number: int, row: Crooked) -> tuple[str, Observed]:
        async with gate:
            return row.id, await observe(
                port, row.sends, source=source_of(number), methods=[seen[0] for seen in row.seen]
            )

    return dict(await asyncio.gather(*(one(number, row) for number, row in enumerate(rows))))


async def observe(port: int, sends: Sends, *, source: str = "127.0.0.1", methods: Iterable[str] = ()) -> Observed:
    """Sends everything, then a request of our own: only a healthy connection answers it as what it is."""
    line = Line()
    await line.open(port, source)
    try:
        await line.send_all(sends)
        await line.wait_quiet()
        if not line.over:
            before = len(line.received)
            await line.send(b"GET /tracer HTTP/1.1\r\nHost: a\r\n\r\n")
            await line.wait(lambda: line.over or (len(line.received) > before and line.quiet >= QUIET))
        await line.settle()
        return judge(bytes(line.received), line.over, [*methods, "GET"])
    finally:
        await line.close()


class Line:
    """A socket that reads while it sends, so that an early refusal is never lost."""

    def __init__(self) -> None:
        self.received = bytearray()
        self.over = False
        self.opened = False
        self._socket = socket.socket()
        self._socket.setblocking(False)
        self._last = 0.0
        self._news = asyncio.Event()

    async def open(self, port: int, source: str = "127.0.0.1") -> None:
        self._loop = asyncio.get_running_loop()
        self._last = self._loop.time()
        self._socket.bind((source, 0))
        await self._loop.sock_connect(self._socket, ("127.0.0.1", port))
        self._reader = self._loop.create_task(self._read())
        self.opened = True

    async def close(self) -> None:
        """The reader goes first: the loop must not watch a number that the next socket gets."""
        self.opened = False
        self._reader.cancel()
        await asyncio.wait((self._reader,))
        self._socket.close()

    @property
    def quiet(self) -> float:
        return self._loop.time() - self._last

    async def send(self, data: bytes) -> bool:
        """False when the other side wants no more."""
        sending = self._loop.create_task(self._loop.sock_sendall(self._socket, data))
        try:
            await asyncio.wait((sending, self._reader), return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not sending.done():
                sending.cancel()
                await asyncio.wait((sending,))
        self._last = self._loop.time()
        return not sending.cancelled() and sending.exception() is None

    async def send_all(self, sends: Sends) -> None:
        for part in (sends,) if isinstance(sends, bytes) else sends() if callable(sends) else sends:
            if part == UNTIL_ANSWERED:
                await self.wait(lambda: self.over or len(self.received) > 0)
            elif isinstance(part, float):
                await asyncio.sleep(part)
            elif self.over or not await self.send(part):
                return

    async def wait(self, ready: Callable[[], bool]) -> None:
        end = self._loop.time() + PATIENCE
        while not ready() and self._loop.time() < end:
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), QUIET / 5)

    async def wait_quiet(self) -> None:
        await self.wait(lambda: self.over or self.quiet >= QUIET)

    async def settle(self) -> None:
        """A closing that is under way is waited for, as the answer alone does not tell."""
        await self.wait(lambda: self.over or b"/tracer" in self.received or self.quiet >= 4 * QUIET)

    def finish(self) -> None:
        """Leaves with a FIN, as a program that has ended does."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    async def reset(self) -> None:
        """Leaves with a RST."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await self.close()

    async def _read(self) -> None:
        with contextlib.suppress(OSError):
            while data := await self._loop.sock_recv(self._socket, 1 << 16):
                self.received += data
                self._last = self._loop.time()
                self._news.set()
        self.over = True
        self._news.set()


def judge(received: bytes, over: bool, methods: list[str]) -> Observed:
    """What the bytes say; the tracer's own answer is taken off."""
    found = Observed(end="closed" if over else "silent")
    expected = iter(methods)
    while received:
        method = next(expected, "GET") if not received.startswith(b"HTTP/1.1 1") else ""
        answer = read_answer(received, method == "HEAD", over)
        if answer is None:
            found.statuses.append("garbage")
            return found
        status, body, received = answer
        if body == echo(TRACER):
            found.end = "open" if not over and not received else "confused"
            return found
        found.statuses.append(status)
        if status[0] != "1":
            found.bodies.append(body)
    return found


def read_answer(data: bytes, bodiless: bool, over: bool) -> tuple[str, bytes, bytes] | None:
    """(status, body, rest) of the first answer; None when it is broken."""
    head, blank, rest = data.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    version, _, status = first.partition(b" ")
    if not blank or version not in {b"HTTP/1.1", b"HTTP/1.0"} or not status[:3].isdigit():
        return None
    headers = dict(line.lower().split(b": ", 1) for line in lines)
    if bodiless or status[0:1] == b"1" or status[:3] in {b"204", b"304"}:
        return status[:3].decode(), b"", rest
    if b"content-length" not in headers:
        return (status[:3].decode(), rest, b"") if over else None
    length = int(headers[b"content-length"])
    return (status[:3].decode(), rest[:length], rest[length:]) if len(rest) >= length else None
