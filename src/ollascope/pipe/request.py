"""A request as the application sees it: the head, the body whole or streamed, and whether the client is still there."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Generic, Protocol, TypeVar

from ollascope.pipe.heads import Headers, RequestHead
from ollascope.pipe.limits import Sizes
from ollascope.words.errors import ConnectionCut


class Entrance(Protocol):
    """What a request needs of its connection."""

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def invite(self) -> None: ...
    def peer(self) -> str: ...
    def secure(self) -> bool: ...
    def sizes(self) -> Sizes: ...


class Request:
    __slots__ = (
        "_collecting",
        "_door",
        "_end",
        "_expects",
        "_held",
        "_held_bytes",
        "_on_abandon",
        "_on_gone",
        "_piece",
        "arrived",
        "block",
        "complete",
        "connection",
        "gone",
        "headers",
        "length",
        "method",
        "minor",
        "path",
        "query",
        "target",
    )  # fmt: skip

    def __init__(self, door: Entrance, head: RequestHead, arrived: int) -> None:
        path, _, query = head.target.decode("ascii").partition("?")
        self.method = head.method.decode("ascii")
        self.target = head.target
        self.path = path
        self.query = query
        self.minor = head.minor
        self.headers: Headers = head.headers
        self.connection = head.connection
        self.block = head.block
        self.length: int | None = head.length if head.length >= 0 else None
        self.arrived = arrived
        self.complete = False
        self.gone = False
        self._door = door
        self._expects = head.expects
        self._collecting = False
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._piece: Callable[[bytes], None] | None = None
        self._end: Callable[[], None] | None = None
        self._on_gone: list[Callable[[], None]] = []
        self._on_abandon: Callable[[], None] | None = None

    @property
    def peer(self) -> str:
        """The address of the client; `unix` for a Unix socket."""
        return self._door.peer()

    @property
    def secure(self) -> bool:
        return self._door.secure()

    def collect(self, then: Callable[[bytes], None]) -> None:
        """Calls `then` with the whole body, at once if it is here; never, if the client leaves before."""

        def whole() -> None:
            then(self.take())

        self._collecting = True
        self._ask(whole)

    def take(self) -> bytes:
        """The whole body of a request that is complete."""
        held, self._held = self._held, []
        return held[0] if len(held) == 1 else b"".join(held)

    def receive(self, piece: Callable[[bytes], None], end: Callable[[], None]) -> None:
        """Calls `piece` for every part of the body as it comes, and `end` after the last."""
        held, self._held, self._held_bytes = self._held, [], 0
        self._piece = piece
        for data in held:
            piece(data)
        self._ask(end)

    def pause(self) -> None:
        """Stops reading the body; a client that leaves is not seen until `resume`."""
        self._door.pause_reading()

    def resume(self) -> None:
        self._door.resume_reading()

    async def read(self) -> bytes:
        if self.gone:
            raise _left()
        if self.complete:
            whole: list[bytes] = []
            self.collect(whole.append)
            return whole[0]
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

        def arrived(body: bytes) -> None:
            if not future.done():
                future.set_result(body)

        def left() -> None:
            if not future.done():
                future.set_exception(_left())

        self._on_abandon = left
        self.collect(arrived)
        return await future

    async def pieces(self) -> AsyncIterator[bytes]:
        flow: Flow[bytes] = Flow(self._door.sizes().buffer, self.pause, self.resume)
        self._on_abandon = lambda: flow.finish(_left())
        self.receive(lambda data: flow.put(data, len(data)), flow.finish)
        while (piece := await flow.get()) is not None:
            yield piece

    def when_gone(self, then: Callable[[], None]) -> None:
        """Calls `then` when the client leaves before the answer is complete; at once if it has."""
        if self.gone:
            then()
        else:
            self._on_gone.append(then)

    async def wait_gone(self) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.when_gone(lambda: None if future.done() else future.set_result(None))
        await future

    # What the connection calls.

    def deliver(self, data: bytes) -> None:
        if self._piece is not None:
            self._piece(data)
            return
        self._held.append(data)
        self._held_bytes += len(data)
        if not self._collecting and self._held_bytes > self._door.sizes().buffer:
            self._door.pause_reading()

    def finish(self) -> None:
        self.complete = True
        end, self._end = self._end, None
        if end is not None:
            end()

    def abandon(self) -> None:
        """The rest of the body will not come."""
        self._piece = self._end = None
        self._held = []
        told, self._on_abandon = self._on_abandon, None
        if told is not None:
            told()

    def settle(self) -> None:
        """The answer is complete: nobody needs to hear of the client any more."""
        self._on_gone = []

    def leave(self) -> None:
        self.gone = True
        calls, self._on_gone = self._on_gone, []
        for then in calls:
            then()

    def _ask(self, end: Callable[[], None]) -> None:
        if self.complete:
            end()
            return
        self._end = end
        if self._expects:
            self._expects = False
            self._door.invite()
        self._door.resume_reading()


def _left() -> ConnectionCut:
    return ConnectionCut(
        "the client left before its request was complete", hint="nothing to do here: look at the client"
    )


T = TypeVar("T")


class Flow(Generic[T]):
    """Items on their way from callbacks to one awaiting reader; a full flow pauses its source."""

    __slots__ = ("_done", "_error", "_items", "_most", "_pause", "_paused", "_resume", "_size", "_waiter")

    def __init__(self, most: int, pause: Callable[[], None], resume: Callable[[], None]) -> None:
        self._items: deque[tuple[T, int]] = deque()
        self._size = 0
        self._most = most
        self._pause = pause
        self._resume = resume
        self._paused = False
        self._done = False
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None

    def put(self, item: T, size: int) -> None:
        self._items.append((item, size))
        self._size += size
        if self._size > self._most and not self._paused:
            self._paused = True
            self._pause()
        self._wake()

    def finish(self, error: Exception | None = None) -> None:
        if not self._done:
            self._done = True
            self._error = error
            self._wake()

    async def get(self) -> T | None:
        """The next item; None after the last; raises what ended the flow, once everything before it was taken."""
        while not self._items:
            if self._error is not None:
                raise self._error
            if self._done:
                return None
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        item, size = self._items.popleft()
        self._size -= size
        if self._paused and self._size <= self._most // 2:
            self._paused = False
            self._resume()
        return item

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)
