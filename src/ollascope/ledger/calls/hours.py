"""The hours of a day in which, by the sums, Calls of a choice can lie: all others need not be read."""

from collections.abc import Sequence
from pathlib import Path
from sqlite3 import Connection

from ollascope.ledger.calls.choice import Choice
from ollascope.ledger.rolling import is_rolled
from ollascope.ledger.rollups import HOUR_S, every_group, has_rollups, open_rollups
from ollascope.ledger.segment import DAY_S, Segment, day_start
from ollascope.words.errors import StorageTrouble

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


def _hours(connection: Connection, start: int, choice: Choice) -> set[int]:
    groups = {number for number, group in every_group(connection).items() if choice.may_hold(group)}
    query = "SELECT at, grp FROM cells WHERE span = ? AND at >= ? AND at < ?"
    return {at for at, group in connection.execute(query, (HOUR_S, start, start + DAY_S)) if group in groups}
