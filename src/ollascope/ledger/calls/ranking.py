"""The Calls with the greatest values of a field: blocks are opened in the order of what they promise."""

import heapq
import math
import threading
from bisect import bisect_left, insort
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Final

from ollascope.ledger.calls.choice import Choice, Rank
from ollascope.ledger.calls.layout import Block, Layout
from ollascope.ledger.calls.walk import Shelf, may_hold
from ollascope.ledger.codec import decode_row
from ollascope.ledger.sealed.members import MOST, value_pattern
from ollascope.words.call import Call
from ollascope.words.errors import RecordInvalid

LONGEST: Final = 1000  # nobody reads further; then a filter is the better way

Entry = tuple[Rank, bytes]
Promise = tuple[float, float, int]  # with the signs changed, as a heap gives its least first


class Ranking:
    """Finds them as far as is asked for, and goes on from there the next time."""

    def __init__(self, shelf: Shelf, choice: Choice) -> None:
        assert choice.field is not None
        self.lock = threading.Lock()  # held by whoever uses it
        self._shelf = shelf
        self._choice = choice
        self._of: Callable[[Call], float | None] = attrgetter(choice.field)
        self._value = value_pattern(choice.field)
        self._place = MOST.index(choice.field)
        self._needles = choice.where.needles()
        self._is_meant = choice.test()
        where = choice.where
        self._since = -math.inf if where.since is None else where.since
        self._until = math.inf if where.until is None else where.until
        self._days = shelf.days(where.since, where.until)  # whose blocks are not known yet
        self._ahead: list[tuple[Promise, Layout, Block]] = []
        self._found: list[Entry] = []  # the least first, and no more than are needed

    def after(self, place: Rank | None, count: int, is_over: Callable[[], bool]) -> tuple[list[Entry], bool]:
        """So many of those behind a place, the greatest first; whether these are certain to be all there are so far."""
        while True:
            certain = self._certain()
            first = len(self._found) if place is None else bisect_left(self._found, (place, b""))
            ready = self._found[max(certain, first - count) : first][::-1]
            if len(ready) >= count or self._is_finished():
                return ready, True
            if is_over() or not self._go_on(is_over):
                return ready, False

    @property
    def is_full(self) -> bool:
        """Whether it holds as many as it ever does."""
        return len(self._found) >= LONGEST

    def _is_finished(self) -> bool:
        return not self._days and (not self._ahead or self._certain_count() >= LONGEST)

    def _certain_count(self) -> int:
        return len(self._found) - self._certain()

    def _certain(self) -> int:
        """From which place on what was found cannot be overtaken by what lies in blocks that are not opened."""
        if self._days:
            return len(self._found)
        if not self._ahead:
            return 0
        most, last, _ = self._ahead[0][0]
        return bisect_left(self._found, ((-most, -last, b"\xff" * 32), b""))

    def _go_on(self, is_over: Callable[[], bool]) -> bool:
        """One step: the blocks of a day, or the lines of a block; false if there was no time for it."""
        if not self._days:
            _, layout, block = heapq.heappop(self._ahead)
            self._open(layout, block)
            return True
        blocks = self._blocks(self._days[-1], is_over)
        if blocks is None:
            return False
        self._days.pop()
        self._ahead += blocks
        if not self._days:
            heapq.heapify(self._ahead)
        return True

    def _blocks(self, day: str, is_over: Callable[[], bool]) -> list[tuple[Promise, Layout, Block]] | None:
        found = self._shelf.day_segments(day)
        hours = self._shelf.hours(day, found, self._choice)
        made: list[tuple[Promise, Layout, Block]] = []
        for segment in found:
            layout = self._shelf.layout(segment, lambda: not is_over())
            if not layout.is_whole:
                return None
            for block in layout.blocks:
                content = block.content
                overlaps = content.first < self._until and content.last >= self._since
                most = content.most_of(self._choice.where.model)
                if overlaps and most and math.isfinite(most[self._place]) and may_hold(block, hours):
                    number = len(self._ahead) + len(made)
                    made.append(((-most[self._place], -content.last, number), layout, block))
        return made

    def _open(self, layout: Layout, block: Block) -> None:
        for line in layout.read(block):
            if self._needles and not all(needle in line for needle in self._needles):
                continue
            for rank in self._rank(line):
                insort(self._found, (rank, line))
        del self._found[:-LONGEST]

    def _rank(self, line: bytes) -> Iterator[Rank]:
        """The rank of a Call that is meant, unless it comes too late."""
        told = self._value.search(line)
        if told is None or (self.is_full and float(told[1]) < self._found[0][0][0]):
            return
        try:
            call = decode_row(line)
        except RecordInvalid:
            return
        value = self._of(call)
        if value is not None and self._is_meant(call):
            yield value, call.sent_at, call.id.encode()
