"""Totals of Calls that never fall: the ledger read on from where the last time ended, each line exactly once."""

import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from ollascope.ledger.reading import Tally, blocks, rows
from ollascope.ledger.segment import DAY_S, Segment, day_start, days, segments
from ollascope.ledger.select import Where
from ollascope.monitor.exposition.families import FAMILIES, Measure, measures_of
from ollascope.monitor.exposition.labels import MODELS, OTHER, Words
from ollascope.monitor.exposition.store import Key, Place, State, Store
from ollascope.stats.sketch import TOP, bucket_value
from ollascope.words.call import Call

FILE = "totals.sqlite3"
BATCH = 20_000  # Calls between two times that the file is written, while there is much to read
LABEL_SETS = 1000  # of one family; what comes beyond them has `other` in every label
ATTEMPTS = 3
SETTLED_NS = 2_000_000_000
MOST = 1e15  # no figure of a Call is larger; a spoilt line's may be

Totals = Mapping[Key, tuple[float, ...]]


class Counting:
    """Counts the Calls of a ledger into a file beside them, which also says how far each segment was read."""

    def __init__(self, ledger: Path, *, models: int = MODELS) -> None:
        self._ledger = ledger
        self._models = models
        self._store = Store(ledger / FILE)
        self._sums: _Sums | None = None
        self._shown: Totals | None = None
        self._lock = threading.Lock()

    def update(self) -> int:
        """Read on to the end of the ledger; how many Calls were added."""
        if not self._ledger.is_dir():
            return 0
        with self._lock:
            for _ in range(ATTEMPTS):
                sums = self._sums or _Sums(self._store.load(), Words(self._models))
                self._sums = None  # whatever interrupts this, the next time begins with what the file says
                count = self._read_on(sums)
                if count is not None:
                    self._sums = sums
                    self._shown = sums.shown(self._shown)
                    return count
        return 0

    def shown(self) -> Totals | None:
        """The totals after the last update; None before the first one, when they would be too low."""
        return self._shown

    def _read_on(self, sums: "_Sums") -> int | None:
        """How many Calls were added; None if another process was faster."""
        count = 0
        for day in days(self._ledger):
            if sums.is_quiet(changed := _changed_at(self._ledger / day), day):
                continue
            found = segments(self._ledger, day, "calls")
            for segment in found:
                count += sums.take(segment)
                if sums.unsaved >= BATCH and not sums.save(self._store):
                    return None
            sums.note(found, changed, day)
        return count if sums.save(self._store) else None


class _Sums:
    """The totals in memory, and what of them is not in the file yet."""

    def __init__(self, state: State, words: Words) -> None:
        self.unsaved = 0
        self._state = state
        self._words = words
        self._changed: set[Key] = set()
        self._reached: dict[str, Place] = {}
        self._fresh: set[Key] = set(state.totals)  # changed since they were shown
        self._sets = Counter(name for name, _ in state.totals)
        self._quiet: dict[str, int] = {}  # days that are over, with the last change of their folders
        labels = {family.name: family.labels for family in FAMILIES}
        for name, values in state.totals:
            words.learn(labels[name], values)

    def take(self, segment: Segment) -> int:
        """Count what a segment holds beyond the place reached; one in the folder of another day does not count."""
        start, over = self._state.cursors.get(segment.id, (0, False))
        if over:
            return 0
        first, end, count = day_start(segment.day), start, 0
        where = Where(since=first, until=first + DAY_S)
        for lines, reached in blocks(segment, start):
            end = reached
            for call in rows(lines, where, Tally()):
                self._count(call)
                count += 1
        if end > start or segment.sealed:
            self._reached[segment.id] = self._state.cursors[segment.id] = (end, segment.sealed)
            self.unsaved += count
        return count

    def is_quiet(self, changed: int, day: str) -> bool:
        """Whether a day was read to its end and its folder has not changed since; to list every day costs more."""
        return self._quiet.get(day) == changed

    def note(self, found: Sequence[Segment], changed: int, day: str) -> None:
        """Remember a day of which all is read; a folder that has just changed may change again at the same instant."""
        over = all(self._state.cursors.get(segment.id, (0, False))[1] for segment in found)
        if over and time.time_ns() - changed > SETTLED_NS:
            self._quiet[day] = changed

    def save(self, store: Store) -> bool:
        """Bring what has changed into the file; false if another process has written meanwhile."""
        if self._reached:
            totals = {key: self._state.totals[key] for key in self._changed}
            if not store.save(self._state, totals, self._reached):
                return False
            self._fresh |= self._changed
            self._changed.clear()
            self._reached.clear()
            self.unsaved = 0
        return True

    def shown(self, before: Totals | None) -> Totals:
        """A copy that does not change any more."""
        if before is not None and not self._fresh:
            return before
        fresh = {key: tuple(self._state.totals[key]) for key in self._fresh}
        self._fresh.clear()
        return {**(before or {}), **fresh}

    def _count(self, call: Call) -> None:
        words = self._words.of(call)
        for measure in measures_of(call.source, call.parent is not None):
            if measure.many is not None:
                if pairs := measure.many(call):
                    self._spread(measure, words, pairs)
                continue
            value = measure.of(call)
            if value is not None and 0 <= value < MOST:
                numbers = self._numbers(measure, words)
                if len(numbers) == 1:
                    numbers[0] += value
                else:
                    numbers[bisect_left(measure.definition.bounds, value)] += 1
                    numbers[-1] += value

    def _spread(self, measure: Measure, words: Mapping[str, str], pairs: tuple[tuple[int, int], ...]) -> None:
        numbers, bounds = self._numbers(measure, words), measure.definition.bounds
        for number, count in pairs:
            if 0 <= number <= TOP and 0 < count < MOST:
                numbers[_place(bounds, number)] += count
                numbers[-1] += count * bucket_value(number)

    def _numbers(self, measure: Measure, words: Mapping[str, str]) -> list[float]:
        """The row of a label set, made where it is not there yet."""
        definition = measure.definition
        if measure.phase:
            words = {**words, "phase": measure.phase}
        key = (definition.name, tuple([words[name] for name in definition.labels]))
        numbers = self._state.totals.get(key)
        if numbers is None:
            if self._sets[definition.name] >= LABEL_SETS:
                key = (definition.name, (OTHER,) * len(definition.labels))
            numbers = self._state.totals.get(key)
        if numbers is None:
            numbers = self._state.totals[key] = [0.0] * definition.places
            self._sets[definition.name] += 1
        self._changed.add(key)
        return numbers


def _changed_at(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except OSError:  # gone, or not ours to see: reading it tells
        return 0


@cache
def _place(bounds: tuple[float, ...], number: int) -> int:
    """Which bucket of a histogram holds what a bucket of a sketch stands for."""
    return bisect_left(bounds, bucket_value(number))
