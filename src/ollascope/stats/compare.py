"""Mann-Whitney: do two sets of values differ, and how often is one of the second larger than one of the first?"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

EXACT_UP_TO = 20  # values on each side; beyond, and with ties, the normal distribution is near enough


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How two sets of values compare; `larger` is the chance that one of the second exceeds one of the first."""

    u: float
    p: float
    larger: float


def mann_whitney(first: Sequence[float], second: Sequence[float]) -> Comparison:
    """The two-sided test of two sets of independent values, neither of them empty."""
    n, m = len(first), len(second)
    placed, ties = _ranks([*first, *second])
    u = sum(placed[:n]) - n * (n + 1) / 2
    exact = not ties and n <= EXACT_UP_TO and m <= EXACT_UP_TO
    p = _exact_p(u, n, m) if exact else _normal_p(u, n, m, ties)
    return Comparison(u=u, p=p, larger=1 - u / (n * m))


def _ranks(values: Sequence[float]) -> tuple[list[float], list[int]]:
    """The rank of each value, equal ones sharing theirs, and the size of each group of equal values."""
    order = sorted(range(len(values)), key=values.__getitem__)
    placed, ties, before = [0.0] * len(values), [], 0
    for _, members in groupby(order, key=values.__getitem__):
        group = list(members)
        for index in group:
            placed[index] = before + (len(group) + 1) / 2
        before += len(group)
        if len(group) > 1:
            ties.append(len(group))
    return placed, ties


def _exact_p(u: float, n: int, m: int) -> float:
    """From the number of orders of n and m values that give each u."""
    ways = _ways(n, m)
    extreme = int(min(u, n * m - u))
    return min(1.0, 2 * sum(ways[: extreme + 1]) / sum(ways))


def _ways(n: int, m: int) -> list[int]:
    """How many orders give u = 0, 1, …: the coefficients of the Gaussian binomial of n + m over n."""
    ways = [1] + [0] * (n * m)
    for i in range(1, n + 1):
        for total in range(n * m, m + i - 1, -1):  # times (1 - q^(m+i))
            ways[total] -= ways[total - m - i]
        for total in range(i, n * m + 1):  # divided by (1 - q^i)
            ways[total] += ways[total - i]
    return ways


def _normal_p(u: float, n: int, m: int, ties: Sequence[int]) -> float:
    everyone = n + m
    tied = sum(size**3 - size for size in ties) / (everyone * (everyone - 1))
    variance = n * m / 12 * (everyone + 1 - tied)
    if variance <= 0:  # all are equal
        return 1.0
    distance = max(0.0, abs(u - n * m / 2) - 0.5)
    return math.erfc(distance / math.sqrt(2 * variance))  # exact far out, where 1 - cdf has no digits left
