"""Quantile sketches: counts in buckets that grow by 2 %, so any quantile is within 1 % and merging is exact."""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate

from ollascope.stats.percentiles import rank
from ollascope.words.call import Gaps

GROWTH = 1.02  # each bucket ends 2 % above where it starts; its middle is then within 0.99 % of all it holds
LEAST = 1e-9  # what is not farther from 0 counts as 0
MOST = 1e12  # what is farther from 0 counts as this

_SCALE = 1 / math.log(GROWTH)
_SHIFT = -math.log(LEAST) * _SCALE
TOP = int(math.log(MOST) * _SCALE + _SHIFT) + 1


class Sketch:
    """How many values fell into each bucket. Bucket 0 holds zero, bucket -n what bucket n holds, negative."""

    __slots__ = ("_counts",)

    def __init__(self, counts: Mapping[int, int] | None = None) -> None:
        self._counts: Counter[int] = Counter(counts or {})

    @classmethod
    def of(cls, values: Sequence[float]) -> "Sketch":
        """The sketch of some values."""
        made = cls()
        made.add_all(values)
        return made

    @classmethod
    def from_pairs(cls, pairs: Iterable[tuple[int, int]]) -> "Sketch":
        """The sketch that `pairs` told of."""
        made = cls()
        for number, count in pairs:
            made._counts[number] += count
        return made

    @property
    def count(self) -> int:
        """How many values it holds."""
        return self._counts.total()

    def pairs(self) -> Gaps:
        """Every bucket that holds something, with its count, in order: what a Call keeps of its gaps."""
        return tuple(sorted(self._counts.items()))

    def add(self, value: float) -> None:
        """Count one value; many at once cost less with `add_all`."""
        self._counts[bucket(value)] += 1

    def add_all(self, values: Sequence[float]) -> None:
        """Count some values."""
        self._counts.update(buckets(values))

    def add_counts(self, numbers: Iterable[int], counts: Iterable[int]) -> None:
        """Count what another sketch counted, told as two rows."""
        mine = self._counts
        for number, count in zip(numbers, counts, strict=True):
            mine[number] += count

    def merge(self, other: "Sketch") -> None:
        """Count all that another sketch counted."""
        self._counts.update(other._counts)

    def quantile(self, share: float) -> float | None:
        """The value, within 1 %, that this share of the values does not exceed; None of an empty sketch."""
        count = self.count
        return self.at_ranks((rank(count, share),))[0] if count else None

    def at_ranks(self, ranks: Sequence[int]) -> list[float]:
        """The values, within 1 %, at some places, from 1, among all the values sorted."""
        numbers = sorted(self._counts)
        reached = list(accumulate(self._counts[number] for number in numbers))
        return [bucket_value(numbers[bisect_left(reached, place)]) for place in ranks]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sketch) and self._counts == other._counts

    __hash__ = None  # type: ignore[assignment]  # it grows

    def __repr__(self) -> str:
        return f"Sketch({self.count} values in {len(self._counts)} buckets)"


def sketch_pairs(values: Sequence[float]) -> Gaps:
    """Values as (bucket, count) pairs: the `gaps` of a Call."""
    return tuple(sorted(Counter(buckets(values)).items()))


def buckets(values: Sequence[float]) -> list[int]:
    """The bucket of each value; where all are positive and ordinary, as gaps are, the quick way."""
    if not values:
        return []
    if min(values) > LEAST and max(values) < MOST:
        log, scale, shift = math.log, _SCALE, _SHIFT
        return [int(log(value) * scale + shift) + 1 for value in values]
    return [bucket(value) for value in values]


def bucket(value: float) -> int:
    """The number of the bucket that a value falls into."""
    size = abs(value)
    if size <= LEAST:
        return 0
    number = TOP if size >= MOST else int(math.log(size) * _SCALE + _SHIFT) + 1
    return number if value > 0 else -number


def bucket_value(number: int) -> float:
    """The value that stands for all in a bucket."""
    if number == 0:
        return 0.0
    size = LEAST * GROWTH ** abs(number) * 2 / (1 + GROWTH)
    return math.copysign(size, number)
