"""Intervals of a share and of a mean."""

import math
from statistics import NormalDist

from ollascope.stats.percentiles import Interval

FEWEST = 30  # a mean of fewer values has no normal interval


def wilson(successes: int, count: int, confidence: float = 0.95) -> Interval:
    """The interval of a share of independent trials; right also near 0 and 1, where the textbook one is not."""
    if count == 0:
        return 0.0, 1.0
    z = _z(confidence)
    share, weight = successes / count, z * z / count
    middle = (share + weight / 2) / (1 + weight)
    half = z / (1 + weight) * math.sqrt(share * (1 - share) / count + weight / (4 * count))
    low = 0.0 if successes == 0 else max(0.0, middle - half)
    high = 1.0 if successes == count else min(1.0, middle + half)
    return low, high


def mean_interval(count: int, total: float, squares: float, confidence: float = 0.95) -> Interval | None:
    """The interval of a mean from count, sum and sum of squares; None of fewer than 30 values."""
    if count < FEWEST:
        return None
    mean = total / count
    variance = max(0.0, squares - count * mean * mean) / (count - 1)
    half = _z(confidence) * math.sqrt(variance / count)
    return mean - half, mean + half


def _z(confidence: float) -> float:
    return NormalDist().inv_cdf((1 + confidence) / 2)
