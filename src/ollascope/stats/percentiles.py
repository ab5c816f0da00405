"""Percentiles of sorted values, and their intervals from order statistics: no assumption about the shape."""

import math
from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist

Interval = tuple[float, float]

ROUNDING = 1e-9  # 0.07 * 100 is a little more than 7
NORMAL_FROM = 1000.0  # of this variance on the normal distribution misses a binomial rank by at most one


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of the values does not exceed; `ordered` is sorted and not empty."""
    return ordered[rank(len(ordered), share) - 1]


def rank(count: int, share: float) -> int:
    """The place, from 1, of a percentile among `count` sorted values."""
    return min(count, max(1, math.ceil(share * count - ROUNDING)))


def is_known(count: int, share: float) -> bool:
    """Whether so many values say anything about a percentile: p99 of 20 values would only be their maximum."""
    return count > 0 and (share <= 0.5 or count * (1 - share) >= 1 - ROUNDING)


def percentile_interval(ordered: Sequence[float], share: float, confidence: float = 0.95) -> Interval | None:
    """The interval that holds the true percentile, or None where the values are too few: p99 needs 368 for 95 %."""
    ranks = interval_ranks(len(ordered), share, confidence)
    return None if ranks is None else (ordered[ranks[0] - 1], ordered[ranks[1] - 1])


@lru_cache(maxsize=4096)
def interval_ranks(count: int, share: float, confidence: float = 0.95) -> tuple[int, int] | None:
    """The places, from 1, of the two values between which the true percentile lies; the values must be independent."""
    outside = (1 - confidence) / 2
    low = _binomial_quantile(count, share, outside)
    high = count + 1 - _binomial_quantile(count, 1 - share, outside)
    return (low, high) if low >= 1 and high <= count else None


def _binomial_quantile(count: int, share: float, outside: float) -> int:
    """The smallest k with P(successes <= k) > outside; 0 means that no value lies low enough."""
    mean, variance = count * share, count * share * (1 - share)
    if variance > NORMAL_FROM:
        z = NormalDist().inv_cdf(outside)
        skew = (1 - 2 * share) * (z * z - 1) / 6
        return math.ceil(mean + z * math.sqrt(variance) + skew - 0.5)
    k = max(0, math.floor(mean - 12 * math.sqrt(variance)) - 12)  # below lies nothing that counts
    mass = math.exp(_log_binomial(count, k, share))
    reached = mass
    while reached <= outside and k < count:
        mass *= (count - k) / (k + 1) * share / (1 - share)
        k += 1
        reached += mass
    return k


def _log_binomial(count: int, k: int, share: float) -> float:
    choices = math.lgamma(count + 1) - math.lgamma(k + 1) - math.lgamma(count - k + 1)
    return choices + k * math.log(share) + (count - k) * math.log1p(-share)
