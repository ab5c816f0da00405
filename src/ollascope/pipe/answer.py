"""An answer as the application writes it: whole, or a head and pieces, each piece one write."""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

from ollascope.pipe.framing import END
from ollascope.pipe.heads import RequestHead
from ollascope.pipe.lines import Pairs, header_block, status_line
from ollascope.pipe.passage import Passage
from ollascope.words.errors import ConnectionCut

UNSTARTED: Final = 0
CHUNKS: Final = 1
COUNTED: Final = 2
BY_CLOSE: Final = 3
BODILESS: Final = 4
CLOSED: Final = 5


class Exit(Protocol):
    """What an answer needs of its connection."""

    full: bool

    def write(self, data: bytes) -> bool: ...
    def passage(self) -> Passage: ...
    def settle(self, keep: bool) -> None: ...
    def refuse(self, status: int, path: str | None) -> None: ...
    def cut(self) -> None: ...
    def date(self) -> bytes: ...


class Answer:
    __slots__ = (
        "_door",
        "_lead",
        "_left",
        "_minor",
        "_mode",
        "_on_full",
        "_on_ready",
        "_path",
        "_waiter",
        "claimed",
        "ended",
        "headless",
        "keep",
        "started",
    )

    def __init__(self, door: Exit, head: RequestHead, keep: bool) -> None:
        self._door = door
        self._mode = UNSTARTED
        self._minor = head.minor
        self._path = head.target
        self._lead: bytes | None = None
        self._left = 0
        self._on_full: Callable[[], None] | None = None
        self._on_ready: Callable[[], None] | None = None
        self._waiter: asyncio.Future[None] | None = None
        self.headless = head.method == b"HEAD"
        self.keep = keep
        self.claimed = False
        self.started = False
        self.ended = False

    @property
    def full(self) -> bool:
        """The client is behind: wait for `ready` before the next piece."""
        return self._door.full

    def whole(self, status: int, body: bytes = b"", headers: Pairs = ()) -> None:
        self._begin()
        if self._mode == CLOSED:
            return
        bare = status in {204, 304}
        length = b"" if bare else b"content-length: %d\r\n" % len(body)
        self._write_head(status, headers, length, b"" if bare or self.headless else body)
        self._finish()

    def start(self, status: int, headers: Pairs = (), length: int | None = None) -> None:
        """The head. Without a length the body is chunked, or ends with the connection for a client of HTTP/1.0."""
        self._begin()
        if self._mode == CLOSED:
            return
        if self.headless or status in {204, 304}:
            mode = BODILESS
        elif length is not None:
            mode = COUNTED
            self._left = length
        elif self._minor:
            mode = CHUNKS
        else:
            mode = BY_CLOSE
            self.keep = False
        self._write_head(status, headers, self._framing(status, length), b"")
        self._mode = mode

    def piece(self, data: bytes) -> bool:
        """A part of the body; False when the client is behind, or has left."""
        if self._mode == CHUNKS:
            if data and not self._lead:
                return self._door.write(b"%x\r\n%b\r\n" % (len(data), data))
            self._emit(b"%x\r\n%b\r\n" % (len(data), data) if data else b"")
        elif data:
            self._odd_piece(data)
        return not self._door.full and self._mode != CLOSED

    def end(self, data: bytes = b"") -> None:
        """The last part of the body."""
        if self._mode == CHUNKS:
            self._emit(b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data) if data else END)
        elif data:
            self._odd_piece(data)
        if self._mode == UNSTARTED:
            raise RuntimeError("an answer ends before its head is written")
        if self._mode == COUNTED and self._left:
            self.cut()
        elif self._mode != CLOSED:
            self._finish()

    def refuse(self, status: int) -> None:
        """An answer with the server's body for this status; the connection ends with it."""
        self._begin()
        if self._mode != CLOSED:
            self.ended = True
            self._mode = CLOSED
            self._door.refuse(status, self._path.partition(b"?")[0].decode("ascii"))

    def cut(self) -> None:
        """Breaks the connection, so that what was written is never taken for the whole answer."""
        if self._mode != CLOSED:
            self.started = True
            self._mode = CLOSED
            self._door.cut()

    async def ready(self) -> None:
        """Waits until the client has caught up; raises ConnectionCut when it has left."""
        if self._mode == CLOSED and not self.ended:
            raise _left()
        if self._door.full:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
            if self._mode == CLOSED and not self.ended:
                raise _left()

    def when_ready(self, then: Callable[[], None] | None) -> None:
        """Calls `then` each time the client has caught up."""
        self._on_ready = then

    def when_full(self, then: Callable[[], None] | None) -> None:
        """Calls `then` each time the client has fallen behind."""
        self._on_full = then

    # What the connection and the exchange call.

    def claim(self) -> None:
        """Somebody other than the application's own task will finish this answer."""
        self.claimed = True

    def join(self) -> None:
        """The head waits for what is written next, so that both are one write."""
        self._lead = b""

    def pass_on(self, data: bytes) -> bool:
        """Bytes that are framed as this answer is already; False when the client is behind."""
        self._emit(data)
        return not self._door.full

    def writer(self) -> Callable[[bytes], bool]:
        """Writes bytes that are framed as this answer is already; not to be called after the answer's end."""
        return self._door.write

    def passage(self) -> Passage:
        """A way for bytes that are framed as this answer is already, until the answer's end."""
        return self._door.passage()

    def pass_last(self, data: bytes) -> None:
        """Bytes that are framed already and end the answer."""
        if self._mode != CLOSED:
            self._emit(data)
            self._finish()

    @property
    def chunked(self) -> bool:
        return self._mode == CHUNKS

    def filled(self) -> None:
        if self._on_full is not None:
            self._on_full()

    def resumed(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)
        if self._on_ready is not None and self._mode != CLOSED:
            self._on_ready()

    def close(self) -> None:
        self._mode = CLOSED
        self._on_full = self._on_ready = None

    def _begin(self) -> None:
        if self.started and self._mode != CLOSED:
            raise RuntimeError("an answer is started twice")
        self.started = True

    def _framing(self, status: int, length: int | None) -> bytes:
        if status in {204, 304}:
            return b""
        if length is not None:
            return b"content-length: %d\r\n" % length
        return b"transfer-encoding: chunked\r\n" if self._minor else b""

    def _write_head(self, status: int, headers: Pairs, framing: bytes, body: bytes) -> None:
        block = header_block(headers)
        lowered = block.lower()
        date = b"" if lowered.startswith(b"date:") or b"\ndate:" in lowered else self._door.date()
        stay = b"connection: close\r\n" if not self.keep else b"" if self._minor else b"connection: keep-alive\r\n"
        head = b"%b%b%b%b%b\r\n%b" % (status_line(status), block, date, framing, stay, body)
        if self._lead is None:
            self._door.write(head)
        else:
            self._lead = head

    def _emit(self, data: bytes) -> None:
        lead, self._lead = self._lead, None
        if lead or data:
            self._door.write(lead + data if lead else data)

    def _odd_piece(self, data: bytes) -> None:
        if self._mode == COUNTED:
            self._left -= len(data)
            if self._left < 0:
                self.cut()
                raise RuntimeError("an answer is longer than the length in its head")
            self._emit(data)
        elif self._mode == BY_CLOSE:
            self._emit(data)
        elif self._mode == UNSTARTED:
            raise RuntimeError("a piece comes before the head of its answer")

    def _finish(self) -> None:
        if self._lead:
            self._emit(b"")
        self.ended = True
        self._mode = CLOSED
        self._door.settle(self.keep)


def _left() -> ConnectionCut:
    return ConnectionCut(
        "the client left before the answer was complete", hint="nothing to do here: look at the client"
    )
