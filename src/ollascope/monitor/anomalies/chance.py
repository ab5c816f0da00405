"""How likely so many of so many are by chance: the binomial test."""

import math


def tail(successes: int, count: int, share: float) -> float:
    """The probability of at least so many successes."""
    if successes <= 0:
        return 1.0
    if share <= 0:
        return 0.0
    if successes > count:
        return 0.0
    if share >= 1:
        return 1.0
    if successes <= count * share:
        return 1.0 - tail(count - successes + 1, count, 1 - share)
    mass = math.exp(_log_mass(successes, count, share))
    total, odds = mass, share / (1 - share)
    for k in range(successes, count):
        mass *= (count - k) / (k + 1) * odds
        total += mass
        if mass < total * 1e-9:
            break
    return min(1.0, total)


def _log_mass(k: int, count: int, share: float) -> float:
    choices = math.lgamma(count + 1) - math.lgamma(k + 1) - math.lgamma(count - k + 1)
    return choices + k * math.log(share) + (count - k) * math.log1p(-share)
