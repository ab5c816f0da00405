"""What is usual: the hours of the last week, those at this time of day once two days are known."""

from collections.abc import Sequence
from statistics import median

from ollascope.monitor.anomalies.state import Hour, Reference
from ollascope.stats.anomalies import NORMAL_MAD

KEPT_H = 168
DAY_H = 24
FEWEST = 30  # windows
PRIOR = 50  # values that a share is taken to rest on before any were seen, a tenth of them standing out
NEAR_H = 1


def reference_of(hours: Sequence[Hour], hour: int, floor: float) -> Reference | None:
    """The reference for an hour, or None while fewer than 30 windows are known; no spread is less than the floor."""
    if sum(each.windows for each in hours) < FEWEST:
        return None
    known_h = hours[-1].hour - hours[0].hour + 1
    level = _level(hours, hour, known_h)
    noise = median(each.noise for each in hours)
    aways = [each.middle - _level(hours, each.hour, known_h) for each in hours]
    between = NORMAL_MAD * median(map(abs, aways)) if len(hours) >= 3 else noise
    values = sum(each.calls for each in hours)
    return Reference(
        level=level,
        spread=max(floor, (between**2 + noise**2) ** 0.5),
        noise=noise,
        size=max(1.0, values / sum(each.windows for each in hours)),
        high=_share(sum(each.high for each in hours), values),
        low=_share(sum(each.low for each in hours), values),
        known_h=known_h,
    )


def closed_hour(hour: int, values: Sequence[float], counts: tuple[int, int, int]) -> Hour:
    """What an hour was like, once it is over."""
    middle = median(values)
    noise = NORMAL_MAD * median(abs(value - middle) for value in values)
    calls, high, low = counts
    return Hour(hour=hour, middle=middle, noise=noise, windows=len(values), calls=calls, high=high, low=low)


def kept(hours: Sequence[Hour], hour: int) -> tuple[Hour, ...]:
    """The hours that still say what is usual."""
    return tuple(each for each in hours if each.hour > hour - KEPT_H)


def _level(hours: Sequence[Hour], hour: int, known_h: int) -> float:
    """By the time of day where at least two days and four hours tell of it, else by all hours."""
    alike = [each.middle for each in hours if _apart(each.hour, hour) <= NEAR_H] if known_h > 2 * DAY_H else []
    return median(alike if len(alike) >= 4 else [each.middle for each in hours])


def _apart(one: int, other: int) -> int:
    away = (one - other) % DAY_H
    return min(away, DAY_H - away)


def _share(found: int, values: int) -> float:
    return (found + 0.1 * PRIOR) / (values + PRIOR)
