"""The hours of a day in which, by the sums, Calls of a choice can lie: all others need not be read."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from sqlite3 import Connection

from ollascope.ledger.calls.choice import Choice
from ollascope.ledger.rolling import is_rolled
from ollascope.ledger.rollups import HOUR_S, every_group, has_rollups, open_rollups
from ollascope.ledger.segment import DAY_S, Segment, day_start
from ollascope.stats.packed import MANY, entries, few, many
from ollascope.words.errors import StorageTrouble

TOTAL = "total_s"
Hours = frozenset[int]  # the first second of each


def hours_of(ledger: Path, day: str, found: Sequence[Segment], choice: Choice) -> Hours | None:
    """The hours that can hold what is meant; None where the sums do not know all of the day."""
    try:
        if not has_rollups(ledger):
            return None
        with open_rollups(ledger) as connection:
            if not all(is_rolled(connection, segment) for segment in found):
                return None
            return frozenset(_hours(connection, int(day_start(day)), choice))
    except StorageTrouble:
        return None


def _hours(connection: Connection, start: int, choice: Choice) -> Iterable[int]:
    groups = {number for number, group in every_group(connection).items() if choice.may_hold(group)}
    number = connection.execute("SELECT id FROM metrics WHERE name = ?", (TOTAL,)).fetchone()
    columns = "at, grp" if choice.slower_s is None else "at, grp, spreads"
    query = f"SELECT {columns} FROM cells WHERE span = ? AND at >= ? AND at < ?"  # noqa: S608 - of two fixed texts
    for at, group, *blob in connection.execute(query, (HOUR_S, start, start + DAY_S)):
        if group not in groups:
            continue
        if choice.slower_s is None or (number and _most(blob[0], number[0]) >= choice.slower_s):
            yield at


def _most(blob: bytes, wanted: int) -> float:
    """The greatest value of a metric in a cell."""
    for metric, count, at in entries(blob):
        if metric == wanted:
            return many(blob, at)[0][3][1] if count == MANY else max(few(blob, at, count), default=0.0)
    return float("-inf")
