"""One request of ours on its way, from the first try to connect to the end of the answer."""

import asyncio
import logging
import threading
import time
from typing import Final, Protocol

from ollascope.pipe.asking.ask import Ask, Phase, Receiver, request_head
from ollascope.pipe.counters import Counters
from ollascope.pipe.framing import END, frame
from ollascope.pipe.limits import Limits, Waits
from ollascope.pipe.lines import masked
from ollascope.pipe.passage import Passage
from ollascope.words.errors import NetworkTrouble, TimedOut

log = logging.getLogger("ollascope.pipe")

NOBODY: Final = Receiver()
"""Takes a receiver's place when all is said, so that the two do not keep each other for the garbage collector."""
JOINED: Final = 65_536
"""Bodies up to this size are written together with their head."""


class Depot(Protocol):
    """What a request needs of its client."""

    limits: Limits
    counters: Counters
    debug: bool
    thread: int

    def finished(self, sending: "Sending") -> None: ...


class Way(Protocol):
    """What a request needs of its connection."""

    full: bool

    def begin(self, sending: "Sending", receiver: Receiver) -> None: ...
    def write(self, data: bytes) -> None: ...
    def let_pass(self, passage: Passage) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def stuck(self, now: int, seconds: float) -> bool: ...
    def abort(self) -> None: ...


class Sending:
    """One request on its way and the answer to it."""

    __slots__ = (
        "_depot", "_head", "_left", "_link", "_loop", "_passage", "_passed", "_receiver", "_task", "_wrote_all", "ask",
        "connected_at", "heard_at", "last", "more", "paused", "phase", "plain", "reused", "sent_at", "started_at",
    )  # fmt: skip

    def __init__(self, depot: Depot, ask: Ask, receiver: Receiver, loop: asyncio.AbstractEventLoop) -> None:
        self.ask = ask
        self._head = request_head(ask)
        self.phase = Phase.CONNECTING
        self.reused = False
        self.started_at = time.monotonic_ns()
        self.connected_at = self.sent_at = 0
        self.heard_at = self.started_at
        self.paused = False
        self.plain: bytes | None = None
        self.last = self.more = False
        self._depot = depot
        self._left = ask.length or 0
        self._link: Way | None = None
        self._loop = loop
        self._passage: Passage | None = None
        self._passed = 0
        self._receiver = receiver
        self._task: asyncio.Task[None] | None = None
        self._wrote_all = ask.body is not None

    def cancel(self) -> None:
        """Closes at once, in any phase and from any thread; the receiver hears nothing more."""
        if threading.get_ident() != self._depot.thread:
            self._loop.call_soon_threadsafe(self.cancel)
        elif self.phase is not Phase.DONE:
            self._release()

    def write(self, data: bytes) -> bool:
        """A part of a streamed request body; False when the server is behind: wait for `on_ready`."""
        link = self._link
        if link is None or self._wrote_all or not data:
            return link is not None and not link.full
        if self.ask.length is None:
            data = frame(data)
        else:
            self._spend(len(data))
        link.write(data)
        return not link.full

    def finish(self) -> None:
        """The end of a streamed request body."""
        link = self._link
        if link is not None and not self._wrote_all:
            if self.ask.length is None:
                link.write(END)
            elif self._left:
                self._spend(self._left + 1)
            self._wrote_all = True
            self._sent()

    def _spend(self, count: int) -> None:
        """A body of another length than announced would be read as the start of a next request, so it is not sent."""
        self._left -= count
        if self._left < 0:
            self.cancel()
            raise ValueError("a streamed request body must have the length that was announced")

    def pause(self) -> None:
        """Stops reading the answer."""
        self.paused = True
        if self._link is not None:
            self._link.pause_reading()

    def resume(self) -> None:
        self.paused = False
        self.heard_at = time.monotonic_ns()
        if self._link is not None:
            self._link.resume_reading()

    def let_pass(self, passage: Passage) -> None:
        """Whole chunks go through this passage from here on, and the receiver does not hear of them."""
        if self._link is not None:
            self._passage = passage
            self._link.let_pass(passage)

    # What the client and the connection call.

    def connect_by(self, task: asyncio.Task[None]) -> None:
        self._task = task

    def begin(self, link: Way, reused: bool) -> None:
        """Writes the request on this connection."""
        self._task = None
        self._link = link
        self.reused = reused
        self.connected_at = self.started_at if reused else time.monotonic_ns()
        self.phase = Phase.SENDING
        body = self.ask.body
        head, self._head = self._head, b""
        if self._depot.debug:
            log.debug("request to %s\n%s", self.ask.address, masked(head))
        link.begin(self, self._receiver)
        if body is None:
            link.write(head)
            self._loop.call_soon(self._invite)
            return
        if len(body) <= JOINED:
            link.write(head + body)
        else:
            link.write(head)
            link.write(body)
        self._sent()

    def wrote_all(self) -> bool:
        return self._wrote_all

    def fail(self, trouble: NetworkTrouble) -> None:
        if self.phase is not Phase.DONE:
            receiver = self._receiver
            self._release()
            receiver.on_failed(trouble)

    def complete(self) -> None:
        """The answer is here; the connection has been taken care of."""
        self.phase = Phase.DONE
        self._link = None
        self._receiver = NOBODY
        self._depot.finished(self)

    def check(self, now: int) -> None:
        waits = self.ask.waits or self._depot.limits.waits
        if waits.whole and (now - self.started_at) / 1e9 > waits.whole:
            self._time_out(waits.whole, "the whole exchange")
        elif self.phase is Phase.CONNECTING:
            if waits.connect and (now - self.started_at) / 1e9 > waits.connect:
                self._time_out(waits.connect, "connecting")
        elif self.phase is Phase.READING:
            self._listen(now)
            if waits.idle and not self.paused and (now - self.heard_at) / 1e9 > waits.idle:
                self._time_out(waits.idle, "reading the answer")
        else:
            self._check_sent(waits, now)

    def _listen(self, now: int) -> None:
        """Pieces that pass do not look at the clock: they are heard when somebody looks."""
        passage = self._passage
        if passage is not None and passage.bytes != self._passed:
            self._passed = passage.bytes
            self.heard_at = now

    def _check_sent(self, waits: Waits, now: int) -> None:
        link = self._link
        if link is not None and waits.write and link.stuck(now, waits.write):
            self._time_out(waits.write, "sending the request")
        elif self.phase is Phase.WAITING and waits.head and (now - self.sent_at) / 1e9 > waits.head:
            self._time_out(waits.head, "waiting for the answer's head")

    def _time_out(self, seconds: float, phase: str) -> None:
        self._depot.counters.timed_out += 1
        self.fail(TimedOut(f"{self.ask.address} took more than {seconds:g} s: {phase}",
                           hint="look at the server, or allow more time"))  # fmt: skip

    def _sent(self) -> None:
        if self.phase is Phase.SENDING:
            self.phase = Phase.WAITING
        self.sent_at = time.monotonic_ns()

    def _invite(self) -> None:
        if self._link is not None:
            self._receiver.on_ready()

    def _release(self) -> None:
        """Lets go of the connection, which cannot be used again."""
        self.phase = Phase.DONE
        self._receiver = NOBODY
        link, self._link = self._link, None
        task, self._task = self._task, None
        if link is not None:
            link.abort()
        if task is not None:
            task.cancel()
        self._depot.finished(self)
