"""Calls in the order they were sent, from any place on, newest or oldest first, each page within its time."""

import math
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ollascope.ledger.calls.choice import Choice, Key, Rank, place_text, read_key, read_rank
from ollascope.ledger.calls.hours import Hours, hours_of
from ollascope.ledger.calls.layout import Block, Layout
from ollascope.ledger.calls.ranking import Entry, Ranking
from ollascope.ledger.calls.walk import Lines, Walk, Way
from ollascope.ledger.codec import Amendment, decode, decode_call
from ollascope.ledger.reading import blocks as read_blocks
from ollascope.ledger.segment import Segment, day_of, days, segments
from ollascope.ledger.select import Where
from ollascope.words.call import Call
from ollascope.words.errors import RecordInvalid, StorageTrouble, TimedOut
from ollascope.words.ids import LENGTH, id_time

MOST_KNOWN: Final = 60_000  # blocks of which is known where they lie: some 25 million Calls, 30 MiB of memory
MOST_BLOCKS: Final = 40  # whose lines stay in memory: whoever pages on needs them again
MOST_HOURS: Final = 2000
MOST_RANKINGS: Final = 4
KEPT_S: Final = 20.0  # that what the sums say of a day is taken as it was
RANKED_S: Final = 60.0  # that an order by value stays as it was found
MINUTE_S: Final = 60.0
NEAR_S: Final = (2.0, 3600.0)  # an id is made about when its Call is sent
TOP: Final[Rank] = (math.inf, math.inf, b"")
BATCH: Final = 500
AHEAD_S: Final = 0.02  # that blocks are looked for at once, so that no page waits for it
PAUSE_RATIO: Final = 2.0
_KEY: Final = re.compile(rb'"id":\s*"([^"]*)"')
_SENT: Final = re.compile(rb'"sent_at":\s*(-?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)')


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A page of Calls and where it goes on; not whole if the time was over, and then how far was looked, if by time.

    It is cut where an order by value ends although there are more.
    """

    calls: tuple[Call, ...]
    next: Key | Rank | None = None
    whole: bool = True
    reached: float | None = None
    cut: bool = False


class Search:
    """Finds Calls in a ledger; keeps what it learnt of the files."""

    def __init__(self, ledger: Path, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._ledger = ledger
        self._monotonic = monotonic
        self._layouts: OrderedDict[Path, Layout] = OrderedDict()
        self._lines: OrderedDict[tuple[Path, int, int], Lines] = OrderedDict()
        self._hours: dict[tuple[str, tuple[str, ...], Choice], tuple[float, Hours | None]] = {}
        self._rankings: OrderedDict[Choice, tuple[float, Ranking]] = OrderedDict()
        self._lock = threading.Lock()
        self._ended = threading.Event()

    def look_ahead(self) -> None:
        """Look through the files, the newest first, leaving room for others; returns at the end or when closed."""
        for day in reversed(self.days(None, None)):
            for segment in self.day_segments(day):
                if not self._look_through(segment):
                    return

    def close(self) -> None:
        """End that."""
        self._ended.set()
        with self._lock:
            for layout in self._layouts.values():
                layout.close()

    def page(self, choice: Choice, count: int, after: str = "", within_s: float = math.inf) -> Found:
        """The next Calls after a place, told by its text; where the time is over, what was found until then."""
        read = self._page if choice.field is None else self._ranked
        try:
            return read(choice, count, after, within_s)
        except FileNotFoundError:  # a file was sealed or given up since its folder was listed
            self._rankings.clear()
            return read(choice, count, after, within_s)

    def every(self, choice: Choice, most: int) -> Iterator[Call]:
        """So many Calls in the order of time, some hundred at a time."""
        after, choice = "", choice if choice.field is None else replace(choice, order="newest")
        while most > 0:
            found = self.page(choice, min(most, BATCH), after)
            yield from found.calls
            most -= len(found.calls)
            if found.next is None:
                return
            after = place_text(found.next)

    def find(self, number: str, sent_at: float | None, within_s: float) -> Call | None:
        """The Call of an id: quick where it is known when it was sent, or the id tells."""
        until = self._monotonic() + within_s
        for since, end in _near(number, sent_at):
            choice = Choice(where=Where(since=since, until=end, id=number))
            found = self.page(choice, 1, within_s=until - self._monotonic())
            if found.calls:
                return found.calls[0]
            if not found.whole:
                raise TimedOut(
                    f"no Call {number[:60]} was found in the time there is",
                    hint=f"`ollascope calls show {number[:60]}` looks through everything",
                )
        return None

    def days(self, since: float | None, until: float | None) -> list[str]:
        """The days that have Calls, oldest first."""
        return days(self._ledger, since, until)

    def day_segments(self, day: str) -> list[Segment]:
        """The files of a day."""
        return segments(self._ledger, day, "calls")

    def hours(self, day: str, found: Sequence[Segment], choice: Choice) -> Hours | None:
        """The hours of a day that can hold what is meant; None where that would not help or cannot be told."""
        if not choice.is_narrow:
            return None
        if not all(segment.sealed for segment in found):  # it is still being written
            return hours_of(self._ledger, day, found, choice)
        lasting = replace(choice, where=replace(choice.where, since=None, until=None))
        place, now = (day, tuple(segment.id for segment in found), lasting), self._monotonic()
        known = self._hours.get(place)
        if known is not None and now - known[0] < KEPT_S:
            return known[1]
        made = hours_of(self._ledger, day, found, choice)
        if len(self._hours) > MOST_HOURS:
            self._hours.clear()
        self._hours[place] = now, made
        return made

    def layout(self, segment: Segment, go_on: Callable[[], bool]) -> Layout:
        """The blocks of a file, as far as there is time to find them."""
        with self._lock:
            layout = self._layouts.get(segment.path)
            if layout is None:
                layout = self._layouts[segment.path] = Layout(segment)
                self._bound()
            self._layouts.move_to_end(segment.path)
            try:
                layout.extend(go_on)
            except FileNotFoundError:
                self._layouts.pop(segment.path).close()
                raise
            return layout

    def lines(self, layout: Layout, block: Block) -> Lines:
        """The lines of a block by their keys, in order."""
        place = (layout.segment.path, block.start, block.end)
        with self._lock:
            known = self._lines.get(place)
            if known is not None:
                self._lines.move_to_end(place)
                return known
        made = sorted((key, line) for line in layout.read(block) if (key := _key(line)) is not None)
        with self._lock:
            self._lines[place] = made
            while len(self._lines) > MOST_BLOCKS:
                self._lines.popitem(last=False)
        return made

    def _page(self, choice: Choice, count: int, text: str, within_s: float) -> Found:
        until = self._monotonic() + within_s
        after = read_key(text) if text else None
        walk: Way = Walk(self, choice, after, lambda: self._monotonic() >= until).run()
        found: list[Call] = []
        last = after
        reached: float | None = None
        while True:
            try:
                key, call = next(walk)
            except StopIteration as end:
                reached = end.value
                break
            if len(found) == count:
                return Found(calls=self._amended(found), next=last)
            found.append(call)
            last = key
        calls = self._amended(found)
        if reached is None or math.isinf(reached):
            return Found(calls=calls, next=after if reached else None, whole=reached is None, reached=reached)
        beyond = math.nextafter(reached, math.inf if choice.order == "newest" else -math.inf)
        return Found(calls=calls, next=(beyond, b""), whole=False, reached=reached)

    def _ranked(self, choice: Choice, count: int, text: str, within_s: float) -> Found:
        until = self._monotonic() + within_s
        place = read_rank(text) if text else None
        ranking, since, after = self._ranking(choice), choice.where.since or -math.inf, place
        found: list[Entry] = []
        with ranking.lock:
            ready, whole = ranking.after(after, count + 1, lambda: self._monotonic() >= until)
            while ready:
                found += [entry for entry in ready if entry[0][1] >= since]
                after = ready[-1][0]
                if len(found) > count or not whole:
                    break
                ready, whole = ranking.after(after, count + 1, lambda: self._monotonic() >= until)
        calls = self._amended([decode_call(line) for _, line in found[:count]])
        if len(found) > count:
            return Found(calls=calls, next=found[count - 1][0])
        return Found(calls=calls, next=None if whole else after or TOP, whole=whole, cut=whole and ranking.is_full)

    def _ranking(self, choice: Choice) -> Ranking:
        """One that goes on from where it was; from a whole minute on, as ranges up to now begin later each time."""
        where = choice.where
        since = None if where.since is None else where.since // MINUTE_S * MINUTE_S
        choice, now = replace(choice, where=replace(where, since=since)), self._monotonic()
        with self._lock:
            began, ranking = self._rankings.pop(choice, (-math.inf, None))
            if ranking is None or now - began > RANKED_S:
                began, ranking = now, None
        made = ranking or Ranking(self, choice)
        with self._lock:
            self._rankings[choice] = began, made
            while len(self._rankings) > MOST_RANKINGS:
                self._rankings.popitem(last=False)
        return made

    def _amended(self, calls: Sequence[Call]) -> tuple[Call, ...]:
        more: dict[str, tuple[str, ...]] = {}
        for day in {day_of(call.sent_at) for call in calls}:
            more |= _amendments(self._ledger, day)
        return tuple(
            replace(call, flags=tuple(dict.fromkeys((*call.flags, *more[call.id])))) if call.id in more else call
            for call in calls
        )

    def _bound(self) -> None:
        """Forget what was not needed for longest."""
        while sum(one.count for one in self._layouts.values()) > MOST_KNOWN and len(self._layouts) > 1:
            self._layouts.popitem(last=False)[1].close()

    def _look_through(self, segment: Segment) -> bool:
        """Find the blocks of a file bit by bit; false when there is no more room to remember them, or at the end."""
        known = sum(one.count for one in list(self._layouts.values()))
        while not self._ended.is_set() and known < MOST_KNOWN * 0.9:
            began = time.monotonic()
            try:
                layout = self.layout(segment, lambda: time.monotonic() - began < AHEAD_S)  # noqa: B023 - called at once
            except (FileNotFoundError, StorageTrouble):
                return True
            if layout.is_whole:
                return True
            self._ended.wait(PAUSE_RATIO * AHEAD_S)
        return False


def _near(number: str, sent_at: float | None) -> Iterator[tuple[float | None, float | None]]:
    """Where to look for an id: about its time, then everywhere."""
    if sent_at is not None:
        yield sent_at - 1.0, sent_at + 1.0
        return
    at = _time_of(number)
    if at is not None:
        yield from ((at - near, at + near) for near in NEAR_S)
    yield None, None


def _time_of(number: str) -> float | None:
    """When an id was made; None if it is not one of ours."""
    try:
        return id_time(number) if len(number) == LENGTH else None
    except ValueError:
        return None


def _key(line: bytes) -> Key | None:
    """By what a line is put in order; None if it is no Call's."""
    sent, number = _SENT.search(line), _KEY.search(line)
    return (float(sent[1]), number[1]) if sent and number else None


def _amendments(ledger: Path, day: str) -> dict[str, tuple[str, ...]]:
    """What was learnt later of the Calls of a day."""
    found: dict[str, tuple[str, ...]] = {}
    for segment in segments(ledger, day, "amendments"):
        for lines, _ in read_blocks(segment):
            for line in lines:
                try:
                    one = decode(Amendment, line)
                except RecordInvalid:
                    continue
                found[one.id] = (*found.get(one.id, ()), *one.flags)
    return found
