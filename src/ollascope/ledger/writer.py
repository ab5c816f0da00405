"""The writer: takes records without delay, and brings them to their segments from a thread of its own."""

import atexit
import logging
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ollascope.ledger.appending import Appender
from ollascope.ledger.codec import Amendment, Record, encode
from ollascope.ledger.segment import DAY_S, END_OF_TIME, Kind, Origin, day_of
from ollascope.ledger.settings import Ledger
from ollascope.words.call import Call
from ollascope.words.clock import Clock
from ollascope.words.errors import StorageTrouble
from ollascope.words.ids import Ids
from ollascope.words.sample import Sample

log = logging.getLogger(__name__)

CHUNK = 500  # records encoded between two writes: other threads wait no longer than that
MOST_OPEN = 8  # segments: today's of each kind, and a few for late records
IDLE_S = 60.0  # after which a segment of another day is closed
RETRY_S = 1.0  # between two attempts while nothing can be written
SOON_S = 0.01
LAST_WAIT_S = 5.0  # at exit, for a disk that does not answer

Place = tuple[Kind, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What became of the records so far; `lost` found no place while paused, `refused` could not be written at all."""

    recorded: int = 0
    lost: int = 0
    refused: int = 0
    waiting: int = 0
    paused: bool = False


class Writer:
    """Takes Calls, Samples and amendments from any thread; `call` is the Sink that everyone hands on."""

    def __init__(self, ledger: Path, settings: Ledger, origin: Origin, clock: Clock | None = None) -> None:
        self._ledger = ledger
        self._settings = settings
        self._origin = origin
        self._clock = clock or Clock()
        self._ids = Ids(wall=self._clock.wall)
        self._waiting: deque[Record | threading.Event] = deque()
        self._unwritten: dict[Place, bytes] = {}
        self._open: dict[Place, Appender] = {}
        self._used: dict[Place, float] = {}
        self._ended: list[Appender] = []  # to be given up once they are on the disk
        self._syncing: threading.Thread | None = None
        self._recorded = self._lost = self._refused = self._told_lost = 0
        self._counting = threading.Lock()
        self._paused = False
        self._synced = self._clock.monotonic()
        self._some, self._hurry, self._end_asked = threading.Event(), threading.Event(), threading.Event()
        self._room = settings.buffer_records
        self._hurry_at = settings.buffer_records // 4
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def call(self, call: Call) -> None:
        """Record a Call: at once for the caller, on the disk within the flush window."""
        self._take(call)

    def sample(self, sample: Sample) -> None:
        """Record a Sample."""
        self._take(sample)

    def amend(self, call: Call, flags: tuple[str, ...]) -> None:
        """Record what was learnt of a Call; readers add these flags to its own."""
        self._take(Amendment(id=call.id, sent_at=call.sent_at, flags=flags))

    def counts(self) -> Counts:
        """What became of the records so far."""
        return Counts(
            recorded=self._recorded,
            lost=self._lost,
            refused=self._refused,
            waiting=len(self._waiting),
            paused=self._paused,
        )

    def flush(self, timeout_s: float = LAST_WAIT_S) -> bool:
        """Wait until all that was taken so far is written; false if that took too long."""
        if not self._thread.is_alive():
            return not self._waiting
        reached = threading.Event()
        self._waiting.append(reached)
        self._some.set()
        self._hurry.set()
        return reached.wait(timeout_s)

    def close(self) -> None:
        """Write what waits, give the segments up and end the thread; a second time does nothing."""
        atexit.unregister(self.close)
        self._room = 0  # what comes from here on is counted as lost
        self._end_asked.set()
        self._some.set()
        self._hurry.set()
        self._thread.join(LAST_WAIT_S)

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _take(self, record: Record) -> None:
        waiting = self._waiting
        count = len(waiting)
        if count >= self._room:
            with self._counting:
                self._lost += 1
            return
        waiting.append(record)
        if not self._some.is_set():
            self._some.set()
        if count >= self._hurry_at and not self._hurry.is_set():
            self._hurry.set()

    def _run(self) -> None:
        while not self._end_asked.is_set():
            if self._paused:
                self._end_asked.wait(RETRY_S)
            elif self._some.wait(self._patience()):
                self._hurry.wait(self._settings.flush_ms / 1000)
            self._some.clear()
            self._hurry.clear()
            self._write_all()
        self._finish()

    def _patience(self) -> float | None:
        """How long nothing needs to be done if nothing comes."""
        if not self._open and not self._ended:
            return None
        every = self._settings.sync_s
        if every is None or not (self._ended or any(appender.unsynced for appender in self._open.values())):
            return IDLE_S
        return max(SOON_S, min(IDLE_S, self._synced + every - self._clock.monotonic()))

    def _write_all(self) -> None:
        self._write_unwritten()
        while self._waiting and not self._unwritten:
            reached = self._encode_some()
            self._write_unwritten()
            if self._unwritten:  # the disk is full: whoever waits for these records waits on
                self._waiting.extendleft(reversed(reached))
            else:
                for event in reached:
                    event.set()
        self._sync()
        self._close_idle()

    def _encode_some(self) -> list[threading.Event]:
        """Lines for the next records, and the waits that end once those are written."""
        reached: list[threading.Event] = []
        lines: dict[Place, list[bytes]] = {}
        for _ in range(min(CHUNK, len(self._waiting))):
            record = self._waiting.popleft()
            if isinstance(record, threading.Event):
                reached.append(record)
                continue
            try:
                lines.setdefault(_place(record), []).append(encode(record))
            except (TypeError, ValueError) as error:  # a bug of whoever made it must not take the others along
                self._refused += 1
                log.error("a %s cannot be recorded: %s", type(record).__name__, error)
        self._unwritten = {place: b"".join(some) for place, some in lines.items()}
        return reached

    def _write_unwritten(self) -> None:
        for place in list(self._unwritten):
            try:
                self._write(place)
            except StorageTrouble as error:
                self._pause(error)
                return
        if self._paused:
            self._resume()

    def _write(self, place: Place) -> None:
        lines = self._unwritten[place]
        appender = self._appender(place)
        written = appender.append(lines)
        self._recorded += lines.count(b"\n", 0, written)
        if appender.trouble is not None:
            self._unwritten[place] = lines[written:]
            self._end(place)
            raise appender.trouble
        del self._unwritten[place]
        if appender.size >= self._settings.segment_mib << 20:
            self._end(place)

    def _appender(self, place: Place) -> Appender:
        self._used[place] = self._clock.monotonic()
        if place not in self._open:
            if len(self._open) >= MOST_OPEN:
                self._end(min(self._open, key=self._used.__getitem__))
            kind, day = place
            self._open[place] = Appender.create(self._ledger, day, kind, self._ids.next(), self._origin)
        return self._open[place]

    def _end(self, place: Place) -> None:
        self._ended.append(self._open.pop(place))
        del self._used[place]

    def _sync(self) -> None:
        """Bring what is due onto the disk, in a thread of its own: a slow disk must not lengthen the window."""
        every, now = self._settings.sync_s, self._clock.monotonic()
        due = every is not None and now - self._synced >= every
        if not (due or self._ended) or (self._syncing is not None and self._syncing.is_alive()):
            return
        dirty = [appender for appender in self._open.values() if appender.unsynced] if due else []
        if due:
            self._synced = now
        ended, self._ended = self._ended, []
        self._syncing = threading.Thread(target=_settle, args=(dirty, ended, every is not None), daemon=True)
        self._syncing.start()

    def _close_idle(self) -> None:
        today, now = day_of(self._clock.wall()), self._clock.monotonic()
        for place in [place for place in self._open if place[1] != today and now - self._used[place] >= IDLE_S]:
            self._end(place)

    def _pause(self, error: StorageTrouble) -> None:
        if not self._paused:
            self._paused = True
            self._told_lost = self._lost
            log.error("recording pauses, requests go on: %s; %s", error.message, error.hint)

    def _resume(self) -> None:
        self._paused = False
        log.warning("recording goes on; %d records found no place meanwhile", self._lost - self._told_lost)

    def _finish(self) -> None:
        self._write_all()
        if left := sum(_lines(self._unwritten)) + sum(not isinstance(one, threading.Event) for one in self._waiting):
            self._lost += left
            log.error("%d records could not be written and are lost", left)
        for place in list(self._open):
            self._end(place)
        if self._syncing is not None:
            self._syncing.join()
        _settle([], self._ended, self._settings.sync_s is not None)


def _settle(dirty: Sequence[Appender], ended: Sequence[Appender], sync: bool) -> None:
    """Force segments onto the disk and give the ended ones up; only here is one closed, so none is closed in use."""
    for appender in (*dirty, *(ended if sync else ())):
        try:
            appender.sync()
        except OSError as error:
            log.error("%s may not be on the disk: %s", appender.path, error.strerror)
    for appender in ended:
        appender.close()


def _lines(unwritten: Mapping[Place, bytes]) -> list[int]:
    return [lines.count(b"\n") for lines in unwritten.values()]


_days: dict[int, str] = {}


def _place(record: Record) -> Place:
    """The kind and the day of a record: by its own time, however late or early that is."""
    kind: Kind = "calls" if isinstance(record, Call) else "samples" if isinstance(record, Sample) else "amendments"
    at = record.at if isinstance(record, Sample) else record.sent_at
    if not 0 <= at < END_OF_TIME:
        raise ValueError(f"{at} is no time of this world")
    number = int(at // DAY_S)
    day = _days.get(number)
    if day is None:
        if len(_days) > 100:
            _days.clear()
        day = _days[number] = day_of(at)
    return kind, day
