"""The run cut into some hundred short stretches, for charts over time."""

import math
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate, chain
from math import isnan
from typing import Final

from ollascope.bench.measuring.lot import Lot
from ollascope.bench.result import Slice
from ollascope.stats.percentiles import is_known, percentile
from ollascope.words.errors import Cancelled
from ollascope.words.outcomes import OK

MOST: Final = 200
NICE: Final = (1, 2, 5, 10)
SHORTEST_S: Final = 0.01


def slices_of(lot: Lot, until_s: float) -> tuple[Slice, ...]:
    """All requests, those of warm-up and cool-down, too; latency stands where its request was sent."""
    rows = lot.rows
    if not rows:
        return ()
    ends = (end for row in rows if (end := lot.end(row)) is not None)
    until_s = max(chain(lot.sheet.at, ends, (until_s, SHORTEST_S)))
    axis = Axis(nice_length(until_s), until_s)
    sent, ok, failed = _counts(lot, rows, axis)
    flying, tokens = Area(axis), Area(axis)
    _fill(lot, rows, flying, tokens)
    ttft, total = _latencies(lot, "ttft_s", axis), _latencies(lot, "total_s", axis)
    gaps = _gaps(lot, rows, axis)
    every, in_flight, per_s = lot.sheet.every, flying.means(), tokens.means()
    told = bool(lot.sheet.figures("tokens_out"))
    return tuple(
        Slice(
            at_s=round((index + 0.5) * axis.length, 6),
            sent=sent[index] * every,
            ok=ok[index] * every,
            failed=failed[index] * every,
            in_flight=in_flight[index] * every,
            tokens_per_s=per_s[index] * every if told else None,
            ttft_p50_s=_at(ttft[index], 0.5),
            ttft_p95_s=_at(ttft[index], 0.95),
            total_p50_s=_at(total[index], 0.5),
            total_p95_s=_at(total[index], 0.95),
            gaps=tuple(sorted((bucket, count * every) for bucket, count in gaps[index].items())),
        )
        for index in range(axis.count)
    )


def nice_length(seconds: float) -> float:
    """The shortest of 1, 2, 5 · 10ⁿ seconds of which at most 200 make up the whole."""
    least = max(seconds / MOST, SHORTEST_S)
    power = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in NICE if step * power >= least * (1 - 1e-9))


class Axis:
    """Stretches of one length, from the start of the run."""

    def __init__(self, length: float, until_s: float) -> None:
        self.length = length
        self.count = max(1, math.ceil(until_s / length - 1e-9))

    def place(self, at_s: float) -> int:
        """The stretch that an instant lies in."""
        return min(self.count - 1, max(0, int(at_s / self.length)))


class Area:
    """What flows evenly from one instant to another, added up by stretches."""

    def __init__(self, axis: Axis) -> None:
        self._axis = axis
        self._partly = [0.0] * axis.count
        self._wholly = [0.0] * (axis.count + 1)  # differences: what flows all through a stretch

    def add(self, since: float, until: float, flow: float) -> None:
        axis = self._axis
        since, until = max(0.0, since), min(until, axis.count * axis.length)
        if until <= since:
            return
        first, last = axis.place(since), axis.place(until)
        if first == last:
            self._partly[first] += (until - since) * flow
            return
        self._partly[first] += ((first + 1) * axis.length - since) * flow
        self._partly[last] += (until - last * axis.length) * flow
        self._wholly[first + 1] += flow
        self._wholly[last] -= flow

    def means(self) -> list[float]:
        """Over each stretch."""
        return [
            max(0.0, whole) + part / self._axis.length
            for whole, part in zip(accumulate(self._wholly), self._partly, strict=False)
        ]


def _counts(lot: Lot, rows: Sequence[int], axis: Axis) -> tuple[Counter[int], Counter[int], Counter[int]]:
    sent: Counter[int] = Counter(axis.place(lot.sheet.at[row]) for row in rows)
    ok: Counter[int] = Counter()
    failed: Counter[int] = Counter()
    good, cancelled = lot.sheet.number(OK), lot.sheet.number(Cancelled.code)
    for row in rows:
        outcome, end = lot.sheet.outcome[row], lot.end(row)
        place = axis.place(lot.sheet.at[row] if end is None else end)
        if outcome == good:
            ok[place] += 1
        elif outcome != cancelled:
            failed[place] += 1
    return sent, ok, failed


def _fill(lot: Lot, rows: Sequence[int], flying: Area, tokens: Area) -> None:
    """Tokens come evenly between the first piece of an answer and its end."""
    first, counts = lot.sheet.figures("ttft_s"), lot.sheet.figures("tokens_out")
    for row in rows:
        at, end = lot.sheet.at[row], lot.end(row)
        flying.add(at, math.inf if end is None else end, 1.0)
        if end is None or not counts or isnan(counts[row]) or not counts[row]:
            continue
        begun = at + first[row] if first and not isnan(first[row]) else at
        span = max(end - begun, 1e-6)
        tokens.add(end - span, end, counts[row] / span)


def _latencies(lot: Lot, name: str, axis: Axis) -> list[list[float]]:
    found: list[list[float]] = [[] for _ in range(axis.count)]
    column, outcome, ok = lot.sheet.figures(name), lot.sheet.outcome, lot.sheet.number(OK)
    for row in lot.rows if column else ():
        if outcome[row] == ok and not isnan(column[row]):
            found[axis.place(lot.sheet.at[row])].append(column[row])
    for values in found:
        values.sort()
    return found


def _gaps(lot: Lot, rows: Sequence[int], axis: Axis) -> list[Counter[int]]:
    """The gaps of an answer stand in its middle: when each of them came is not kept."""
    found: list[Counter[int]] = [Counter() for _ in range(axis.count)]
    first = lot.sheet.figures("ttft_s")
    for row in rows:
        pairs = lot.sheet.coarse(row)
        end = lot.end(row)
        if not pairs or end is None:
            continue
        begun = lot.sheet.at[row] + (first[row] if first and not isnan(first[row]) else 0.0)
        held = found[axis.place((begun + end) / 2)]
        for bucket, count in pairs:
            held[bucket] += count
    return found


def _at(ordered: Sequence[float], share: float) -> float | None:
    return percentile(ordered, share) if is_known(len(ordered), share) else None
