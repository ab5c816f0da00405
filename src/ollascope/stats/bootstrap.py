"""Block bootstrap: an interval for any statistic of values that hang together in time."""

from collections.abc import Callable, Sequence
from random import Random

from ollascope.stats.percentiles import Interval, percentile

Statistic = Callable[[Sequence[float]], float]


def block_bootstrap(
    values: Sequence[float],
    statistic: Statistic,
    random: Random,
    *,
    rounds: int = 1000,
    block: int | None = None,
    confidence: float = 0.95,
) -> Interval:
    """The interval of a statistic, from resampling blocks of neighbours; the series is closed to a ring.

    `values` stand in the order of time. Without `block` its length is the cube root of their number, rounded; 1 is the
    plain bootstrap of independent values.
    """
    length = block or max(1, round(len(values) ** (1 / 3)))
    found = sorted(statistic(resample(values, length, random)) for _ in range(rounds))
    return percentile(found, (1 - confidence) / 2), percentile(found, (1 + confidence) / 2)


def resample(values: Sequence[float], block: int, random: Random) -> list[float]:
    """As many values again, drawn as runs of `block` neighbours."""
    count = len(values)
    ring = [*values, *values[: block - 1]]
    drawn: list[float] = []
    while len(drawn) < count:
        start = random.randrange(count)
        drawn.extend(ring[start : start + block])
    return drawn[:count]
