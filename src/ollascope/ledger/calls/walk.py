"""One way through the Calls of a ledger in order: a block is opened only when its turn has come."""

import math
import re
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from ollascope.ledger.calls.choice import Choice, Key
from ollascope.ledger.calls.hours import Hours
from ollascope.ledger.calls.layout import Block, Layout
from ollascope.ledger.codec import decode_call, decode_row
from ollascope.ledger.rollups import HOUR_S
from ollascope.ledger.sealed.members import MOST
from ollascope.ledger.segment import DAY_S, Segment, day_start
from ollascope.words.call import Call
from ollascope.words.errors import RecordInvalid

LOOK_EVERY: Final = 256  # lines between two looks at the clock
TOTAL: Final = MOST.index("end_s")

_END: Final = re.compile(rb'"end_s":\s*(\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)')

Lines = Sequence[tuple[Key, bytes]]
Way = Generator[tuple[Key, Call], None, float | None]


class Shelf(Protocol):
    """What a walk needs to know of a ledger."""

    def days(self, since: float | None, until: float | None) -> list[str]:
        """The days that have Calls, oldest first."""

    def day_segments(self, day: str) -> list[Segment]:
        """The files of a day."""

    def hours(self, day: str, found: Sequence[Segment], choice: Choice) -> Hours | None:
        """The hours of a day that can hold what is meant."""

    def layout(self, segment: Segment, go_on: Callable[[], bool]) -> Layout:
        """The blocks of a file, as far as there is time to find them."""

    def lines(self, layout: Layout, block: Block) -> Lines:
        """The lines of a block by their keys, in order."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """A block that was not opened yet; `edge` is where its turn comes."""

    edge: float
    layout: Layout
    block: Block


class Walk:
    """From a place on, in one direction, until the time is over."""

    def __init__(self, shelf: Shelf, choice: Choice, after: Key | None, is_over: Callable[[], bool]) -> None:
        self._shelf = shelf
        self._choice = choice
        self._back = choice.order == "newest"
        self._after = after
        self._is_over = is_over
        self._needles = choice.where.needles()
        self._is_meant = choice.test()
        self._near: list[tuple[Key, bytes]] = []  # of opened blocks; the next one is the last in it
        self._looked = 0

    def run(self) -> Way:
        """Every Call that is meant; returns how far it came if the time was over before the end."""
        since, until = self._ends()
        found = self._shelf.days(since, until)
        for number, day in enumerate(reversed(found) if self._back else found):
            begin, end = max(day_start(day), since), min(day_start(day) + DAY_S, until)
            if number and self._is_over():
                return end if self._back else begin
            reached = yield from self._day(day, begin, end)
            if reached is not None:
                return reached
        return None

    def _ends(self) -> tuple[float, float]:
        where = self._choice.where
        since = -math.inf if where.since is None else where.since
        until = math.inf if where.until is None else where.until
        if self._after is None:
            return since, until
        if self._back:
            return since, min(until, math.nextafter(self._after[0], math.inf))
        return max(since, self._after[0]), until

    def _day(self, day: str, since: float, until: float) -> Way:
        ahead = self._blocks(day, since, until)
        if ahead is None:
            return until if self._back else since
        while True:
            bound = ahead[-1].edge if ahead else -math.inf if self._back else math.inf
            reached = yield from self._emit(bound)
            if reached is not None or not ahead:
                return reached
            if self._looked and self._is_over():
                return bound
            self._open(ahead.pop(), since, until)

    def _blocks(self, day: str, since: float, until: float) -> list[Ahead] | None:
        """The blocks of a day that overlap a time, the foremost last; None if there was no time to find them."""
        found = self._shelf.day_segments(day)
        hours = self._shelf.hours(day, found, self._choice)
        made: list[Ahead] = []
        for segment in found:
            layout = self._shelf.layout(segment, lambda: not self._is_over())
            if not layout.is_whole:
                return None
            for block in layout.blocks:
                content = block.content
                if content.first < until and content.last >= since and self._may_hold(block, hours):
                    made.append(Ahead(content.last if self._back else content.first, layout, block))
        made.sort(key=lambda one: one.edge, reverse=not self._back)
        return made

    def _may_hold(self, block: Block, hours: Hours | None) -> bool:
        slower, most = self._choice.slower_s, block.content.most_of(self._choice.where.model)
        return most is not None and (slower is None or most[TOTAL] >= slower) and may_hold(block, hours)

    def _open(self, ahead: Ahead, since: float, until: float) -> None:
        self._looked += 1
        after, back, needles, slower = self._after, self._back, self._needles, self._choice.slower_s
        for entry in self._shelf.lines(ahead.layout, ahead.block):
            key, line = entry
            if not since <= key[0] < until or (after is not None and (key >= after if back else key <= after)):
                continue
            if needles and not all(needle in line for needle in needles):
                continue
            if slower is None or _may_last(line, slower):
                self._near.append(entry)
        self._near.sort(reverse=not back)

    def _emit(self, bound: float) -> Way:
        """What comes before all blocks that are not opened yet."""
        near, back = self._near, self._back
        while near and (near[-1][0][0] > bound if back else near[-1][0][0] < bound):
            self._looked += 1
            if self._looked % LOOK_EVERY == 0 and self._is_over():
                return near[-1][0][0]
            key, line = near.pop()
            try:
                if self._is_meant(decode_row(line)):
                    yield key, decode_call(line)
            except RecordInvalid:  # `ollascope ledger verify` tells of it
                continue
        return None


def may_hold(block: Block, hours: Hours | None) -> bool:
    """Whether a block overlaps one of the hours."""
    if hours is None:
        return True
    first, last = int(block.content.first // HOUR_S), int(block.content.last // HOUR_S)
    return any(hour * HOUR_S in hours for hour in range(first, min(last, first + 24) + 1))


def _may_last(line: bytes, slower: float) -> bool:
    """Whether a line tells of a Call that may have taken so long: a quick first look."""
    told = _END.search(line)
    return told is not None and float(told[1]) >= slower
