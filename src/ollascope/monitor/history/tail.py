"""Calls that are not summed yet: read from where the sums end, so that charts show them within seconds."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from sqlite3 import Connection
from typing import Final

from ollascope.ledger.reading import Tally, blocks, rows
from ollascope.ledger.segment import DAY_S, Segment, day_start, days, segments
from ollascope.ledger.select import Where
from ollascope.monitor.history.piece import Piece
from ollascope.monitor.history.units import SPAN, Kind, Level, Pieces

MOST_BYTES: Final = 6 << 20  # about 10,000 Calls: more take too long for a page
UNSEALED: Final = 8  # times as large as its sealed twin
KEPT_S: Final = 2.0

Offsets = Mapping[str, tuple[int, bool]]  # by segment: the byte that the sums reach, and whether it is over


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """What the sums lack of a stretch of time."""

    pieces: Pieces = field(default_factory=dict)
    too_much: bool = False


class Tail:
    """What was written since the sums were made."""

    def __init__(self, ledger: Path) -> None:
        self._ledger = ledger
        self._known: dict[tuple[Level, float, float], tuple[float, int, Rest]] = {}
        self._lock = threading.Lock()

    def read(self, level: Level, since: float, until: float, offsets: Offsets) -> Rest:
        """The Calls of a stretch of time that are not summed."""
        key, now = (level, since // 60, until // 60), time.monotonic()
        with self._lock:
            known = self._known.get(key)
            if known is not None and now - known[0] < KEPT_S and known[1] == id(offsets):
                return known[2]
            found = self._read(level, since, until, offsets)
            self._known = {each: value for each, value in self._known.items() if now - value[0] < KEPT_S}
            self._known[key] = now, id(offsets), found
            return found

    def _read(self, level: Level, since: float, until: float, offsets: Offsets) -> Rest:
        left: list[tuple[Segment, int]] = []
        size = 0
        for day in days(self._ledger, since, until):
            for segment in segments(self._ledger, day, "calls"):
                offset, over = offsets.get(segment.id, (0, False))
                if over:
                    continue
                size += max(0, segment.size() * (UNSEALED if segment.sealed else 1) - offset)
                left.append((segment, offset))
                if size > MOST_BYTES:
                    return Rest(too_much=True)
        pieces: Pieces = {}
        for segment, offset in left:
            _add(pieces, segment, offset, SPAN[level])
        return Rest(pieces=pieces)


def offsets_of(connection: Connection) -> tuple[Offsets, Mapping[str, object]]:
    """How far the sums reach, by segment, and what each day looks like by it."""
    offsets: dict[str, tuple[int, bool]] = {}
    stamps: dict[str, tuple[int, int]] = {}
    for segment, day, offset, over in connection.execute("SELECT segment, day, offset, over FROM cursors"):
        offsets[segment] = offset, bool(over)
        count, total = stamps.get(day, (0, 0))
        stamps[day] = count + 1, total + offset
    return offsets, stamps


def _add(pieces: Pieces, segment: Segment, offset: int, span: int) -> None:
    first = day_start(segment.day)
    where, tally = Where(since=first, until=first + DAY_S), Tally()
    for lines, _ in blocks(segment, offset, tally):
        for call in rows(lines, where, tally):
            kind = Kind(source=call.source, engine=call.engine, model=call.model, nested=call.parent is not None)
            key = int(call.sent_at // span) * span, kind
            piece = pieces.get(key)
            if piece is None:
                piece = pieces[key] = Piece()
            piece.add_call(call)
