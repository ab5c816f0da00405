"""One connection of a client to our server: reads requests strictly, one at a time, and sees the client leave."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, cast

from ollascope.pipe.answer import Answer
from ollascope.pipe.counters import Counters
from ollascope.pipe.framing import Intake, intake
from ollascope.pipe.heads import Crooked, RequestHead, check_request_start, read_request
from ollascope.pipe.limits import Limits, Sizes
from ollascope.pipe.lines import CONTINUE, Date, Refuse, masked, refusal
from ollascope.pipe.passage import Passage
from ollascope.pipe.request import Request
from ollascope.pipe.sweep import Sweep

log = logging.getLogger("ollascope.pipe")

Application = Callable[[Request, Answer], Coroutine[Any, Any, None] | None]

IDLE: Final = 0  # nothing of a next request is here
HEAD: Final = 1  # a part of a head is here
BODY: Final = 2  # a request runs, its body is still coming
ANSWERING: Final = 3  # a request runs, all of it is here
LINGERING: Final = 4  # what still comes is read and ignored
CLOSING: Final = 5

BLANK_LINES = 4
"""Empty lines before a request that are forgiven."""
CROWD = 64
"""Connections over the limit that are told so; further ones are dropped without a word."""


def nanoseconds(seconds: float) -> int:
    return int(seconds * 1e9) if seconds else 1 << 62


@dataclass(slots=True, kw_only=True)
class House:
    """What the doors of one server share."""

    application: Application
    limits: Limits
    refuse: Refuse
    sweep: Sweep
    debug: bool
    room: int
    counters: Counters = field(default_factory=Counters)
    date: Date = field(default_factory=Date)
    doors: set["Door"] = field(default_factory=set)
    draining: bool = False
    emptied: Callable[[], None] | None = None


class Door(asyncio.Protocol):
    __slots__ = (
        "_advancing", "_blanks", "_buffer", "_flushed", "_flushed_at", "_intake", "_passage", "_paused", "_peer",
        "_phase", "_seen", "_served", "_since", "_task", "_transport", "answer", "full", "house", "received", "request",
        "sent",
    )  # fmt: skip

    _transport: asyncio.Transport

    def __init__(self, house: House) -> None:
        self.house = house
        self.request: Request | None = None
        self.answer: Answer | None = None
        self.full = False
        self.sent = 0
        self.received = 0
        self._advancing = False
        self._blanks = 0
        self._buffer = b""
        self._flushed = 0
        self._flushed_at = 0
        self._intake: Intake | None = None
        self._passage: Passage | None = None
        self._paused = False
        self._peer = ""
        self._phase = IDLE
        self._seen = 0
        self._served = 0
        self._since = 0
        self._task: asyncio.Task[None] | None = None

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        house = self.house
        # uvloop's transports are no subclass of asyncio's.
        wires = self._transport = cast("asyncio.Transport", transport)
        self._since = self._flushed_at = time.monotonic_ns()
        wires.set_write_buffer_limits(high=house.limits.sizes.buffer)
        house.doors.add(self)
        house.sweep.add(self)
        house.counters.connections += 1
        house.counters.connections_open = len(house.doors)
        if len(house.doors) > house.room:
            house.counters.connections_refused += 1
            if house.counters.connections_refused == 1:
                log.warning("more than %d connections: further ones are refused", house.room)
            if len(house.doors) > house.room + CROWD:
                wires.abort()
            else:
                self.refuse(503, None)
        elif house.draining:
            self._close()

    def data_received(self, data: bytes) -> None:
        self.received += len(data)
        phase = self._phase
        if phase == BODY:
            self._take(data)
        elif phase <= HEAD:
            self._buffer += data
            if self.full and len(self._buffer) > self.house.limits.sizes.pipelined:
                self._end(None)
            else:
                self._advance()
        elif phase == ANSWERING:
            self._keep_for_later(data)

    def _keep_for_later(self, data: bytes) -> None:
        """A next request while one runs; behind the last one of a connection nothing is kept."""
        if self.answer is not None and not self.answer.keep:
            self._buffer = data[:1]
            return
        self._buffer += data
        if len(self._buffer) > self.house.limits.sizes.pipelined:
            self._end(None)

    def eof_received(self) -> None:
        if self.request is not None:
            self._leave()
            self._transport.abort()
        else:
            self._close()

    def connection_lost(self, _error: Exception | None) -> None:
        house = self.house
        if self.request is not None:
            self._leave()
        self._phase = CLOSING
        self._buffer = b""
        house.doors.discard(self)
        house.sweep.drop(self)
        house.counters.connections_open = len(house.doors)
        house.counters.bytes_in += self.received
        house.counters.bytes_out += self.sent
        if house.emptied is not None and not house.doors:
            house.emptied()

    def pause_writing(self) -> None:
        self.full = True
        if self.answer is not None:
            self.answer.filled()

    def resume_writing(self) -> None:
        self.full = False
        if self.answer is not None:
            self.answer.resumed()
        elif self._buffer and self._phase <= HEAD:
            self._advance()

    # What requests and answers call.

    def write(self, data: bytes) -> bool:
        """False when the client is behind."""
        self.sent += len(data)
        self._transport.write(data)
        return not self.full

    def passage(self) -> Passage:
        """A way for bytes of the running answer that does not lead through here."""
        self._passage = Passage(self._transport.write)
        return self._passage

    def pause_reading(self) -> None:
        if not self._paused and self._phase == BODY and not self._transport.is_closing():
            self._paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if self._paused and not self._transport.is_closing():
            self._paused = False
            self._transport.resume_reading()

    def peer(self) -> str:
        if not self._peer:
            name = self._transport.get_extra_info("peername")
            self._peer = str(name[0]) if isinstance(name, tuple) else "unix"
        return self._peer

    def secure(self) -> bool:
        return self._transport.get_extra_info("ssl_object") is not None

    def sizes(self) -> Sizes:
        return self.house.limits.sizes

    def date(self) -> bytes:
        return self.house.date.line()

    def invite(self) -> None:
        """Tells a client that waits to be asked that its body is wanted."""
        if self.answer is not None and not self.answer.started:
            self.write(CONTINUE)

    def settle(self, keep: bool) -> None:
        """The answer is written: on to the next request, or to the end of the connection."""
        unread = self._phase != ANSWERING or (self._buffer and not keep)
        if self.request is not None:
            self.request.settle()
        self._detach()
        if unread:
            # A connection closed over unread bytes is reset, and the answer may be lost with it.
            self._linger()
        elif not keep:
            self._close()
        else:
            self._phase = IDLE
            self._since = time.monotonic_ns()
            if self._buffer:
                self._advance()

    def refuse(self, status: int, path: str | None) -> None:
        """Answers with the application's body for this status and ends the connection."""
        request = self.request
        unread = self._phase != ANSWERING or bool(self._buffer)
        self.house.counters.refused += 1
        bodiless = request is not None and request.method == "HEAD"
        self.write(refusal(status, self.house.refuse(status, path), self.house.date.line(), bodiless))
        self._detach()
        if unread:
            self._linger()
        else:
            self._close()

    def cut(self) -> None:
        """Ends the connection at once; the client sees a broken answer."""
        self.house.counters.cut += 1
        self._detach()
        self._phase = CLOSING
        self._transport.abort()

    # What the server and its sweep call.

    def drain(self) -> None:
        if self.answer is not None:
            self.answer.keep = False
        elif self._phase == IDLE:
            self._close()

    def stop(self) -> None:
        """The server has no more time for this connection."""
        self._end(None)

    def check(self, now: int) -> None:
        waits = self.house.limits.waits
        size = self._transport.get_write_buffer_size()
        flushed = self.sent - size + (self._passage.bytes if self._passage else 0)
        if not size or flushed != self._flushed:
            self._flushed = flushed
            self._flushed_at = now
        elif now - self._flushed_at > nanoseconds(waits.write):
            self._expire(None)
            return
        spent = now - self._since
        phase = self._phase
        if phase in (BODY, ANSWERING):
            self._check_request(now, spent)
        elif phase == HEAD:
            if spent > nanoseconds(waits.head):
                self._expire(408)
        elif phase == IDLE:
            if spent > nanoseconds(waits.idle if self._served else waits.head) and not size:
                self._close()
        elif spent > nanoseconds(waits.linger) and (phase == LINGERING or not size):
            self._transport.abort()

    def _check_request(self, now: int, spent: int) -> None:
        waits = self.house.limits.waits
        assert self.request is not None
        if self._phase == BODY and not self._paused and spent > nanoseconds(waits.body):
            self._expire(408)
        elif now - self.request.arrived > nanoseconds(waits.whole):
            self._expire(503)

    def _expire(self, status: int | None) -> None:
        self.house.counters.timed_out += 1
        self._end(status)

    # Requests out of the bytes.

    def _advance(self) -> None:
        """Begins the requests in the buffer one by one; the next waits until the one before is answered and taken."""
        if self._advancing:
            return
        self._advancing = True
        while self._buffer and self._phase <= HEAD and not self.full:
            if not self._begin():
                break
        self._advancing = False

    def _begin(self) -> bool:
        if self._phase == IDLE:
            if self._buffer.startswith(b"\r\n") and self._blanks < BLANK_LINES:
                self._blanks += 1
                self._buffer = self._buffer[2:]
                return True
            if self._buffer == b"\r":
                return False
            self._phase = HEAD
            self._since = time.monotonic_ns()
            self._seen = self._blanks = 0
        data = self._buffer
        sizes = self.house.limits.sizes
        end = data.find(b"\r\n\r\n", max(self._seen - 3, 0))
        try:
            if end < 0:
                check_request_start(data, self._seen, sizes)
                self._seen = len(data)
                return False
            head = read_request(data[: end + 4], sizes)
        except Crooked as crooked:
            log.debug("refused with %s: %s", crooked.status, crooked.reason)
            self.refuse(crooked.status, crooked.path)
            return False
        if self.house.debug:
            log.debug("request from %s\n%s", self.peer(), masked(data[:end]))
        self._open(head, data[end + 4 :])
        return True

    def _open(self, head: RequestHead, rest: bytes) -> None:
        house = self.house
        self._served += 1
        house.counters.requests += 1
        house.counters.requests_open += 1
        request = self.request = Request(self, head, self._since)
        keep = head.keep and self._served < house.limits.requests and not house.draining
        answer = self.answer = Answer(self, head, keep)
        if rest and len(rest) == head.length:
            # The way a request usually comes: one read is one whole request.
            self._phase = ANSWERING
            self._buffer = b""
            request.deliver(rest)
            request.finish()
        elif head.length:
            self._phase = BODY
            self._buffer = b""
            self._intake = intake(head.length, house.limits.sizes, house.limits.sizes.body)
            if rest:
                self._take(rest)
        else:
            self._phase = ANSWERING
            self._buffer = rest if keep else rest[:1]
            request.finish()
        if self.request is request:
            self._call(request, answer)
        if self.request is request and len(self._buffer) > house.limits.sizes.pipelined:
            self._end(None)

    def _take(self, data: bytes) -> None:
        """Bytes of the running request's body."""
        reader, request = self._intake, self.request
        assert reader is not None
        assert request is not None
        try:
            piece = reader.feed(data)
        except Crooked as crooked:
            log.debug("refused with %s: %s", crooked.status, crooked.reason)
            self._end(crooked.status)
            return
        if reader.done:
            self._phase = ANSWERING
            self._intake = None
            self._keep_for_later(reader.rest)
            if self.request is not request:
                return
        if piece:
            request.deliver(piece)
        if reader.done and self.request is request:
            request.finish()

    # The application.

    def _call(self, request: Request, answer: Answer) -> None:
        try:
            work = self.house.application(request, answer)
        except Exception as error:  # noqa: BLE001 - one request's bug is reported to the loop and must not end the others'
            self._crashed(answer, error)
            return
        if work is None:
            return
        task = asyncio.get_running_loop().create_task(work)
        if self.answer is answer:
            self._task = task
        task.add_done_callback(partial(self._worked, answer))

    def _worked(self, answer: Answer, task: asyncio.Task[None]) -> None:
        if self.answer is answer:
            self._task = None
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._crashed(answer, error)
        elif task.cancelled() or not answer.claimed:
            self._fail(answer)

    def _crashed(self, answer: Answer, error: BaseException) -> None:
        self._fail(answer)
        context = {"message": "the application failed to answer a request", "exception": error, "protocol": self}
        asyncio.get_running_loop().call_exception_handler(context)

    def _fail(self, answer: Answer) -> None:
        if self.answer is answer:
            self._end(500)

    # Ends.

    def _end(self, status: int | None) -> None:
        """Ends what runs without the application having asked for it, and tells it: refused if it can be, else cut."""
        request, answer, task = self.request, self.answer, self._task
        if status is not None and (answer is None or not answer.started):
            self.refuse(status, request.path if request else None)
        else:
            self.cut()
        if request is not None and answer is not None:
            self._tell(request, answer, task)

    def _leave(self) -> None:
        """The client has left while its request runs."""
        request, answer, task = self.request, self.answer, self._task
        self.house.counters.left += 1
        self._detach()
        self._phase = CLOSING
        if request is not None and answer is not None:
            self._tell(request, answer, task)

    def _tell(self, request: Request, answer: Answer, task: asyncio.Task[None] | None) -> None:
        request.leave()
        answer.resumed()
        if task is not None and task is not asyncio.current_task():
            task.cancel()

    def _detach(self) -> None:
        request, answer = self.request, self.answer
        if request is None or answer is None:
            return
        self.request = self.answer = self._task = self._intake = None
        answer.close()
        if self._passage is not None:
            self.sent += self._passage.bytes
            self._passage = None
        counters = self.house.counters
        counters.requests_open -= 1
        counters.bytes_in += self.received
        counters.bytes_out += self.sent
        self._flushed -= self.sent
        self.received = self.sent = 0
        if not request.complete:
            request.abandon()

    def _linger(self) -> None:
        self._buffer = b""
        self._intake = None
        self._phase = LINGERING
        self._since = time.monotonic_ns()
        self.resume_reading()
        if self._transport.is_closing():
            return
        if self._transport.can_write_eof():
            self._transport.write_eof()
        else:
            self._transport.close()

    def _close(self) -> None:
        if self._phase != CLOSING:
            self._phase = CLOSING
            self._since = time.monotonic_ns()
            # asyncio's TLS transports fall apart when they are closed twice.
            if not self._transport.is_closing():
                self._transport.close()
