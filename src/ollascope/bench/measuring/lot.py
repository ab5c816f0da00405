"""The Calls of a run, or of one of its stages, in the order of sending."""

import math
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from math import isnan

from ollascope.bench.measuring.reading.gathered import Gathered
from ollascope.bench.measuring.reading.sheet import COUNTS, Sheet
from ollascope.stats.sketch import Sketch
from ollascope.words.errors import Cancelled
from ollascope.words.outcomes import OK


class Lot:
    """Some Calls: all that were sent in it, and among them those that count."""

    def __init__(self, gathered: Gathered, stage: int | None = None) -> None:
        self.sheet: Sheet = gathered.sheet
        self.stage = stage
        self.open = gathered.asked.load.arrival != "closed"
        self.totals = [held for number, held in gathered.totals.items() if stage in {None, number}]

    @cached_property
    def rows(self) -> Sequence[int]:
        """All of them, those of warm-up and cool-down, too."""
        at, stage = self.sheet.at, self.sheet.stage
        mine = (row for row in range(len(at)) if self.stage is None or stage[row] == self.stage)
        return sorted(mine, key=at.__getitem__)

    @cached_property
    def counted(self) -> Sequence[int]:
        """Those that count."""
        phase = self.sheet.phase
        return [row for row in self.rows if phase[row] == COUNTS]

    @cached_property
    def good(self) -> Sequence[int]:
        """Those that count and ended well."""
        outcome, ok = self.sheet.outcome, self.sheet.number(OK)
        return [row for row in self.counted if outcome[row] == ok]

    @cached_property
    def outcomes(self) -> Counter[str]:
        """How those that count ended."""
        return sum((held.outcomes for held in self.totals), Counter())

    @property
    def failed(self) -> int:
        """How many of them failed: all but those that ended well and those that were given up at the end."""
        return self.outcomes.total() - self.outcomes[OK] - self.outcomes[Cancelled.code]

    def added(self, name: str) -> int | None:
        """The sum of counts over those that count; none where none of them tells it."""
        told = [held.sums[name] for held in self.totals if name in held.sums]
        return round(math.fsum(told)) if told else None

    def gaps(self) -> Sketch:
        """The gaps of those that count, however they ended, within 1 %."""
        whole = Sketch()
        for held in self.totals:
            whole.merge(held.gaps)
        return whole

    def values(self, name: str, rows: Sequence[int] | None = None) -> list[float]:
        """A figure of Calls that ended well, in the order of sending, where they have it."""
        column = self.sheet.figures(name)
        found = [column[row] for row in (self.good if rows is None else rows)] if column else []
        return [value for value in found if not isnan(value)]

    def end(self, row: int) -> float | None:
        """When a Call ended, in seconds from the start of the run."""
        end = self.sheet.end[row]
        return None if isnan(end) else end

    def due(self, row: int) -> float:
        """When it was due; in a closed loop, when it was sent."""
        return self.sheet.due[row]
