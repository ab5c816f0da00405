"""How many values a percentile needs: the binomial rule that also stops MLPerf's load generator."""

import math
from functools import lru_cache

OUTSIDE = 0.025  # chance of being wrong, on each side of an interval of 95 %


@lru_cache(maxsize=1024)
def fewest(share: float, outside: float = OUTSIDE, over: int = 0) -> int:
    """The least number of independent values of which at most `over` lie above a limit, that shows with a chance of
    error of `outside` that this share of all values does not exceed the limit."""
    low, high = over, 2 * (over + 1)
    while _chance(high, share, over) > outside:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _chance(middle, share, over) > outside else (low, middle)
    return high


def _chance(count: int, share: float, over: int) -> float:
    """That at most `over` of so many values lie above their percentile."""
    above = 1 - share
    logs = (
        math.lgamma(count + 1) - math.lgamma(k + 1) - math.lgamma(count - k + 1)
        + k * math.log(above) + (count - k) * math.log(share)
        for k in range(min(over, count) + 1)
    )  # fmt: skip
    return math.fsum(map(math.exp, logs))
