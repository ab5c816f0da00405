"""Whether a load settled: MSER-5 over latency, levels of latency and throughput, a queue that only grows."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isnan
from statistics import median, pvariance

from ollascope.bench.measuring.frames import Frame, finished
from ollascope.bench.measuring.lot import Lot
from ollascope.stats.changes import STRICTNESS, changepoints
from ollascope.stats.percentiles import percentile
from ollascope.stats.steady import mser5

FEWEST = 50  # MSER-5 has ten means of five then
DRIFT = 0.1  # of the middle; less does not matter to a reader, whatever a test says
OF_CHANCE = (
    3.0  # standard errors of a middle, which is about the middle half of the values over the root of their number
)
LEVEL = 0.25  # of the higher one
STANDS_OUT = 2.0  # standard deviations of the series around its level
BINS = 40
IN_A_BIN = 8
ROUNDS = 10  # middle answers that a throughput is judged from: users who began together end together in the first
SHORTEST = BINS // 5  # bins of a level that is more than an episode
BLOCKS = 8
IN_A_BLOCK = 5
RISING = 0.7  # of all pairs of blocks, more that rise than that fall
SLOPE = 0.03  # seconds of waiting more in each second: the rate is so much above what can be done
GROWN = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A lasting change of level inside the run."""

    what: str  # ttft_s, total_s or requests_per_s
    at_s: float
    before: float
    after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Steadiness:
    """What was found; `since_s` is None where no steady state was reached."""

    judged: bool = False
    since_s: float | None = None
    drift: float = 0.0  # largest difference of the middles of three thirds, over the middle of all
    what: str = "ttft_s"
    middle: float | None = None  # of all
    settled: float | None = None  # the middle of what came after `since_s`
    shift: Shift | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """Latency from due that rises as long as the load lasts."""

    first_s: float
    last_s: float
    slope: float


def steadiness(lot: Lot, frame: Frame) -> Steadiness:
    """Judged from fifty good answers on."""
    what, pairs = _series(lot)
    if len(pairs) < FEWEST:
        return Steadiness(what=what)
    values = [value for _, value in pairs]
    middle = median(values)
    drift = _drift(values, middle)
    cut = mser5(values)
    if cut is None and drift <= DRIFT:
        cut = 0
    since = None if cut is None else frame.since_s if cut == 0 else pairs[cut][0]
    return Steadiness(
        judged=True,
        since_s=since,
        drift=drift,
        what=what,
        middle=middle,
        settled=None if cut is None else median(values[cut:]),
        shift=_level_shift(what, pairs) or _rate_shift(lot, frame),
    )


def growth(lot: Lot) -> Growth | None:
    """Whether the time from due rises from block to block of requests, in the order in which they were due."""
    found = sorted((lot.due(row), end - lot.due(row)) for row in lot.good if (end := lot.end(row)) is not None)
    if not lot.open or len(found) < BLOCKS * IN_A_BLOCK:
        return None
    edges = [index * len(found) // BLOCKS for index in range(BLOCKS + 1)]
    blocks = [found[start:end] for start, end in pairwise(edges)]
    middles = [(median(at for at, _ in block), median(took for _, took in block)) for block in blocks]
    (begun, first), (ended, last) = middles[0], middles[-1]
    slope = (last - first) / (ended - begun) if ended > begun else 0.0
    rising = _rising([took for _, took in middles])
    return Growth(first_s=first, last_s=last, slope=slope) if (
        slope >= SLOPE and last >= GROWN * first and rising >= RISING
    ) else None  # fmt: skip


def _series(lot: Lot) -> tuple[str, list[tuple[float, float]]]:
    """Time to first token in the order of sending, or total time where there is no first token."""
    for name in ("ttft_s", "total_s"):
        column = lot.sheet.figures(name)
        pairs = [(lot.sheet.at[row], column[row]) for row in lot.good if not isnan(column[row])] if column else []
        if pairs:
            return name, pairs
    return "ttft_s", []


def _drift(values: Sequence[float], middle: float) -> float:
    third = len(values) // 3
    parts = [sorted(part) for part in (values[:third], values[third : 2 * third], values[2 * third :])]
    middles = [percentile(part, 0.5) for part in parts]
    apart = max(middles) - min(middles)
    spread = max(percentile(part, 0.75) - percentile(part, 0.25) for part in parts)
    return apart / middle if middle > 0 and apart > OF_CHANCE * spread / math.sqrt(third) else 0.0


def _level_shift(what: str, pairs: Sequence[tuple[float, float]]) -> Shift | None:
    if len(pairs) < BINS * IN_A_BIN:
        return None
    edges = [index * len(pairs) // BINS for index in range(BINS + 1)]
    series = [median(value for _, value in pairs[start:end]) for start, end in pairwise(edges)]
    return _shift(what, series, [pairs[start][0] for start in edges[:-1]])


def _rate_shift(lot: Lot, frame: Frame) -> Shift | None:
    ends = sorted(end for row in finished(lot, frame) if (end := lot.end(row)) is not None)
    if len(ends) < BINS * IN_A_BIN:
        return None
    since_s = max(frame.answers_since_s, ends[0])  # before the first answer nobody can have finished
    took = median(end - lot.sheet.at[row] for row in lot.good if (end := lot.end(row)) is not None)
    if frame.answers_until_s - since_s < ROUNDS * took:
        return None
    width = (frame.answers_until_s - since_s) / BINS
    edges = [since_s + index * width for index in range(BINS + 1)]
    counts = [(bisect_right(ends, until) - bisect_left(ends, since)) / width for since, until in pairwise(edges)]
    return _shift("requests_per_s", counts, edges[:-1])


def _shift(what: str, series: Sequence[float], starts: Sequence[float]) -> Shift | None:
    """The largest lasting change of level, where it matters and stands out from how the series goes up and down."""
    noise = pvariance([after - before for before, after in pairwise(series)]) / 2
    penalty = STRICTNESS * max(noise, (DRIFT * max(series)) ** 2 / len(series)) * math.log(len(series))
    found = [0, *changepoints(series, penalty=penalty, shortest=SHORTEST), len(series)]
    levels = [median(series[start:end]) for start, end in pairwise(found)]
    steps = [
        Shift(what=what, at_s=starts[found[index]], before=levels[index - 1], after=levels[index])
        for index in range(1, len(levels))
    ]
    largest = max(steps, key=lambda step: abs(step.after - step.before), default=None)
    if largest is None:
        return None
    least = max(LEVEL * max(largest.before, largest.after), STANDS_OUT * math.sqrt(noise))
    return largest if abs(largest.after - largest.before) > least else None


def _rising(values: Sequence[float]) -> float:
    """Kendall's tau with time."""
    count = len(values)
    signs = [
        (later > earlier) - (later < earlier)
        for index, earlier in enumerate(values)
        for later in values[index + 1 :]
    ]  # fmt: skip
    return sum(signs) / (count * (count - 1) / 2)
