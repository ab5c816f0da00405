"""How many requests were on their way at a time, exactly, from when each was sent and ended."""

import math
from collections.abc import Sequence

from ollascope.bench.measuring.frames import Frame
from ollascope.bench.measuring.lot import Lot

APART_S = 5e-6  # an end so little after the next sending came before it: both are rounded

Way = tuple[float, float]  # from when to when


def ways(lot: Lot, frame: Frame | None = None) -> list[Way]:
    """Every request that was on its way, or of those of a frame; one whose end is not known never ended."""
    found = []
    for row in lot.rows:
        since, until = lot.sheet.at[row], lot.end(row)
        until = math.inf if until is None else until
        if frame is None or (since <= frame.until_s and until >= frame.since_s):
            found.append((since, until))
    return found


def peak(found: Sequence[Way]) -> int:
    """The most at one time."""
    starts = sorted(since for since, _ in found)
    ends = sorted(until - APART_S for _, until in found)
    most = ended = 0
    for begun, since in enumerate(starts, 1):
        while ends[ended] <= since:
            ended += 1
        most = max(most, begun - ended)
    return most


def mean(found: Sequence[Way], frame: Frame) -> float | None:
    """On average over a frame."""
    if frame.seconds <= 0:
        return None
    spent = (min(until, frame.until_s) - max(since, frame.since_s) for since, until in found)
    return math.fsum(max(0.0, seconds) for seconds in spent) / frame.seconds
