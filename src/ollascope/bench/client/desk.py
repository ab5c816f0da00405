"""Reads what has come, when there is time: in slices so short that no stamp is late for it."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from ollascope.apis.errors import read_error
from ollascope.apis.routes import Action, Api
from ollascope.apis.skimming import Heard, Skim
from ollascope.bench.client.calls import Subject, call_of, extra_of, outcome_of
from ollascope.bench.client.counts import Counts
from ollascope.bench.client.flight import HEAP, Flight
from ollascope.bench.client.journal import Journal
from ollascope.bench.client.pauses import Buckets, gaps_of, pairs_of, seconds_of
from ollascope.words.errors import Cancelled, Trouble

SLICE_NS: Final = 300_000
PAUSE_S: Final = 0.002
FOLD: Final = 4096  # stamps that are kept as they are before their gaps are counted
ERROR_BYTES: Final = 1 << 20


class Desk:
    """Where flights are read, and where the Call of each is left, once."""

    def __init__(self, subject: Subject, wire: tuple[Api, Action], journal: Journal, *, talks: bool) -> None:
        self.counts = Counts()
        self.flights: set[Flight] = set()  # on their way
        self.go_ns = 0
        self.resend: Callable[[Flight], None] | None = None
        self._subject = subject
        self._api, self._action = wire
        self._journal = journal
        self._talks = talks
        self._buckets = Buckets()
        self._queue: deque[Flight] = deque()
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, flight: Flight) -> None:
        """A request is on its way."""
        self.flights.add(flight)
        self.counts.begin()

    # What flights call.

    def has_pieces(self, flight: Flight) -> None:
        """To be read in a while."""
        if not flight.queued:
            flight.queued = True
            self._queue.append(flight)
            if self._timer is None:
                self._timer = self._loop.call_later(PAUSE_S, self._slice)

    def has_ended(self, flight: Flight) -> None:
        """Its load goes on at once; a conversation needs the answer for that, so this is read at once, too."""
        if flight.done:
            return
        flight.done = True
        flight.ended_ns = flight.ended_ns or time.monotonic_ns()
        _let_go(flight)
        self.flights.discard(flight)
        self.counts.land()
        if self._talks:
            self._read(flight)
        else:
            self.has_pieces(flight)
        then, flight.then = flight.then, None
        if then is not None:
            then(flight)

    def is_stale(self, flight: Flight) -> None:
        """Sent again, and counted."""
        if self.resend is not None and not flight.done:
            flight.retries += 1
            self.resend(flight)

    def cut(self, flight: Flight) -> None:
        """Give it up; an answer whose last part is here is whole all the same."""
        if flight.done:
            return
        _give_up(flight)
        self._read(flight)
        if not flight.done:
            if flight.heard is None or flight.heard.final is None:
                flight.trouble = Cancelled("the run ended before the answer", hint="give the run more time")
            self.has_ended(flight)

    def miss(self, flight: Flight) -> None:
        """It was due, and is never sent: that leaves a Call, too."""
        flight.trouble = Cancelled("the run ended before this request was sent", hint="ask for less at once")
        flight.done = True
        self._settle(flight)

    def finish(self) -> None:
        """Read all that is left."""
        if self._timer is not None:
            self._timer.cancel()
        while self._queue:
            self._turn(self._queue.popleft())
        self._timer = None

    @property
    def waiting(self) -> int:
        """Flights that have something to read."""
        return len(self._queue)

    # Reading.

    def _slice(self) -> None:
        until = time.monotonic_ns() + SLICE_NS
        while self._queue:
            self._turn(self._queue.popleft())
            if time.monotonic_ns() >= until:
                break
        self._timer = self._loop.call_later(PAUSE_S, self._slice) if self._queue else None

    def _turn(self, flight: Flight) -> None:
        flight.queued = False
        self._read(flight)

    def _read(self, flight: Flight) -> None:
        if not flight.id:  # its Call is left
            return
        try:
            self._take(flight)
            if flight.done and flight.trouble is None:
                self._finish(flight)
        except Trouble as trouble:
            self._spoil(flight, trouble)
        self._count(flight)
        if flight.done and flight.id:
            self._settle(flight)

    def _take(self, flight: Flight) -> None:
        """The pieces that came since."""
        pieces, stamps = flight.pieces, flight.stamps
        flight.mark, flight.size = HEAP, 0
        if not pieces:
            return
        flight.pieces, flight.stamps = [], []
        if flight.heard is None and flight.status is not None and 200 <= flight.status < 300:
            flight.heard = Skim(self._api, self._action, flight.content_type, keeps_text=self._talks)
        if isinstance(flight.heard, Skim):
            flight.heard.feed(pieces, stamps)
        else:
            flight.body = b"".join((flight.body, *pieces))[:ERROR_BYTES]

    def _finish(self, flight: Flight) -> None:
        status = flight.status or 0
        if flight.trace is not None or not isinstance(flight.heard, Skim | None):
            return
        if not 200 <= status < 300:
            raise read_error(status, flight.body)
        heard = flight.heard or Skim(self._api, self._action, flight.content_type)
        flight.heard = heard
        if isinstance(heard, Skim):
            heard.finish(flight.ended_ns)

    def _spoil(self, flight: Flight, trouble: Trouble) -> None:
        """What has come is no answer: nothing more of it is wanted."""
        flight.trouble = trouble
        if flight.done:
            return
        if isinstance(flight.heard, Skim):
            flight.ended_ns = flight.heard.read_at
        _give_up(flight)
        self.has_ended(flight)

    def _count(self, flight: Flight) -> None:
        heard, counts = flight.heard, self.counts
        if heard is None:
            return
        counts.tokens += heard.pieces - flight.counted
        flight.counted = heard.pieces
        if not flight.told and heard.first is not None:
            flight.told = True
            counts.tell_first((heard.first - flight.sent_ns) / 1e9)
        if len(heard.stamps) >= FOLD:
            self._fold(flight, heard)
            del heard.stamps[: len(heard.stamps) - 1]

    def _fold(self, flight: Flight, heard: Heard) -> None:
        """Count the gaps between the stamps that are here; they go into the worker's file where the flight counts."""
        gaps = gaps_of(heard.stamps)
        if not gaps:
            return
        counts = self._buckets.count(gaps)
        if flight.gaps is None:
            flight.gaps = counts
        else:
            flight.gaps.update(counts)
        if flight.shot.phase is None:
            self._journal.add_gaps(seconds_of(gaps))

    def _settle(self, flight: Flight) -> None:
        """The one Call of this flight."""
        final = flight.heard.final if flight.heard is not None else None
        if final is not None and final.tokens_out is not None:
            self.counts.tokens += final.tokens_out - flight.counted
        if flight.heard is not None:
            self._fold(flight, flight.heard)
        call = call_of(flight, self._subject, () if flight.gaps is None else pairs_of(flight.gaps))
        self._journal.add(call, extra_of(flight, self.go_ns))
        self.counts.settle(outcome_of(flight))
        flight.id = ""


def _give_up(flight: Flight) -> None:
    if flight.sending is not None:
        flight.sending.cancel()
    if flight.stream is not None:
        flight.stream.close()


def _let_go(flight: Flight) -> None:
    """What the connection told of itself; the two would keep each other for the garbage collector."""
    sending, flight.sending = flight.sending, None
    if sending is not None and not sending.reused and sending.connected_at:
        flight.connect_s = (sending.connected_at - sending.started_at) / 1e9
