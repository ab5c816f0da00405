"""The gaps between stamps, counted into the buckets of a sketch without a logarithm for each."""

from array import array
from bisect import bisect_right
from collections import Counter
from functools import partial
from itertools import islice, repeat
from operator import sub, truediv
from typing import Final

from ollascope.stats.sketch import bucket, bucket_value
from ollascope.words.call import Gaps

SECOND: Final = 1_000_000_000
LONGEST_NS: Final = 100_000 * SECOND


class Buckets:
    """The bucket of every gap in whole nanoseconds, the same that `stats/sketch.py` finds by its logarithm."""

    def __init__(self) -> None:
        top = bucket(LONGEST_NS / SECOND)
        self._edges = [_edge(number) for number in range(top)]
        self._find = partial(bisect_right, self._edges)

    def count(self, gaps_ns: "array[int]") -> "Counter[int]":
        """How many gaps fell into each bucket."""
        if gaps_ns and max(gaps_ns) < LONGEST_NS and min(gaps_ns) >= 0:
            return Counter(map(self._find, gaps_ns))
        return Counter(bucket(gap / SECOND) for gap in gaps_ns)


def gaps_of(stamps: "array[int]") -> "array[int]":
    """The gaps between stamps, in nanoseconds."""
    return array("q", map(sub, islice(stamps, 1, None), stamps))


def seconds_of(gaps_ns: "array[int]") -> "array[float]":
    """The same in seconds, as the file of gaps has them."""
    return array("f", map(truediv, gaps_ns, repeat(SECOND)))


def pairs_of(counts: "Counter[int]") -> Gaps:
    """Counts as a Call keeps them."""
    return tuple(sorted(counts.items()))


def _edge(number: int) -> int:
    """The fewest nanoseconds that lie above a bucket."""
    edge = max(1, int(bucket_value(number) * 1.01 * SECOND))
    while bucket(edge / SECOND) > number:
        edge -= 1
    while bucket(edge / SECOND) <= number:
        edge += 1
    return edge
