"""Rolling up: what segments hold beyond where the last time ended is added to the sums, each line exactly once."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ollascope.ledger.reading import Tally, blocks, rows
from ollascope.ledger.rollups import HOUR_S, MINUTE_S, every_group, open_rollups
from ollascope.ledger.segment import DAY_S, Segment, day_start, days, segments
from ollascope.ledger.select import Where
from ollascope.ledger.settings import Ledger
from ollascope.stats.packed import pack
from ollascope.stats.spread import Spread
from ollascope.words.call import Call
from ollascope.words.metrics import METRICS

BATCH = 5_000  # lines summed in one transaction; more would only take memory
LONGEST_WORD = 200
NO_MODEL = "model-missing"  # what clients ask for in vain are no models, and endlessly many

Key = tuple[object, ...]
Place = tuple[int, int, bool]  # from which byte to which, and whether the segment ends there
Progress = Callable[[Iterable[Segment]], Iterable[Segment]]

_SINGLE = tuple(metric for metric in METRICS if metric.many is None)
_OF = tuple(metric.of for metric in _SINGLE)
_MANY = tuple((metric.name, metric.many) for metric in METRICS if metric.many is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rolled:
    """What rolling up came across."""

    calls: int = 0
    segments: int = 0
    invalid: int = 0


class Cell:
    """The Calls of one group in one minute."""

    __slots__ = ("add", "calls", "pairs", "tokens", "values")

    def __init__(self) -> None:
        self.calls = 0
        self.tokens: list[int | None] = [None, None, None]
        self.values: list[list[float]] = [[] for _ in _SINGLE]
        self.add = [values.append for values in self.values]
        self.pairs: dict[str, Counter[int]] = {}

    def take(self, other: "Cell") -> None:
        """Add the Calls of another cell."""
        self.calls += other.calls
        for place, tokens in enumerate(other.tokens):
            if tokens is not None:
                self.tokens[place] = (self.tokens[place] or 0) + tokens
        for add, more in zip(self.values, other.values, strict=True):
            add.extend(more)
        for name, pairs in other.pairs.items():
            self.pairs.setdefault(name, Counter()).update(pairs)

    def packed(self, numbers: Mapping[str, int]) -> bytes:
        """All metrics as bytes."""
        held: dict[int, Sequence[float] | Spread] = {
            numbers[metric.name]: values for metric, values in zip(_SINGLE, self.values, strict=True) if values
        }
        for name, pairs in self.pairs.items():
            spread = held[numbers[name]] = Spread()
            spread.add_pairs(pairs)
        return pack(held)

    def copy(self) -> "Cell":
        """One that can take others without changing this one."""
        made = Cell()
        made.take(self)
        return made


def roll_up(ledger: Path, *, progress: Progress = iter) -> Rolled:
    """Bring the sums up to date; whatever is interrupted goes on where the last whole step ended."""
    found = [segment for day in days(ledger) for segment in segments(ledger, day, "calls")]
    tally, calls, count = Tally(), 0, 0
    with open_rollups(ledger, write=True) as connection:
        groups = _Groups(connection)
        over = {number for (number,) in connection.execute("SELECT segment FROM cursors WHERE over = 1")}
        for segment in progress([segment for segment in found if segment.id not in over]):
            taken = _roll_segment(connection, groups, segment, tally)
            calls, count = calls + taken, count + (taken > 0)
    return Rolled(calls=calls, segments=count, invalid=tally.invalid)


def rebuild(ledger: Path, *, progress: Progress = iter) -> tuple[Rolled, int]:
    """Sum everything anew; also how many days are kept as they were, since some of their Calls are gone or damaged."""
    damaged = {day for day in days(ledger) if any(map(_is_damaged, segments(ledger, day, "calls")))}
    with open_rollups(ledger, write=True) as connection:
        summed = {day for (day,) in connection.execute("SELECT DISTINCT day FROM cursors")}
        kept = {day for (day,) in connection.execute("SELECT DISTINCT day FROM cursors WHERE retired = 1")}
        kept |= damaged & summed
        connection.execute("BEGIN IMMEDIATE")
        for day in days(ledger):
            if day not in kept:
                _forget(connection, day)
        connection.execute("COMMIT")
    return roll_up(ledger, progress=progress), len(kept)


def _is_damaged(segment: Segment) -> bool:
    """Whether some of a segment can no longer be read; only a sealed one tells."""
    tally = Tally()
    if segment.sealed:
        for _ in blocks(segment, tally=tally):
            pass
    return tally.damaged > 0


def is_rolled(connection: sqlite3.Connection, segment: Segment) -> bool:
    """Whether all of a segment is in the sums."""
    row = connection.execute("SELECT offset, over FROM cursors WHERE segment = ?", (segment.id,)).fetchone()
    return row is not None and (bool(row[1]) or (not segment.sealed and row[0] >= segment.size()))


def mark_retired(connection: sqlite3.Connection, segment: Segment) -> None:
    """Remember that a segment is gone, so that its day is never summed anew from what is left."""
    connection.execute("UPDATE cursors SET retired = 1 WHERE segment = ?", (segment.id,))


def trim(connection: sqlite3.Connection, settings: Ledger, now: float) -> None:
    """Forget sums that are no longer kept."""
    minutes = int(now - settings.minutes_days * DAY_S) // HOUR_S * HOUR_S
    hours = int(now - settings.hours_days * DAY_S) // HOUR_S * HOUR_S
    connection.execute("BEGIN IMMEDIATE")
    for span, before in ((MINUTE_S, minutes), (HOUR_S, hours)):
        connection.execute("DELETE FROM cells WHERE span = ? AND at < ?", (span, before))
    connection.execute("INSERT OR REPLACE INTO notes VALUES ('minutes-from', ?)", (minutes,))
    connection.execute("COMMIT")


def _forget(connection: sqlite3.Connection, day: str) -> None:
    start = int(day_start(day))
    for span in (MINUTE_S, HOUR_S):
        connection.execute("DELETE FROM cells WHERE span = ? AND at >= ? AND at < ?", (span, start, start + DAY_S))
    connection.execute("DELETE FROM cursors WHERE day = ?", (day,))


class _Groups:
    """The numbers of the groups, made as they come."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.read()

    def read(self) -> None:
        """Those that are written, as one made in a transaction that was given up is not."""
        found = every_group(self._connection)
        self._known: dict[Key, int] = {(*group.words, group.nested): number for number, group in found.items()}

    def number(self, key: Key) -> int:
        found = self._known.get(key)
        if found is None:
            *words, nested = key
            self._connection.execute(
                "INSERT OR IGNORE INTO groups (source, engine, backend, model, outcome, arm, key_id, nested)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*words, nested),
            )  # fmt: skip
            (found,) = self._connection.execute(
                "SELECT id FROM groups WHERE source = ? AND engine = ? AND backend = ? AND model = ? AND outcome = ?"
                " AND arm = ? AND key_id = ? AND nested = ?", (*words, nested),
            ).fetchone()  # fmt: skip
            self._known[key] = found
        return int(found)


def _roll_segment(connection: sqlite3.Connection, groups: _Groups, segment: Segment, tally: Tally) -> int:
    """How many Calls were added; the place reached is written in the same transaction as the sums."""
    start, calls = _cursor(connection, segment), 0
    for lines, end, over in _batches(segment, start, tally):
        cells = _cells(lines, segment, tally)
        if not _apply(connection, groups, segment, cells, (start, end, over)):
            break  # another process was faster; the next time goes on from where it came to
        start = end
        calls += sum(cell.calls for cell in cells.values())
    return calls


def _cursor(connection: sqlite3.Connection, segment: Segment) -> int:
    row = connection.execute("SELECT offset FROM cursors WHERE segment = ?", (segment.id,)).fetchone()
    return row[0] if row else 0


def _batches(segment: Segment, start: int, tally: Tally) -> Iterator[tuple[list[bytes], int, bool]]:
    """Many lines at a time with the offset after them; a sealed segment is over after the last."""
    waiting: list[bytes] = []
    end = start
    for lines, end in blocks(segment, start, tally):
        waiting += lines
        if len(waiting) >= BATCH:
            yield waiting, end, False
            waiting = []
    if waiting or segment.sealed:
        yield waiting, end, segment.sealed


def _cells(lines: list[bytes], segment: Segment, tally: Tally) -> dict[Key, Cell]:
    """The Calls by minute and group; one in the folder of another day does not count."""
    first = day_start(segment.day)
    cells: dict[Key, Cell] = {}
    for call in rows(lines, Where(since=first, until=first + DAY_S), tally):
        key = (call.sent_at // MINUTE_S, call.source, call.engine, call.backend, call.model, call.outcome, call.arm,
               call.key_id, call.parent is None)  # fmt: skip
        cell = cells.get(key)
        if cell is None:
            cell = cells[key] = Cell()
        _count(call, cell)
    return cells


def _count(call: Call, cell: Cell) -> None:
    cell.calls += 1
    for place, tokens in enumerate((call.tokens_in, call.tokens_cached, call.tokens_out)):
        if tokens is not None:
            cell.tokens[place] = (cell.tokens[place] or 0) + tokens
    for of, add in zip(_OF, cell.add, strict=True):
        value = of(call)
        if value is not None:
            add(value)
    for name, many_of in _MANY:
        if pairs := many_of(call):
            counted = cell.pairs.setdefault(name, Counter())
            for number, count in pairs:
                counted[number] += count


def _apply(
    connection: sqlite3.Connection, groups: _Groups, segment: Segment, cells: Mapping[Key, Cell], place: Place
) -> bool:
    start, end, over = place
    connection.execute("BEGIN IMMEDIATE")
    try:
        if _cursor(connection, segment) != start:
            connection.execute("ROLLBACK")
            return False
        _add(connection, groups, cells)
        connection.execute(
            "INSERT INTO cursors (segment, day, offset, over) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (segment) DO UPDATE SET offset = excluded.offset, over = excluded.over",
            (segment.id, segment.day, end, over),
        )
        connection.execute("COMMIT")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        groups.read()
        raise
    return True


def _add(connection: sqlite3.Connection, groups: _Groups, cells: Mapping[Key, Cell]) -> None:
    numbers = metric_numbers(connection)
    whole: dict[tuple[int, int, int], Cell] = {}
    for (minute, *words, top), cell in cells.items():
        group = groups.number((*_plain(words), not top))
        at = int(minute) * MINUTE_S  # type: ignore[call-overload]
        for span in (MINUTE_S, HOUR_S):
            where = (span, at // span * span, group)
            if where in whole:
                whole[where].take(cell)
            else:
                whole[where] = cell if span == MINUTE_S else cell.copy()
    rows = ((*where, cell.calls, *cell.tokens, cell.packed(numbers)) for where, cell in whole.items())
    connection.executemany(_ADD, rows)


def _plain(words: list[object]) -> tuple[str, ...]:
    """The words of a group: none is empty, a very long one is cut, and what was asked for in vain is no model."""
    source, engine, backend, model, outcome, arm, key = (str(word)[:LONGEST_WORD] if word else "" for word in words)
    return source, engine, backend, "" if outcome == NO_MODEL else model, outcome, arm, key


def metric_numbers(connection: sqlite3.Connection) -> dict[str, int]:
    """The number of each metric in the cells."""
    connection.executemany("INSERT OR IGNORE INTO metrics (name) VALUES (?)", [(metric.name,) for metric in METRICS])
    return dict(connection.execute("SELECT name, id FROM metrics").fetchall())


_ADD = """
INSERT INTO cells VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
    calls = calls + excluded.calls,
    tokens_in = ifnull(tokens_in + excluded.tokens_in, ifnull(tokens_in, excluded.tokens_in)),
    tokens_cached = ifnull(tokens_cached + excluded.tokens_cached, ifnull(tokens_cached, excluded.tokens_cached)),
    tokens_out = ifnull(tokens_out + excluded.tokens_out, ifnull(tokens_out, excluded.tokens_out)),
    spreads = merged(spreads, excluded.spreads)
"""
