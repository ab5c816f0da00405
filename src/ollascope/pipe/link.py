"""One connection of ours to a server: a request out, its answer in, read strictly; reused only when clean."""

import asyncio
import logging
import select
import threading
import time
from typing import Final, Protocol, cast

from ollascope.pipe.ask import Address, Ask, Phase, Receiver, request_head
from ollascope.pipe.counters import Counters
from ollascope.pipe.framing import END, Intake, Open, frame, intake
from ollascope.pipe.heads import UNTIL_CLOSE, AnswerHead, Crooked, check_answer_start, read_answer
from ollascope.pipe.limits import Limits, Waits
from ollascope.pipe.lines import masked
from ollascope.words.errors import AnswerMalformed, ConnectionCut, NetworkTrouble, TimedOut

log = logging.getLogger("ollascope.pipe")

NOBODY: Final = Receiver()
"""Takes a receiver's place when all is said, so that the two do not keep each other for the garbage collector."""
MOST_INTERIM: Final = 8
"""Interim (1xx) answers a server may send before the final one."""
JOINED: Final = 65_536
"""Bodies up to this size are written together with their head."""


class Depot(Protocol):
    """What requests and connections need of their client."""

    limits: Limits
    counters: Counters
    debug: bool
    thread: int

    def admit(self, link: "Link") -> None: ...
    def give_back(self, link: "Link") -> None: ...
    def forget(self, link: "Link") -> None: ...
    def finished(self, sending: "Sending") -> None: ...


class Sending:
    """One request on its way and the answer to it."""

    __slots__ = (
        "_depot", "_head", "_left", "_link", "_loop", "_receiver", "_task", "_wrote_all", "ask", "connected_at",
        "heard_at", "last", "more", "paused", "phase", "plain", "reused", "sent_at", "started_at",
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
        self._link: Link | None = None
        self._loop = loop
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

    # What the client and the connection call.

    def connect_by(self, task: asyncio.Task[None]) -> None:
        self._task = task

    def begin(self, link: "Link", reused: bool) -> None:
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
        silent = (now - self.heard_at) / 1e9
        if waits.whole and (now - self.started_at) / 1e9 > waits.whole:
            self._time_out(waits.whole, "the whole exchange")
        elif self.phase is Phase.CONNECTING:
            if waits.connect and (now - self.started_at) / 1e9 > waits.connect:
                self._time_out(waits.connect, "connecting")
        elif self.phase is Phase.READING:
            if waits.idle and not self.paused and silent > waits.idle:
                self._time_out(waits.idle, "reading the answer")
        else:
            self._check_sent(waits, now)

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


class Link(asyncio.Protocol):
    """The protocol of a connection to a server; one request at a time."""

    __slots__ = (
        "_buffer", "_depot", "_first", "_flushed", "_flushed_at", "_intake", "_interim", "_keep", "_paused",
        "_poll", "_raw", "_receiver", "_seen", "_sending", "_sent", "_transport", "address", "full",
        "idle_since", "lost", "served",
    )  # fmt: skip

    _transport: asyncio.Transport

    def __init__(self, depot: Depot, address: Address, first: Sending) -> None:
        self.address = address
        self.full = False
        self.lost = False
        self.idle_since = 0
        self.served = 0
        self._depot = depot
        self._buffer = b""
        self._flushed = 0
        self._flushed_at = 0
        self._intake: Intake | None = None
        self._interim = 0
        self._keep = False
        self._paused = False
        self._poll: select.poll | None = None
        self._raw = False
        self._receiver: Receiver | None = None
        self._seen = 0
        self._sending: Sending | None = None
        self._sent = 0
        self._first: Sending | None = first

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's.
        wires = self._transport = cast("asyncio.Transport", transport)
        wires.set_write_buffer_limits(high=self._depot.limits.sizes.buffer)
        first, self._first = self._first, None
        if first is not None and first.phase is Phase.CONNECTING:
            self._depot.admit(self)
            first.begin(self, reused=False)
        else:
            # Nobody is told of the end of a connection whose making was cancelled, so it is not counted either.
            wires.abort()

    def data_received(self, data: bytes) -> None:
        at = time.monotonic_ns()
        sending = self._sending
        if sending is None:
            # Nobody asked: such a connection must not serve anybody.
            self.abort()
            return
        sending.heard_at = at
        self._depot.counters.bytes_in += len(data)
        if self._intake is None:
            self._buffer = self._buffer + data if self._buffer else data
            self._read_head(sending, at)
        else:
            self._read_body(sending, data, at)

    def eof_received(self) -> None:
        sending, reader = self._sending, self._intake
        if sending is not None:
            if reader is not None and self._until_close():
                self._keep = False
                self._finish(sending, time.monotonic_ns())
            else:
                sending.fail(self._cut("closed the connection before its answer was complete"))
        self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        self.lost = True
        sending = self._sending
        if sending is not None:
            sending.fail(self._cut(f"cut the connection: {error}" if error else "cut the connection"))
        self._depot.forget(self)

    def pause_writing(self) -> None:
        self.full = True

    def resume_writing(self) -> None:
        self.full = False
        if self._sending is not None and not self._sending.wrote_all() and self._receiver is not None:
            self._receiver.on_ready()

    # What requests and the pool call.

    def begin(self, sending: Sending, receiver: Receiver) -> None:
        self._sending = sending
        self._receiver = receiver
        self._raw = sending.ask.raw
        self._interim = self._seen = 0
        self._flushed_at = sending.connected_at
        self.served += 1

    def write(self, data: bytes) -> None:
        self._sent += len(data)
        self._depot.counters.bytes_out += len(data)
        self._transport.write(data)

    def pause_reading(self) -> None:
        if not self._paused and not self._transport.is_closing():
            self._paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if self._paused and not self._transport.is_closing():
            self._paused = False
            self._transport.resume_reading()

    def abort(self) -> None:
        self._let_go()
        self._transport.abort()

    def close(self) -> None:
        self._let_go()
        self._transport.close()

    def stale(self) -> bool:
        """The server has closed this waiting connection, or has sent what nobody asked for."""
        if self.lost or self._transport.is_closing():
            return True
        if self._poll is None:
            socket = self._transport.get_extra_info("socket")
            self._poll = select.poll()
            self._poll.register(socket.fileno(), select.POLLIN | select.POLLHUP)
        return bool(self._poll.poll(0))

    def stuck(self, now: int, seconds: float) -> bool:
        """Nothing of what was written has been taken for so long."""
        size = self._transport.get_write_buffer_size()
        if not size or self._sent - size != self._flushed:
            self._flushed = self._sent - size
            self._flushed_at = now
        return (now - self._flushed_at) / 1e9 > seconds

    # The answer out of the bytes.

    def _read_head(self, sending: Sending, at: int) -> None:
        sizes = self._depot.limits.sizes
        while True:
            data = self._buffer
            end = data.find(b"\r\n\r\n", max(self._seen - 3, 0))
            try:
                if end < 0:
                    if data:
                        check_answer_start(data, self._seen, sizes)
                    self._seen = len(data)
                    return
                head = read_answer(data[: end + 4], sizes)
                self._judge(head)
            except Crooked as crooked:
                self._malformed(sending, crooked)
                return
            self._buffer = data[end + 4 :]
            self._seen = 0
            if head.status >= 200:
                break
        if self._depot.debug:
            log.debug("answer from %s\n%s", self.address, masked(data[:end]))
        self._begin_body(sending, head, at)

    def _judge(self, head: AnswerHead) -> None:
        if head.status == 101:
            raise Crooked(502, "the server switched protocols unasked")
        if head.status < 200:
            self._interim += 1
            if self._interim > MOST_INTERIM:
                raise Crooked(502, "too many interim answers")

    def _begin_body(self, sending: Sending, head: AnswerHead, at: int) -> None:
        bodiless = head.status in {204, 304} or sending.ask.method == "HEAD"
        self._keep = head.keep and not (head.status == 204 and head.length != UNTIL_CLOSE)
        data, self._buffer = self._buffer, b""
        if data and len(data) == head.length and not bodiless:
            self._take_whole(sending, head, data, at)
            return
        reader = self._intake = intake(0 if bodiless else head.length, self._depot.limits.sizes, 0)
        piece = b""
        wrong: Crooked | None = None
        if reader.done:
            self._keep = self._keep and not data
            data = b""
        elif data:
            try:
                piece = reader.feed(data)
            except Crooked as crooked:
                wrong = crooked
        receiver = self._receiver
        assert receiver is not None
        sending.phase = Phase.READING
        sending.more = bool(piece) or reader.done
        receiver.on_head(head, at)
        if self._sending is not sending:
            return
        if wrong is not None:
            self._malformed(sending, wrong)
        elif data or reader.done:
            self._deliver(sending, data, piece, at)

    def _take_whole(self, sending: Sending, head: AnswerHead, body: bytes, at: int) -> None:
        """The way a short answer usually comes: one read is one whole answer."""
        receiver = self._receiver
        assert receiver is not None
        sending.phase = Phase.READING
        sending.more = sending.last = True
        sending.plain = body
        receiver.on_head(head, at)
        if self._sending is sending:
            receiver.on_piece(body, at)
        if self._sending is sending:
            self._finish(sending, at)

    def _read_body(self, sending: Sending, data: bytes, at: int) -> None:
        reader = self._intake
        assert reader is not None
        try:
            piece = reader.feed(data)
        except Crooked as crooked:
            self._malformed(sending, crooked)
            return
        self._deliver(sending, data, piece, at)

    def _deliver(self, sending: Sending, data: bytes, piece: bytes, at: int) -> None:
        """What one read brought: `data` as it came, `piece` the bytes of the body in it."""
        reader, receiver = self._intake, self._receiver
        assert reader is not None
        assert receiver is not None
        sending.plain = data if reader.plain else None
        sending.last = reader.done
        if self._raw:
            if data:
                receiver.on_piece(data[: len(data) - len(reader.rest)], at)
        elif piece:
            receiver.on_piece(piece, at)
        if reader.done and self._sending is sending:
            self._keep = self._keep and not reader.rest
            self._finish(sending, at)

    def _until_close(self) -> bool:
        return isinstance(self._intake, Open)

    def _finish(self, sending: Sending, at: int) -> None:
        receiver = self._receiver
        assert receiver is not None
        clean = self._keep and sending.wrote_all() and not self.full and self.served < self._depot.limits.requests
        self._let_go()
        sending.complete()
        if clean and not self._transport.is_closing():
            self.resume_reading()
            self._depot.give_back(self)
        else:
            self._transport.abort()
        receiver.on_end(at)

    def _let_go(self) -> None:
        self._sending = self._receiver = self._intake = None
        self._buffer = b""

    def _malformed(self, sending: Sending, crooked: Crooked) -> None:
        trouble = AnswerMalformed(f"{self.address} answered against the rules of HTTP: {crooked.reason}",
                                  hint="is it an HTTP server, and is nothing between that changes bytes?")  # fmt: skip
        sending.fail(trouble)

    def _cut(self, what: str) -> ConnectionCut:
        return ConnectionCut(
            f"{self.address} {what}", hint="look at the server's log: it may have crashed or run out of memory"
        )
