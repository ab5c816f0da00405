"""The models, engines, sources and outcomes that were ever summed, for lists to choose from."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from ollascope.ledger.calls.asking import FILTERS
from ollascope.ledger.rollups import every_group, has_rollups, open_rollups
from ollascope.words.errors import StorageTrouble

MOST: Final = 300  # of each: a longer list helps nobody

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
