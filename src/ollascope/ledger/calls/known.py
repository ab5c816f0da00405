"""What was ever recorded: models, engines, sources and outcomes for lists to choose from, and since when."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from ollascope.ledger.calls.asking import FILTERS, RANGES
from ollascope.ledger.rollups import every_group, has_rollups, open_rollups
from ollascope.ledger.sealed.members import value_pattern
from ollascope.ledger.segment import Damage, Segment, days, segments
from ollascope.words.errors import StorageTrouble

MOST: Final = 300  # of each: a longer list helps nobody

MOST_LOOKED_AT: Final = 20  # files
LONGEST_LINE: Final = 1 << 16
SENT: Final = value_pattern("sent_at")

Known = Mapping[str, Sequence[str]]


def known_words(ledger: Path) -> Known:
    """The words of each filter, in order."""
    found: dict[str, set[str]] = {name: set() for name in FILTERS}
    try:
        if has_rollups(ledger):
            with open_rollups(ledger) as connection:
                for group in every_group(connection).values():
                    for name, words in found.items():
                        if word := group.word(name):
                            words.add(word)
    except StorageTrouble:  # the lists are a help, not a need
        pass
    return {name: sorted(words)[:MOST] for name, words in found.items()}


def first_range(ledger: Path, now: float) -> str:
    """The range that charts begin with: a day, or less where less was recorded."""
    begun = _begun(ledger)
    return next((name for name in ("1h", "6h") if begun is not None and begun > now - RANGES[name]), "24h")


def _begun(ledger: Path) -> float | None:
    """When the first request was sent, as far as the first lines of the first day's files tell."""
    try:
        first = next(iter(days(ledger)), None)
        found = [] if first is None else segments(ledger, first, "calls")[:MOST_LOOKED_AT]
        return min((at for segment in found if (at := _first_sent(segment)) is not None), default=None)
    except StorageTrouble:
        return None


def _first_sent(segment: Segment) -> float | None:
    try:
        with segment.open() as file:
            lines = [file.readline(LONGEST_LINE) for _ in range(2)]  # the first may say who wrote the file
    except Damage:
        return None
    return next((float(found[1]) for line in lines if (found := SENT.search(line))), None)
