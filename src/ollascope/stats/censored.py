"""Kaplan and Meier: values of which some are only known to be larger than what was seen when the watching ended."""

import math
from bisect import bisect_left
from collections.abc import Sequence

GOLDEN = (math.sqrt(5) - 1) / 2  # its multiples fill the span from 0 to 1 evenly, however many there are


def filled(values: Sequence[float], cut: Sequence[bool]) -> list[float]:
    """The values with each one that was cut replaced by one that was seen, as likely as others that had come so far;
    infinite where nothing larger was seen, because nobody knows."""
    order = sorted(range(len(values)), key=lambda place: (values[place], cut[place]))
    left, share = len(values), 1.0
    seen: list[float] = []
    passed: list[float] = []  # share of all that does not exceed the value seen
    share_of: dict[int, float] = {}
    for place in order:
        if cut[place]:
            share_of[place] = share
        else:
            share *= (left - 1) / left
            seen.append(values[place])
            passed.append(1 - share)
        left -= 1
    made = list(values)
    for number, place in enumerate(sorted(share_of), 1):
        wanted = 1 - share_of[place] * (number * GOLDEN % 1)
        at = bisect_left(passed, wanted)
        made[place] = seen[at] if at < len(seen) else math.inf
    return made
