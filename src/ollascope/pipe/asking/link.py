"""One connection of ours to a server: a request out, its answer in, read strictly; reused only when clean."""

import asyncio
import logging
import select
import time
from time import monotonic_ns
from typing import Final, Protocol, cast

from ollascope.pipe.asking.ask import Address, Phase, Receiver
from ollascope.pipe.asking.sending import Depot, Sending
from ollascope.pipe.framing import BODIES, LARGEST, STARTS, Intake, Open, intake
from ollascope.pipe.heads import UNTIL_CLOSE, AnswerHead, Crooked, check_answer_start, read_answer
from ollascope.pipe.lines import masked
from ollascope.pipe.passage import Passage
from ollascope.words.errors import AnswerMalformed, ConnectionCut

log = logging.getLogger("ollascope.pipe")

MOST_INTERIM: Final = 8
"""Interim (1xx) answers a server may send before the final one."""


class Pool(Depot, Protocol):
    """What a connection needs of its client."""

    def admit(self, link: "Link") -> None: ...
    def give_back(self, link: "Link") -> None: ...
    def forget(self, link: "Link") -> None: ...


class Link(asyncio.Protocol):
    """The protocol of a connection to a server; one request at a time."""

    __slots__ = (
        "_between", "_buffer", "_depot", "_first", "_flushed", "_flushed_at", "_heard", "_intake", "_interim", "_keep",
        "_passage", "_paused", "_poll", "_raw", "_receiver", "_seen", "_sending", "_sent", "_transport", "address",
        "full", "idle_since", "lost", "served",
    )  # fmt: skip

    _transport: asyncio.Transport

    def __init__(self, depot: Pool, address: Address, first: Sending) -> None:
        self.address = address
        self.full = False
        self.lost = False
        self.idle_since = 0
        self.served = 0
        self._between = False
        self._depot = depot
        self._buffer = b""
        self._flushed = 0
        self._flushed_at = 0
        self._heard = 0  # bytes that the counters do not know of yet
        self._intake: Intake | None = None
        self._interim = 0
        self._keep = False
        self._passage: Passage | None = None
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
        # The way a stream usually comes, one read is one whole chunk, is gone in as few steps as can be.
        if self._between:
            count = len(data)
            if count < LARGEST and data.startswith(STARTS[count]) and data.endswith(b"\r\n"):
                passage = self._passage
                if passage is None:
                    sending, receiver = self._sending, self._receiver
                    assert sending is not None
                    assert receiver is not None
                    self._heard += count
                    sending.heard_at = at = monotonic_ns()
                    sending.plain = data
                    sending.last = False
                    receiver.on_piece(data if self._raw else data[-BODIES[count] - 2 : -2], at)
                else:
                    passage.pieces += 1
                    passage.bytes += count
                    passage.body += BODIES[count]
                    passage.write(data)
                return
        self._take(data)

    def _take(self, data: bytes) -> None:
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
        # asyncio's TLS transports fall apart when they are closed twice.
        if not self._transport.is_closing():
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

    def let_pass(self, passage: Passage) -> None:
        self._passage = passage

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
        self._between = reader.between
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
        passage, self._passage = self._passage, None
        self._depot.counters.bytes_in += self._heard
        self._heard = 0
        if passage is not None:
            self._depot.counters.bytes_in += passage.bytes
        self._sending = self._receiver = self._intake = None
        self._between = False
        self._buffer = b""

    def _malformed(self, sending: Sending, crooked: Crooked) -> None:
        trouble = AnswerMalformed(f"{self.address} answered against the rules of HTTP: {crooked.reason}",
                                  hint="is it an HTTP server, and is nothing between that changes bytes?")  # fmt: skip
        sending.fail(trouble)

    def _cut(self, what: str) -> ConnectionCut:
        return ConnectionCut(
            f"{self.address} {what}", hint="look at the server's log: it may have crashed or run out of memory"
        )
