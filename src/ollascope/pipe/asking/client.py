"""The client: a pool of connections per address, by callbacks or by await; it never sends a request twice."""

import asyncio
import ssl
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import NamedTuple

from ollascope.pipe.asking.ask import Address, Ask, Receiver, client_tls
from ollascope.pipe.asking.link import Link
from ollascope.pipe.asking.sending import Sending
from ollascope.pipe.counters import Counters
from ollascope.pipe.heads import AnswerHead, Headers
from ollascope.pipe.limits import Limits, Waits
from ollascope.pipe.request import Flow
from ollascope.pipe.sweep import Sweep, tick_of
from ollascope.words.errors import Cancelled, ConnectFailed, NetworkTrouble, StaleConnection, TooLarge


class Piece(NamedTuple):
    """A part of an answer's body and when it arrived, in nanoseconds of the monotonic clock."""

    data: bytes
    at: int


class Client:
    """Belongs to one event loop; proxies of the environment are not followed."""

    def __init__(self, *, limits: Limits | None = None, tls: ssl.SSLContext | None = None, debug: bool = False) -> None:
        self.limits = limits or Limits()
        self.counters = Counters()
        self.debug = debug
        self.thread = 0
        self._tls = tls
        self._sweep = Sweep(tick_of(self.limits.waits))
        self._waits: Waits | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._idle: dict[Address, deque[Link]] = {}
        self._links: set[Link] = set()
        self._sendings: set[Sending] = set()
        self._emptied: Callable[[], None] | None = None

    def send(self, ask: Ask, receiver: Receiver) -> Sending:
        """Starts a request; the receiver hears of it, though never of a failure before this has returned."""
        loop = self._loop or self._start()
        if ask.waits is not None and ask.waits is not self._waits:
            self._waits = ask.waits
            self._sweep.hurry(tick_of(ask.waits))
        sending = Sending(self, ask, receiver, loop)
        self._sendings.add(sending)
        self._sweep.add(sending)
        self.counters.requests += 1
        self.counters.requests_open += 1
        link = self._take(ask.address)
        if link is None:
            self._connect(sending, loop)
        elif link.stale():
            link.abort()
            self._drop_idle(ask.address)
            self.counters.stale += 1
            trouble = StaleConnection(f"{ask.address} had closed a connection that was kept for reuse",
                                      hint="send the request again: nothing of it was sent")  # fmt: skip
            loop.call_soon(sending.fail, trouble)
        else:
            sending.begin(link, reused=True)
        return sending

    async def ask(self, ask: Ask) -> "Reply":
        """Sends a request and waits for the head of the answer."""
        inbox = Inbox(self.limits.sizes.buffer)
        sending = self.send(ask, inbox)
        inbox.attach(sending)
        complete = False
        try:
            head, at = await inbox.head
            complete = True
        finally:
            if not complete:
                sending.cancel()
        return Reply(head, at, sending, inbox, self.limits.sizes.body)

    async def close(self) -> None:
        """Gives up what runs and closes every connection."""
        for sending in tuple(self._sendings):
            sending.fail(Cancelled("the client is closed", hint="nothing to do: the program is ending"))
        for link in tuple(self._links):
            link.abort()
        if self._links:
            done = asyncio.get_running_loop().create_future()
            self._emptied = lambda: None if done.done() else done.set_result(None)
            await done
            self._emptied = None

    # What links and sendings call.

    def give_back(self, link: Link) -> None:
        link.idle_since = time.monotonic_ns()
        idle = self._idle.get(link.address)
        if idle is None:
            idle = self._idle[link.address] = deque()
        idle.append(link)
        self._sweep.add(self)

    def admit(self, link: Link) -> None:
        self._links.add(link)
        self.counters.connections += 1
        self.counters.connections_open = len(self._links)

    def forget(self, link: Link) -> None:
        self._links.discard(link)
        self.counters.connections_open = len(self._links)
        idle = self._idle.get(link.address)
        if idle is not None and link in idle:
            idle.remove(link)
        if self._emptied is not None and not self._links:
            self._emptied()

    def finished(self, sending: Sending) -> None:
        self._sendings.discard(sending)
        self._sweep.drop(sending)
        self.counters.requests_open -= 1

    def check(self, now: int) -> None:
        """Closes connections that nobody has used for long."""
        kept = self.limits.waits.kept
        for address, idle in tuple(self._idle.items()):
            while kept and idle and (now - idle[0].idle_since) / 1e9 > kept:
                idle.popleft().close()
            if not idle:
                del self._idle[address]
        if not self._idle:
            self._sweep.drop(self)

    def _start(self) -> asyncio.AbstractEventLoop:
        self._loop = asyncio.get_running_loop()
        self.thread = threading.get_ident()
        return self._loop

    def _take(self, address: Address) -> Link | None:
        idle = self._idle.get(address)
        return idle.pop() if idle else None

    def _drop_idle(self, address: Address) -> None:
        """Where one kept connection has died, the server has most likely been restarted."""
        for link in self._idle.pop(address, ()):
            link.close()

    def _connect(self, sending: Sending, loop: asyncio.AbstractEventLoop) -> None:
        if len(self._sendings) > self.limits.connections:
            trouble = ConnectFailed(f"{self.limits.connections} connections are in use, the most that the limits allow",
                                    hint="raise the limit of connections, or send less at once")  # fmt: skip
            loop.call_soon(sending.fail, trouble)
            return
        if len(self._links) >= self.limits.connections:
            self._close_idle()
        sending.connect_by(loop.create_task(self._open(sending, loop)))

    def _close_idle(self) -> None:
        """Makes room: every running request has one connection, so what is over the limit is waiting for reuse."""
        for idle in self._idle.values():
            if idle:
                idle.popleft().close()
                return

    async def _open(self, sending: Sending, loop: asyncio.AbstractEventLoop) -> None:
        address = sending.ask.address
        timeout = (sending.ask.waits or self.limits.waits).connect or 60.0

        def made() -> Link:
            return Link(self, address, sending)

        try:
            if address.unix:
                await loop.create_unix_connection(made, address.unix)
            elif address.tls:
                self._tls = self._tls or client_tls()
                await loop.create_connection(
                    made,
                    address.host,
                    address.port,
                    ssl=self._tls,
                    server_hostname=address.host,
                    ssl_handshake_timeout=timeout,
                    ssl_shutdown_timeout=timeout,
                )
            else:
                await loop.create_connection(made, address.host, address.port)
        except (OSError, ssl.SSLError, UnicodeError) as error:
            sending.fail(
                ConnectFailed(
                    f"cannot connect to {address}: {error}", hint="is the server running, and the address right?"
                )
            )


class Inbox(Receiver):
    """Turns callbacks into what can be awaited."""

    __slots__ = ("_sending", "flow", "head")

    def __init__(self, buffer: int) -> None:
        self.head: asyncio.Future[tuple[AnswerHead, int]] = asyncio.get_running_loop().create_future()
        self.flow: Flow[Piece] = Flow(buffer, self._pause, self._resume)
        self._sending: Sending | None = None

    def attach(self, sending: Sending) -> None:
        self._sending = sending

    def on_head(self, head: AnswerHead, at: int) -> None:
        if not self.head.done():
            self.head.set_result((head, at))

    def on_piece(self, piece: bytes, at: int) -> None:
        self.flow.put(Piece(piece, at), len(piece))

    def on_end(self, at: int) -> None:
        self.flow.finish()

    def on_failed(self, trouble: NetworkTrouble) -> None:
        if self.head.done():
            self.flow.finish(trouble)
        else:
            self.head.set_exception(trouble)

    def _pause(self) -> None:
        if self._sending is not None:
            self._sending.pause()

    def _resume(self) -> None:
        if self._sending is not None:
            self._sending.resume()


class Reply:
    """An answer whose head is here; leaving its `async with` early cancels the rest."""

    __slots__ = ("_inbox", "_loop", "_most", "head_at", "headers", "sending", "status")

    def __init__(self, head: AnswerHead, at: int, sending: Sending, inbox: Inbox, most: int) -> None:
        self.status = head.status
        self.headers: Headers = head.headers
        self.head_at = at
        self.sending = sending
        self._inbox = inbox
        self._loop = asyncio.get_running_loop()
        self._most = most

    async def read(self) -> bytes:
        """The whole body; raises TooLarge beyond the limit."""
        parts: list[bytes] = []
        size = 0
        async for piece in self:
            parts.append(piece.data)
            size += len(piece.data)
            if size > self._most:
                self.cancel()
                raise TooLarge(f"the answer of {self.sending.ask.address} has more than {self._most} bytes",
                               hint="raise the limit of a body, or read the answer in pieces")  # fmt: skip
        return b"".join(parts)

    async def __aiter__(self) -> AsyncIterator[Piece]:
        while (piece := await self._inbox.flow.get()) is not None:
            yield piece

    def cancel(self) -> None:
        """From any thread; whoever reads gets Cancelled."""
        self.sending.cancel()
        self._loop.call_soon_threadsafe(
            self._inbox.flow.finish, Cancelled("the answer was given up", hint="our own side did it")
        )

    async def __aenter__(self) -> "Reply":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.sending.cancel()
