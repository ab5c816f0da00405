"""Which stretch of a run its figures are of, and what was finished in it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from math import isnan
from statistics import median
from typing import Final

from ollascope.bench.about import Stretch
from ollascope.bench.measuring.lot import Lot
from ollascope.bench.measuring.reading.sheet import COOL_DOWN, WARM_UP
from ollascope.bench.result import Throughput
from ollascope.stats.percentiles import percentile
from ollascope.words.outcomes import OK

LONG: Final = 10  # middle answers; a load that lasted so long is measured without its end, when less and less runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A stretch of a run in seconds from its start: of requests, and of the answers that count for throughput."""

    since_s: float
    until_s: float
    answers_since_s: float
    answers_until_s: float

    @property
    def seconds(self) -> float:
        return self.until_s - self.since_s


def frame_of(lot: Lot, stretch: Stretch | None, *, timed: bool, follows: bool) -> Frame:
    """From the first instant that counts to the end of the load.

    The load ends when the last request that counts is due or, where it went on by itself (`timed`, a cool-down, or
    another stage `follows`), when its stretch ends. Where it lasted shorter than ten middle answers, the frame goes on
    to the last answer: so few answers tell nothing without it.
    """
    if not lot.counted:
        return Frame(since_s=0.0, until_s=0.0, answers_since_s=0.0, answers_until_s=0.0)
    since, middle = _since(lot, stretch), _middle(lot)
    cooled = min((lot.due(row) for row in lot.rows if lot.sheet.phase[row] == COOL_DOWN), default=None)
    load_until = _load_until(lot, stretch if timed or follows else None, cooled)
    if cooled is None and not follows and load_until - since < LONG * middle:
        ends = (end for row in lot.counted if (end := lot.end(row)) is not None)
        load_until = max(chain((since, load_until), ends))
        middle = 0.0
    shift = middle if lot.open and not _is_warm(lot) else 0.0
    return Frame(
        since_s=since, until_s=load_until, answers_since_s=since + shift, answers_until_s=load_until + shift
    )  # fmt: skip


def around(frames: Sequence[Frame]) -> Frame:
    """The frame of a run with several stages."""
    return Frame(
        since_s=min(frame.since_s for frame in frames),
        until_s=max(frame.until_s for frame in frames),
        answers_since_s=min(frame.answers_since_s for frame in frames),
        answers_until_s=max(frame.answers_until_s for frame in frames),
    )


def finished(lot: Lot, frame: Frame) -> list[int]:
    """The Calls that ended well within the frame, whenever they were sent."""
    ok, outcome = lot.sheet.number(OK), lot.sheet.outcome
    since, until = frame.answers_since_s, frame.answers_until_s
    return [
        row for row in lot.rows
        if outcome[row] == ok and (end := lot.end(row)) is not None and since <= end <= until
    ]  # fmt: skip


def shares(lot: Lot, frame: Frame) -> dict[int, float]:
    """How much of each Call that ended well is the frame's, whenever it was sent.

    Of an open loop it is what ended in the frame. Users of a closed loop are always on their way with something: there
    it is the share of its time that lies in the frame, so that what is half done at both ends counts half.
    """
    if lot.open:
        return dict.fromkeys(finished(lot, frame), 1.0)
    ok, outcome = lot.sheet.number(OK), lot.sheet.outcome
    found = {}
    for row in lot.rows:
        end = lot.end(row)
        if outcome[row] == ok and end is not None:
            at = lot.sheet.at[row]
            within = min(end, frame.until_s) - max(at, frame.since_s)
            if within > 0:
                found[row] = within / (end - at)
    return found


def throughput_of(whole: Lot, lot: Lot, frame: Frame) -> Throughput:
    """What was done in the frame, whichever stage it was sent in, by its length."""
    seconds = frame.answers_until_s - frame.answers_since_s
    if seconds <= 0:
        return Throughput()
    done, every = shares(whole, frame), whole.sheet.every
    speeds = sorted(lot.values("decode_tokens_per_s"))
    return Throughput(
        requests_per_s=math.fsum(done.values()) * every / seconds,
        output_tokens_per_s=_rate(whole, "tokens_out", done, seconds),
        input_tokens_per_s=_rate(whole, "tokens_in", done, seconds),
        user_tokens_per_s=percentile(speeds, 0.5) if speeds else None,
    )


def amount(lot: Lot, name: str, done: Mapping[int, float]) -> float | None:
    """The sum of a figure over so much of each Call; none where no Call has it."""
    column = lot.sheet.figures(name)
    told = [column[row] * share for row, share in done.items() if not isnan(column[row])] if column else []
    return math.fsum(told) * lot.sheet.every if told else None


def sent_rate(lot: Lot, frame: Frame) -> float | None:
    """Requests sent a second: by the time between the first and the last, in a closed loop by its frame."""
    counted = lot.counted
    if lot.open:
        return pace([lot.sheet.at[row] for row in counted], lot.sheet.every)
    sent = sum(frame.since_s <= lot.sheet.at[row] <= frame.until_s for row in counted)
    return sent * lot.sheet.every / frame.seconds if frame.seconds > 0 else None


def pace(instants: Sequence[float], every: int = 1) -> float | None:
    """How many a second, by the time between the first and the last."""
    if len(instants) < 2:
        return None
    span = max(instants) - min(instants)
    return (len(instants) - 1) * every / span if span > 0 else None


def _rate(lot: Lot, name: str, done: Mapping[int, float], seconds: float) -> float | None:
    whole = amount(lot, name, done)
    return None if whole is None else whole / seconds


def _since(lot: Lot, stretch: Stretch | None) -> float:
    first = min(lot.due(row) for row in lot.counted)
    return min(first, stretch.counts_s) if stretch is not None and stretch.counts_s > stretch.since_s else first


def _load_until(lot: Lot, stretch: Stretch | None, cooled: float | None) -> float:
    last = max(lot.due(row) for row in lot.counted)
    if stretch is not None:
        last = max(last, stretch.until_s)
    return last if cooled is None else min(last, cooled)


def _middle(lot: Lot) -> float:
    ends = [end - lot.due(row) for row in lot.good if (end := lot.end(row)) is not None]
    return median(ends) if ends else 0.0


def _is_warm(lot: Lot) -> bool:
    """Whether requests of the warm-up ran when the first one that counts was sent."""
    return any(lot.sheet.phase[row] == WARM_UP for row in lot.rows)
