"""The gaps of a run one by one, as its workers kept them."""

from array import array
from collections.abc import Sequence
from heapq import merge

from ollascope.bench.measuring.reading.gathered import Gathered


def exact_gaps(gathered: Gathered) -> Sequence[float] | None:
    """Every gap of the answers that count, about in the order of time, or None where they are not all there: then the
    sketches of the Calls tell.

    Each worker's gaps stand in the order in which they were read; those of several are laced evenly into each other.
    """
    kept = sum(map(len, gathered.gaps.values()))
    if gathered.repeated or not kept or kept != sum(held.gaps.count for held in gathered.totals.values()):
        return None
    rows = [values for values in gathered.gaps.values() if values]
    return rows[0] if len(rows) == 1 else array("f", (gap for _, gap in merge(*map(_placed, rows))))


def _placed(values: Sequence[float]) -> list[tuple[float, float]]:
    return [((index + 0.5) / len(values), gap) for index, gap in enumerate(values)]
