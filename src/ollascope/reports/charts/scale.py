"""From values to places on a drawing, and the round numbers that stand beside an axis."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Where a value lies between `start` and `end` on the drawing; `logarithmic` for values of many sizes."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def at(self, value: float) -> float:
        """The place of a value; what lies outside is held at the edge."""
        low, high = self._told(self.low), self._told(self.high)
        part = (self._told(value) - low) / (high - low) if high > low else 0.5
        return self.start + (self.end - self.start) * min(1.0, max(0.0, part))

    def ticks(self, wanted: int = 5) -> list[float]:
        """Round values along it."""
        if self.logarithmic:
            return _decades(self.low, self.high)
        return round_values(self.low, self.high, wanted)

    def _told(self, value: float) -> float:
        return math.log10(max(value, 1e-12)) if self.logarithmic else value


def scale_of(
    values: Sequence[float], place: tuple[float, float], *, logarithmic: bool = False, zero: bool = False
) -> Scale:
    """A scale that holds all the values; from 0 where `zero`."""
    known = [value for value in values if math.isfinite(value) and (value > 0 or not logarithmic)] or [1.0]
    low, high = min(known), max(known)
    if zero and not logarithmic:
        low, high = min(0.0, low), max(high, 0.0)
    if low == high:
        low, high = (low / 2, high * 2) if logarithmic else (low - (abs(low) or 1) / 2, high + (abs(high) or 1) / 2)
        low = max(0.0, low) if zero else low
    return Scale(low=low, high=high, start=place[0], end=place[1], logarithmic=logarithmic)


def round_values(low: float, high: float, wanted: int) -> list[float]:
    """About so many round values from low to high."""
    rough = (high - low) / max(1, wanted)
    size = 10.0 ** math.floor(math.log10(rough))
    step = size * next(factor for factor in STEPS if factor * size >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [number * step for number in range(first, math.floor(high / step + 1e-9) + 1)]


def _decades(low: float, high: float) -> list[float]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    factors = (1,) if last - first > 4 else (1, 3) if last - first > 2 else (1, 2, 5)
    found = [factor * 10.0**power for power in range(first, last + 1) for factor in factors]
    return [value for value in found if low * 0.999 <= value <= high * 1.001]
