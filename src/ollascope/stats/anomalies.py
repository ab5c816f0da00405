"""What stands out: robust z against the past, a moving average, and CUSUM for small lasting shifts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean, median

NORMAL_MAD = 1.4826  # a normal distribution's standard deviation over its median absolute deviation
NORMAL_MEAN_AD = 1.2533  # the same over its mean absolute deviation


def robust_z(value: float, past: Sequence[float]) -> float:
    """How many standard deviations a value lies from the median of the past; a few wild values do not matter.

    Where more than half of the past is one number, the mean deviation measures instead; where all of it is, any other
    value is infinitely far.
    """
    middle = median(past)
    away = [abs(other - middle) for other in past]
    spread = NORMAL_MAD * median(away) or NORMAL_MEAN_AD * fmean(away)
    if spread == 0:
        return 0.0 if value == middle else float("inf") if value > middle else float("-inf")
    return (value - middle) / spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Ewma:
    """An exponentially weighted moving average; the newest value weighs `weight`."""

    weight: float
    mean: float | None = None

    def after(self, value: float) -> "Ewma":
        """The average once this value has come."""
        mean = value if self.mean is None else self.mean + self.weight * (value - self.mean)
        return replace(self, mean=mean)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cusum:
    """Two-sided CUSUM around `target`: sums what exceeds `slack`, and tells a shift once a sum exceeds `limit`."""

    target: float
    slack: float
    limit: float
    high: float = 0.0
    low: float = 0.0

    def after(self, value: float) -> "Cusum":
        """The sums once this value has come."""
        away = value - self.target
        return replace(self, high=max(0.0, self.high + away - self.slack), low=max(0.0, self.low - away - self.slack))

    @property
    def shift(self) -> int:
        """1 if the values lie lastingly above the target, -1 if below, 0 if neither."""
        if self.high > self.limit or self.low > self.limit:
            return 1 if self.high >= self.low else -1
        return 0
