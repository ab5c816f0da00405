"""Many values as counts in buckets side by side in one great number, so that thousands of them add up in no time."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Final

from ollascope.stats.percentiles import is_known, rank
from ollascope.stats.sketch import bucket, bucket_value, buckets

LOW: Final = bucket(1e-5)  # what is smaller counts in the first lane
HIGH: Final = bucket(1e6)
WIDTH: Final = HIGH - LOW + 1
BITS: Final = 32  # of a lane
BYTES: Final = BITS // 8


def lanes_of(values: Sequence[float]) -> int:
    """Some values, counted."""
    found = 0
    for number in buckets(values):
        found += 1 << BITS * (min(max(number, LOW), HIGH) - LOW)
    return found


def lanes_from(numbers: Sequence[int], counts: Sequence[int]) -> int:
    """What a sketch counted."""
    if not numbers:
        return 0
    if numbers[0] < LOW or numbers[-1] > HIGH or numbers[0] > numbers[-1]:
        return sum(count << BITS * (min(max(number, LOW), HIGH) - LOW)
                   for number, count in zip(numbers, counts, strict=True))  # fmt: skip
    first = numbers[0]
    row = array("I", bytes(BYTES * (numbers[-1] - first + 1)))
    for number, count in zip(numbers, counts, strict=True):
        row[number - first] = count
    return int.from_bytes(row.tobytes(), "little") << BITS * (first - LOW)


def counts_of(lanes: int) -> Sequence[int]:
    """How many values each lane holds, up to the last that holds any."""
    length = -(-lanes.bit_length() // BITS) * BYTES
    return memoryview(lanes.to_bytes(length, "little")).cast("I").tolist()


class Spread:
    """The percentiles of counted values, within 1 %."""

    __slots__ = ("_reached", "count")

    def __init__(self, lanes: int) -> None:
        self._reached = list(accumulate(counts_of(lanes)))
        self.count = self._reached[-1] if self._reached else 0

    def percentile(self, share: float) -> float | None:
        """The value that this share does not exceed; None where they are too few to tell."""
        if not is_known(self.count, share):
            return None
        return self.at(rank(self.count, share))

    def at(self, place: int) -> float:
        """The value at a place, from 1, among all of them sorted."""
        return lane_value(bisect_left(self._reached, place))

    def up_to(self, edges: Iterable[float]) -> list[int]:
        """How many values lie up to each edge."""
        found = []
        for edge in edges:
            lane = min(bucket(edge) - LOW, len(self._reached) - 1)
            found.append(self._reached[lane] if lane >= 0 and self._reached else 0)
        return found


def lane_value(lane: int) -> float:
    """The value that stands for all in a lane."""
    return bucket_value(lane + LOW)
