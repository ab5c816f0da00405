"""The past, held ready: sums that were read once stay in memory, and a thread of its own keeps them up to date."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from sqlite3 import Connection
from typing import Final

from ollascope.ledger.rollups import HOUR_S, Group, has_rollups, open_rollups
from ollascope.ledger.rollups import every_group as groups_of
from ollascope.monitor.history.tail import Offsets, Tail, offsets_of
from ollascope.monitor.history.units import (
    DAY_S,
    LENGTH,
    Level,
    Load,
    Pieces,
    coarser,
    loads_of,
    read_unit,
    unit_starts,
)
from ollascope.words.errors import Trouble

log = logging.getLogger(__name__)

RECENT_S: Final = 2 * HOUR_S  # so far back a unit changes as Calls end
OLD_S: Final = 600.0  # after which a unit of a day that changed is read anew
LOOK_S: Final = 2.0  # between two looks while somebody asks
IDLE_S: Final = 15.0
ASKED_S: Final = 60.0  # after which nobody asks any more
MOST_UNITS: Final = 400
REST: Final = 1.5  # of the time that reading takes, left to others

Unit = tuple[Level, int]
Ends = tuple[float, float]


@dataclass(slots=True)
class Held:
    """A unit as it was read."""

    pieces: Pieces
    stamp: object  # what its day looked like
    read_at: float
    asked_at: float
    loads: Sequence[Load] = ()
    coarse: dict[int, Pieces] = field(default_factory=dict)

    def in_steps(self, step: int) -> Pieces:
        """Its pieces, as long as a chart shows them."""
        known = self.coarse.get(step)
        if known is None:
            known = self.coarse[step] = coarser(self.pieces, step)
        return known


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The pieces of a stretch of time; `missing` is the share that is still being read."""

    units: tuple[Pieces, ...] = ()
    loads: tuple[Load, ...] = ()
    missing: float = 0.0
    unsummed: bool = False  # more Calls than can be read at once are not summed yet


@dataclass(slots=True)
class Past:
    """What happened in a ledger, by the piece."""

    ledger: Path
    wall: Callable[[], float] = time.time
    trouble: str = ""
    _units: dict[Unit, Held] = field(default_factory=dict)
    _wanted: dict[Unit, float] = field(default_factory=dict)
    _stamps: Mapping[str, object] = field(default_factory=dict)
    _offsets: Offsets = field(default_factory=dict)
    _minutes_from: float = float("-inf")
    _tail: Tail = field(init=False)
    _asked_at: float = float("-inf")
    _looked: bool = False
    _turn: threading.Condition = field(default_factory=threading.Condition)
    _hurry: threading.Event = field(default_factory=threading.Event)
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __post_init__(self) -> None:
        self._tail = Tail(self.ledger)

    def start(self) -> None:
        """Begin to read, what is asked for most often first."""
        now = self.wall()
        for level, length in (("minutes", DAY_S), ("hours", 8 * DAY_S), ("minutes", 2 * DAY_S), ("hours", 60 * DAY_S)):
            for begin in reversed(unit_starts(level, now - length, now)):  # type: ignore[arg-type]
                self._wanted.setdefault((level, begin), now)  # type: ignore[arg-type]
        self._thread = threading.Thread(target=self._run, name="history", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._ended.set()
        self._hurry.set()

    def read(self, level: Level, ends: Ends, step: int, wait_s: float) -> Seen:
        """What is known of a stretch of time; what is not yet is read next."""
        now, (since, until) = self.wall(), ends
        self._asked_at = now
        units = [(level, start) for start in unit_starts(level, since, min(until, now + HOUR_S))]
        deadline = time.monotonic() + wait_s
        if self._thread is None:
            self._look(units)
        with self._turn:
            for unit in units:
                self._wanted[unit] = now
            while self._lacking(units) or not self._looked:
                left = deadline - time.monotonic()
                self._hurry.set()
                if left <= 0 or not self._turn.wait(left):
                    break
            held = {unit: self._units[unit] for unit in units if unit in self._units}
            lacking, offsets = len(self._lacking(units)), self._offsets
        for one in held.values():
            one.asked_at = now
        tail = self._tail.read(level, since, until, offsets)
        return Seen(
            units=(*(_shown(one, unit, ends, step) for unit, one in held.items()), tail.pieces),
            loads=(*(load for one in held.values() for load in one.loads), *loads_of(tail.pieces)),
            missing=lacking / len(units) if units else 0.0 if self._looked else 1.0,
            unsummed=tail.too_much,
        )

    @property
    def minutes_from(self) -> float:
        """From here on there are sums per minute."""
        return self._minutes_from

    def _lacking(self, units: list[Unit]) -> list[Unit]:
        return [unit for unit in units if unit not in self._units]

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self._look(None)
                self.trouble = ""
            except Trouble as error:
                self._give_way(error)
            except Exception:  # a bug here must not stay silent, nor end the thread
                log.exception("the past cannot be told")
            busy = self.wall() - self._asked_at < ASKED_S
            self._hurry.wait(LOOK_S if busy else IDLE_S)
            self._hurry.clear()

    def _give_way(self, error: Trouble) -> None:
        if self.trouble != error.message:
            log.warning("the past cannot be told: %s", error.message)
        self.trouble = error.message
        with self._turn:
            self._looked = True
            self._turn.notify_all()

    def _look(self, only: list[Unit] | None) -> None:
        """Read what is wanted and not there, or has changed."""
        if not has_rollups(self.ledger):
            with self._turn:
                self._units.update({unit: self._empty() for unit in only or list(self._wanted)})
                self._looked = True
                self._turn.notify_all()
            return
        with open_rollups(self.ledger) as connection:
            connection.execute("BEGIN")  # sums and places as they are at one moment
            offsets, stamps = offsets_of(connection)
            row = connection.execute("SELECT value FROM notes WHERE name = 'minutes-from'").fetchone()
            self._minutes_from = row[0] if row else float("-inf")
            groups = groups_of(connection)
            if not self._looked:
                self._publish({}, offsets)
            self._read_due(connection, groups, stamps, offsets, only)
        self._forget()

    def _read_due(
        self, connection: Connection, groups: Mapping[int, Group], stamps: Mapping[str, object], offsets: Offsets,
        only: list[Unit] | None,
    ) -> None:  # fmt: skip
        """Read unit by unit; those of the last hours are shown together, so that no Call counts twice or not at all."""
        recent: dict[Unit, Held] | None = {}
        for number, unit in enumerate(self._due(stamps, only)):
            if number and self._is_interrupted(only, unit):
                break
            began, now = time.monotonic(), self.wall()
            pieces = read_unit(connection, groups, *unit)
            held = Held(pieces, _stamp(stamps, unit), now, self._wanted.get(unit, now), loads_of(pieces))
            if recent is not None and now - unit[1] < RECENT_S + LENGTH[unit[0]]:
                recent[unit] = held
                continue
            self._publish({**(recent or {}), unit: held}, offsets)
            recent = None
            if only is None and self._ended.wait(REST * (time.monotonic() - began)):
                return
        if recent is not None:
            self._publish(recent, offsets)

    def _publish(self, units: Mapping[Unit, Held], offsets: Offsets | None = None) -> None:
        with self._turn:
            self._units.update(units)
            if offsets is not None:
                self._offsets = offsets
                self._looked = True
            self._turn.notify_all()

    def _empty(self) -> Held:
        return Held({}, None, self.wall(), self.wall())

    def _due(self, stamps: Mapping[str, object], only: list[Unit] | None) -> Iterator[Unit]:
        now = self.wall()
        wanted = only
        if wanted is None:
            with self._turn:
                asked = dict(self._wanted)
            wanted = sorted(asked, key=lambda unit: (-asked[unit], -unit[1]))
        changed = [unit for unit in wanted if unit in self._units and self._is_stale(unit, stamps, now)]
        yield from sorted(changed, key=lambda unit: unit[1] + LENGTH[unit[0]] < now - RECENT_S)
        yield from (unit for unit in wanted if unit not in self._units)

    def _is_stale(self, unit: Unit, stamps: Mapping[str, object], now: float) -> bool:
        held = self._units[unit]
        if held.stamp == _stamp(stamps, unit):
            return False
        return now - unit[1] < RECENT_S + LENGTH[unit[0]] or now - held.read_at > OLD_S

    def _is_interrupted(self, only: list[Unit] | None, unit: Unit) -> bool:
        """Whether somebody asks for something else meanwhile: it comes first."""
        if only is not None or not self._hurry.is_set():
            return self._ended.is_set()
        return self._wanted.get(unit, 0.0) < self._asked_at

    def _forget(self) -> None:
        """Give up what was not asked for in longest."""
        with self._turn:
            for unit in sorted(self._units, key=lambda unit: self._units[unit].asked_at)[:-MOST_UNITS]:
                del self._units[unit]
                self._wanted.pop(unit, None)


def _shown(held: Held, unit: Unit, ends: Ends, step: int) -> Pieces:
    """Long pieces within the time, short ones where it begins and ends."""
    level, start = unit
    length = LENGTH[level]
    within = ends[0] <= start and start + length <= ends[1]
    return held.in_steps(min(step, length)) if within else held.pieces


def _stamp(stamps: Mapping[str, object], unit: Unit) -> object:
    day = time.strftime("%Y-%m-%d", time.gmtime(unit[1]))
    return stamps.get(day)
