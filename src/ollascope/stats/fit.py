"""Kolmogorov and Smirnov: does a set of values come from a distribution that is known?"""

import math
from collections.abc import Callable, Sequence

LEAST = 0.2  # of the scaled distance; below it the chance is 1 to nine digits
STEPS = 500


def distance(ordered: Sequence[float], cdf: Callable[[float], float]) -> float:
    """The largest distance between the share of the sorted values up to a point and what the distribution says."""
    count = len(ordered)
    worst = 0.0
    for index, value in enumerate(ordered):
        expected = cdf(value)
        worst = max(worst, (index + 1) / count - expected, expected - index / count)
    return worst


def chance(away: float, count: int) -> float:
    """How often so many values of that very distribution lie at least so far away (Stephens' form, from 5 values)."""
    root = math.sqrt(count)
    scaled = (root + 0.12 + 0.11 / root) * away
    if scaled < LEAST:
        return 1.0
    terms = ((-1) ** (k - 1) * math.exp(-2 * k * k * scaled * scaled) for k in range(1, 101))
    return min(1.0, max(0.0, 2 * math.fsum(terms)))


def exponential(value: float) -> float:
    """The exponential distribution of mean 1."""
    return -math.expm1(-value) if value > 0 else 0.0


def gamma(shape: float) -> Callable[[float], float]:
    """The gamma distribution of mean 1 and variance 1 / shape."""
    return lambda value: _lower_gamma(shape, value * shape) if value > 0 else 0.0


def _lower_gamma(shape: float, x: float) -> float:
    """The regularised incomplete gamma function, by its series or its continued fraction."""
    scale = math.exp(shape * math.log(x) - x - math.lgamma(shape))
    if x < shape + 1:
        term = total = 1 / shape
        for step in range(1, STEPS):
            term *= x / (shape + step)
            total += term
            if term < total * 1e-14:
                break
        return min(1.0, total * scale)
    return max(0.0, 1 - scale * _fraction(shape, x))


def _fraction(shape: float, x: float) -> float:
    """Lentz's way through the continued fraction of the upper function."""
    tiny = 1e-300
    b = x + 1 - shape
    c, d = 1 / tiny, 1 / b
    value = d
    for step in range(1, STEPS):
        a = -step * (step - shape)
        b += 2
        d = 1 / (a * d + b or tiny)
        c = b + a / c or tiny
        value *= c * d
        if abs(c * d - 1) < 1e-14:
            break
    return value
