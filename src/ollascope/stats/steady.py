"""MSER-5: where the warm-up of a series ends and its steady state begins."""

from collections.abc import Sequence
from statistics import fmean

BATCH = 5
FEWEST = 2 * BATCH


def mser5(values: Sequence[float]) -> int | None:
    """The index of the first value of the steady state, or None where the series never settles.

    Means of five values each; the start is cut where the standard error of what remains is smallest. A best cut in the
    second half means that the series is too short or drifts.
    """
    means = [fmean(values[start : start + BATCH]) for start in range(0, len(values) - BATCH + 1, BATCH)]
    if len(means) < FEWEST:
        return None
    centre = fmean(means)
    total = squares = 0.0
    best, cut = float("inf"), 0
    for index in range(len(means) - 1, -1, -1):  # what remains grows from the end
        away = means[index] - centre
        total += away
        squares += away * away
        left = len(means) - index
        error = max(0.0, squares - total * total / left) / (left * left)
        if left >= BATCH and error <= best:
            best, cut = error, index
    return cut * BATCH if cut <= len(means) // 2 else None
