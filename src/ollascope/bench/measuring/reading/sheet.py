"""What is reckoned from the Calls of a run, as columns: some hundred bytes a Call, whatever a Call carries."""

import math
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from math import isnan
from typing import Final

from ollascope.stats.sketch import Sketch, bucket_value
from ollascope.stats.spread import Spread

COUNTS, WARM_UP, COOL_DOWN = 0, 1, 2
PHASES: Final[Mapping[object, int]] = {None: COUNTS, "warm-up": WARM_UP, "cool-down": COOL_DOWN}
ABSENT: Final = float("nan")
COARSE: Final = 5  # buckets of gaps to a factor of ten, as charts show them


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One Call as the columns take it."""

    at_s: float
    stage: int
    phase: int
    outcome: str
    model: str | None
    answered_by: str | None
    owner: int  # number of its user in a closed loop, of its shot in an open one: says which worker had it
    figures: Mapping[str, float]  # those that it has
    gaps: Sequence[Sequence[int]]
    flags: Sequence[str]


class Sheet:
    """The columns; `every` says that only each so many-eth Call is among them, as with more than a million."""

    def __init__(self, every: int = 1) -> None:
        self.every = every
        self.at = array("d")
        self.stage = array("l")
        self.phase = array("b")
        self.outcome = array("H")
        self.owner = array("q")
        self.end = array("d")  # not a number where it is not known
        self.due = array("d")  # in a closed loop, when it was sent
        self.outcomes: list[str] = []
        self._numbers: dict[str, int] = {}
        self._figures: dict[str, array[float]] = {}
        self._coarse = array("h")
        self._coarse_counts = array("q")
        self._coarse_ends = array("q")

    def __len__(self) -> int:
        return len(self.at)

    def add(self, entry: Entry) -> None:
        """Take one Call in."""
        place = len(self.at)
        self.at.append(entry.at_s)
        self.stage.append(entry.stage)
        self.phase.append(entry.phase)
        self.owner.append(entry.owner)
        self.outcome.append(self.number(entry.outcome))
        for name, value in entry.figures.items():
            column = self._figures.get(name)
            if column is None:
                column = self._figures[name] = array("d")
            if len(column) < place:
                column.extend([ABSENT] * (place - len(column)))
            column.append(value)
        self._add_gaps(entry.gaps)

    def settle(self) -> None:
        """To be called when all are in: the instants that everything else asks for."""
        took, early = (self.figures(name) or [ABSENT] * len(self) for name in ("total_s", "due_s"))
        self.end = array("d", [at + seconds for at, seconds in zip(self.at, took, strict=True)])
        self.due = array("d", [at if isnan(past) else at + past for at, past in zip(self.at, early, strict=True)])

    def figures(self, name: str) -> Sequence[float]:
        """One figure of every Call, not a number where it is absent; empty where no Call has it."""
        column = self._figures.get(name)
        if column is None:
            return ()
        if len(column) < len(self.at):
            column.extend([ABSENT] * (len(self.at) - len(column)))
        return column

    def coarse(self, row: int) -> list[tuple[int, int]]:
        """The gaps of a Call as (coarse bucket, count)."""
        start = self._coarse_ends[row - 1] if row else 0
        end = self._coarse_ends[row]
        return list(zip(self._coarse[start:end], self._coarse_counts[start:end], strict=True))

    def number(self, outcome: str) -> int:
        """The number that stands for an outcome."""
        number = self._numbers.get(outcome)
        if number is None:
            number = self._numbers[outcome] = len(self.outcomes)
            self.outcomes.append(outcome)
        return number

    def _add_gaps(self, gaps: Sequence[Sequence[int]]) -> None:
        counts: dict[int, int] = {}
        for number, count in gaps:
            bucket = coarse_bucket(number)
            counts[bucket] = counts.get(bucket, 0) + count
        self._coarse.extend(counts)
        self._coarse_counts.extend(counts.values())
        self._coarse_ends.append(len(self._coarse))


@dataclass(slots=True, kw_only=True)
class Totals:
    """What the Calls of one stage that count come to, all of them, however many."""

    outcomes: Counter[str] = field(default_factory=Counter)
    phases: Counter[int] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)
    models: Counter[str] = field(default_factory=Counter)
    answered_by: Counter[str] = field(default_factory=Counter)
    gaps: Sketch = field(default_factory=Sketch)
    sums: dict[str, float] = field(default_factory=dict)  # of counts of tokens and retries
    spreads: dict[str, Spread] = field(default_factory=dict)  # of figures, where not every Call is in the sheet
    waiting: dict[str, list[float]] = field(default_factory=dict)  # values that are not in their spread yet

    def fold(self) -> None:
        """Bring the waiting values into their spreads."""
        for name, values in self.waiting.items():
            self.spreads.setdefault(name, Spread()).add_all(values)
            values.clear()


@cache
def coarse_bucket(number: int) -> int:
    """The bucket of a chart for a bucket of a sketch: b holds what is longer than 10 to the b/5 milliseconds."""
    value = bucket_value(number)
    return max(-100, math.floor(COARSE * math.log10(value * 1000))) if value > 0 else -100
