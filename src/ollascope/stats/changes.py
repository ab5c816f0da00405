"""Changepoints by PELT: where the mean of a series shifts, exactly optimal for the squared error."""

import math
from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from statistics import median

STRICTNESS = 3.0  # times variance times log(count): the price of one more change
SHORTEST = 5
NORMAL_MAD = 1.4826  # a normal distribution's standard deviation over its median absolute deviation


def changepoints(values: Sequence[float], *, penalty: float | None = None, shortest: int = SHORTEST) -> list[int]:
    """The indices at which a new level begins; no level is shorter than `shortest` values.

    Without `penalty` it is 3 s² ln n, with the noise s² taken from the differences of neighbours, so that the shifts
    themselves do not count as noise. Values that hang together in time show more changes than there are.
    """
    count = len(values)
    if count < 2 * shortest:
        return []
    cost = _costs(values)
    price = _penalty(values) if penalty is None else penalty
    best = [-price] + [math.inf] * count  # the least cost of the values up to here
    last = [0] * (count + 1)  # where the last level before here begins
    candidates = [0]
    doomed: dict[int, int] = {}  # a start that can never win again, and from which end on
    for end in range(shortest, count + 1):
        totals = [(best[start] + cost(start, end) + price, start) for start in candidates]
        best[end], last[end] = min(totals)
        for total, start in totals:
            if total - price > best[end]:
                doomed.setdefault(start, end + shortest)
        candidates = [start for start in candidates if doomed.get(start, count + 2) > end + 1]
        candidates.append(end - shortest + 1)
    return _walk_back(last, count)


def _costs(values: Sequence[float]) -> Callable[[int, int], float]:
    centre = median(values)
    sums = [0.0, *accumulate(value - centre for value in values)]
    squares = [0.0, *accumulate((value - centre) ** 2 for value in values)]

    def cost(start: int, end: int) -> float:
        total = sums[end] - sums[start]
        return max(0.0, squares[end] - squares[start] - total * total / (end - start))

    return cost


def _penalty(values: Sequence[float]) -> float:
    steps = [after - before for before, after in pairwise(values)]
    middle = median(steps)
    noise = NORMAL_MAD * median([abs(step - middle) for step in steps]) / math.sqrt(2)
    smallest = 1e-9 * max(map(abs, values)) or 1.0  # of a series without noise, rounding is no change
    return STRICTNESS * max(noise, smallest) ** 2 * math.log(len(values))


def _walk_back(last: Sequence[int], count: int) -> list[int]:
    found = []
    at = last[count]
    while at > 0:
        found.append(at)
        at = last[at]
    return found[::-1]
