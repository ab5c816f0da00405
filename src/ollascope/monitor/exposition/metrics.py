"""Every metric that Prometheus gets from us, defined once, and the page that shows them."""

import math
from collections.abc import Iterator
from pathlib import Path

from ollascope.monitor.exposition.families import FAMILIES, Definition
from ollascope.monitor.exposition.gauges import READINGS, Moment
from ollascope.monitor.exposition.labels import MODELS, OTHER
from ollascope.monitor.exposition.page import Rows, render
from ollascope.monitor.exposition.totals import Counting, Totals

METRICS: tuple[Definition, ...] = (*FAMILIES, *(reading.definition for reading in READINGS))


class Exposition:
    """What `/metrics` answers; `update` and `page` may be called from different threads."""

    def __init__(self, ledger: Path, *, models: int = MODELS) -> None:
        self._counting = Counting(ledger, models=models)

    def update(self) -> int:
        """Count the Calls recorded since the last time; how many there were. To be called before files are given up."""
        return self._counting.update()

    def page(self, moment: Moment) -> bytes:
        """The page of this moment, from what the last update counted."""
        totals = self._counting.shown() or {}
        return render([*_counted(totals), *_read(moment, _models(totals) | {model.name for model in moment.loaded})])


def _counted(totals: Totals) -> Iterator[tuple[Definition, Rows]]:
    rows: dict[str, dict[tuple[str, ...], tuple[float, ...]]] = {family.name: {} for family in FAMILIES}
    for (name, words), numbers in totals.items():
        rows[name][words] = numbers
    for family in FAMILIES:
        yield family, rows[family.name]


def _models(totals: Totals) -> frozenset[str]:
    """The models that are counted by name."""
    places = {family.name: family.labels.index("model") for family in FAMILIES if "model" in family.labels}
    return frozenset(words[places[name]] for name, words in totals if name in places)


def _read(moment: Moment, models: frozenset[str]) -> Iterator[tuple[Definition, Rows]]:
    for reading in READINGS:
        labels = reading.definition.labels
        place = labels.index("model") if "model" in labels else None
        rows: dict[tuple[str, ...], tuple[float, ...]] = {}
        for told, value in reading.rows(moment):
            if value is None or math.isnan(value):
                continue
            words = told if place is None else _bounded(told, place, models)
            (before,) = rows.get(words, (value,))
            rows[words] = (reading.worst(before, value),)
        yield reading.definition, rows


def _bounded(words: tuple[str, ...], place: int, models: frozenset[str]) -> tuple[str, ...]:
    """A model that is not counted by name is none of its own here either."""
    known = not words[place] or words[place] in models
    return words if known else (*words[:place], OTHER, *words[place + 1 :])
