"""Mean and percentiles of values that hang together in time, each with an interval that allows for it."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise
from statistics import NormalDist, fmean, variance

from ollascope.stats.enough import fewest
from ollascope.stats.percentiles import Interval, interval_ranks, percentile
from ollascope.stats.student import student

BATCHES = 64  # neighbours in time stand together in so many batches, and then in half as many, until those are
FEWEST_BATCHES = 8  # independent
SHORTEST = 5
FEWEST = 20  # values; of fewer a mean has no interval
DOUBT = 1.28  # standard errors of a correlation that chance alone exceeds one time in ten
CONFIDENCE = 0.95
ONE_SIDED = 1.645  # standard errors that chance alone exceeds one time in twenty
SAME = 0.01  # values that differ by less are alike to a reader: how they hang together does not matter
OF_MEDIAN = 0.5  # what hangs together in the middle does so far out, where too few values lie to show it


@dataclass(frozen=True, slots=True, kw_only=True)
class Spans:
    """What some values add up to; endless values count in percentiles, and a mean is that of all others."""

    ordered: Sequence[float]
    mean: float | None
    intervals: Mapping[str, Interval] = field(default_factory=dict)  # an end may be infinite
    more: Mapping[str, int] = field(default_factory=dict)  # values that are lacking, where there are too few


def spans(values: Sequence[float], shares: Mapping[str, float]) -> Spans:
    """Percentiles by order statistics, counted as if there were only as many values as are independent of each other;
    `values` stand in the order of time."""
    batches = _batched(values)
    ordered = sorted(chain.from_iterable(batches))
    finite = [batch[: bisect_left(batch, math.inf)] for batch in batches]
    known = bisect_left(ordered, math.inf)
    found: dict[str, Interval] = {}
    lacking: dict[str, int] = {}
    mean = math.fsum(ordered[:known]) / known if known else None
    if mean is not None and (span := _of_mean(finite, mean, ordered[:known])):
        found["mean"] = span
    floor = _inflation_at(batches, ordered, 0.5) * OF_MEDIAN if ordered else 1.0
    for name, share in shares.items() if ordered else ():
        grown = max(floor, _inflation_at(batches, ordered, share))
        if ranks := _ranks(len(ordered), share, grown):
            found[name] = ordered[ranks[0] - 1], ordered[ranks[1] - 1]
        else:
            lacking[name] = max(1, math.ceil(fewest(share) * grown) - len(ordered))
    lacking.update({name: fewest(share) for name, share in shares.items() if not ordered})
    return Spans(ordered=ordered, mean=mean, intervals=found, more=lacking)


def inflation(series: Sequence[float], expected: float, excess: float = 0.0) -> float:
    """How many values it takes to say what one independent value would: from means of batches of neighbours.

    `expected` is the variance that these means would have if all values were independent, and `excess` their kurtosis
    over that of a normal distribution. The batches are made larger until neighbours among them no longer hang together.
    """
    if len(series) < FEWEST_BATCHES or expected <= 0:
        return 1.0
    means, length = list(series), 1
    while len(means) >= 2 * FEWEST_BATCHES and _hang_together(means):
        means = [(one + other) / 2 for one, other in zip(means[::2], means[1::2], strict=False)]
        length *= 2
    freedom = len(means) - 1
    ratio = variance(means) * length / expected
    if length == 1 and ratio <= 1 + ONE_SIDED * math.sqrt(2 / freedom + excess / len(means)):
        return 1.0
    return max(1.0, ratio * (student(freedom) / NormalDist().inv_cdf((1 + CONFIDENCE) / 2)) ** 2)


def _batched(values: Sequence[float]) -> list[list[float]]:
    """Batches in the order of time, each sorted by itself."""
    count = len(values)
    pieces = max(1, min(BATCHES, count // SHORTEST))
    ends = [index * count // pieces for index in range(pieces + 1)]
    return [sorted(values[start:end]) for start, end in pairwise(ends)]


def _of_mean(batches: Sequence[Sequence[float]], mean: float, ordered: Sequence[float]) -> Interval | None:
    if len(ordered) < FEWEST:
        return None
    spread = variance(ordered, mean)
    series = [fmean(batch) for batch in batches if batch]
    grown = inflation(series, spread * len(series) / len(ordered))
    half = student(max(1, len(ordered) - 1)) * math.sqrt(spread * grown / len(ordered))
    return mean - half, mean + half


def _inflation_at(batches: Sequence[Sequence[float]], ordered: Sequence[float], share: float) -> float:
    """The same for a percentile: by the share of each batch that does not exceed it."""
    count = len(ordered)
    limit = percentile(ordered, share)
    limit += SAME * abs(limit)
    series = [bisect_right(batch, limit) / len(batch) for batch in batches if batch]
    below = bisect_right(ordered, limit) / count  # more than `share` where values are equal
    spread = below * (1 - below)
    if spread <= 0:
        return 1.0
    excess = max(0.0, (1 - 6 * spread) / spread) * len(series) / count
    return inflation(series, spread * len(series) / count, excess)


def _ranks(count: int, share: float, grown: float) -> tuple[int, int] | None:
    if grown == 1:
        return interval_ranks(count, share)
    fewer = max(1, math.floor(count / grown))
    ranks = interval_ranks(fewer, share)
    if ranks is None:
        return None
    scale = (count + 1) / (fewer + 1)
    return max(1, math.floor(ranks[0] * scale)), min(count, math.ceil(ranks[1] * scale))


def _hang_together(means: Sequence[float]) -> bool:
    """Whether neighbours are more alike than chance makes them: von Neumann's ratio."""
    count, middle = len(means), fmean(means)
    squares = math.fsum((mean - middle) ** 2 for mean in means)
    if squares <= 0:
        return False
    steps = math.fsum((after - before) ** 2 for before, after in pairwise(means))
    alike = 1 - steps / squares / 2
    return alike > DOUBT * math.sqrt((count - 2) / (count * count - 1))
