"""How one metric spreads over many Calls: exact or as a sketch that merges, and both as a Figure with intervals."""

from array import array
from collections.abc import Callable, Mapping, Sequence
from operator import mul

from ollascope.stats.intervals import mean_interval
from ollascope.stats.percentiles import Interval, interval_ranks, is_known, rank
from ollascope.stats.sketch import Sketch, bucket_value
from ollascope.words.summary import Figure

SHARES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p999": 0.999}
EXACT_UP_TO = 100_000  # values; above, sorting costs more than the last per cent is worth

At = Callable[[Sequence[int]], list[float]]  # the values at some places, from 1, among all of them sorted


class Spread:
    """Count, sum, sum of squares, least, most and a sketch; two of them merge into what one of all would be."""

    __slots__ = ("count", "least", "most", "sketch", "squares", "total")

    def __init__(self) -> None:
        self.count = 0
        self.total = 0.0
        self.squares = 0.0
        self.least = float("inf")
        self.most = float("-inf")
        self.sketch = Sketch()

    def add_all(self, values: Sequence[float]) -> None:
        """Take some values in."""
        if values:
            self.add_sums(len(values), sum(values), sum(map(mul, values, values)), (min(values), max(values)))
            self.sketch.add_all(values)

    def add_sums(self, count: int, total: float, squares: float, ends: Interval) -> None:
        """Take in the sums of some values that the sketch is told of separately."""
        self.count += count
        self.total += total
        self.squares += squares
        self.least = min(self.least, ends[0])
        self.most = max(self.most, ends[1])

    def add_pairs(self, pairs: Mapping[int, int]) -> None:
        """Take in values of which only the (bucket, count) pairs are known; all figures are within 1 % then."""
        if pairs:
            known = [(bucket_value(number), count) for number, count in pairs.items()]
            total = sum(value * count for value, count in known)
            squares = sum(value * value * count for value, count in known)
            values = [value for value, _ in known]
            self.add_sums(sum(pairs.values()), total, squares, (min(values), max(values)))
            self.sketch.add_counts(pairs.keys(), pairs.values())

    def merge(self, other: "Spread") -> None:
        """Take in all that another one took in."""
        self.add_sums(other.count, other.total, other.squares, (other.least, other.most))
        self.sketch.merge(other.sketch)

    def figure(self) -> Figure:
        """What it adds up to; percentiles are within 1 %."""

        def at(ranks: Sequence[int]) -> list[float]:
            return [min(max(value, self.least), self.most) for value in self.sketch.at_ranks(ranks)]

        return _figure(self, at)


class Values:
    """Values one by one: kept as they are while few, folded into a Spread when they become many."""

    __slots__ = ("_kept", "_spread", "add")

    def __init__(self) -> None:
        self._spread = Spread()
        self._kept = array("d")
        self.add = self._kept.append  # the way of a single value is walked a million times

    def fold(self) -> None:
        """Keep memory bounded; to be called now and then."""
        if len(self._kept) > EXACT_UP_TO:
            self._spread.add_all(self._kept)
            del self._kept[:]

    def figure(self) -> Figure:
        """What they add up to; percentiles are exact up to 100,000 values, and within 1 % above."""
        if self._spread.count == 0:
            return figure_of(self._kept)
        whole = Spread()
        whole.merge(self._spread)
        whole.add_all(self._kept)
        return whole.figure()


def figure_of(values: Sequence[float]) -> Figure:
    """What some values add up to, with exact percentiles."""
    sums, ordered = Spread(), sorted(values)
    if ordered:
        squares = sum(map(mul, ordered, ordered))
        sums.add_sums(len(ordered), sum(ordered), squares, (ordered[0], ordered[-1]))
    return _figure(sums, lambda ranks: [ordered[place - 1] for place in ranks])


def _figure(sums: Spread, at: At) -> Figure:
    """A percentile of too few values is not told, nor an interval; intervals hold for independent Calls."""
    count = sums.count
    if count == 0:
        return Figure(n=0)
    known = {name: share for name, share in SHARES.items() if is_known(count, share)}
    bounded = {name: ends for name, share in known.items() if (ends := interval_ranks(count, share))}
    places = [rank(count, share) for share in known.values()]
    found = at([*places, *(place for ends in bounded.values() for place in ends)])  # sorted once for all
    values, bounds = found[: len(places)], found[len(places) :]
    intervals = dict(zip(bounded, zip(bounds[::2], bounds[1::2], strict=True), strict=True))
    if of_mean := mean_interval(count, sums.total, sums.squares):
        intervals["mean"] = of_mean
    told = dict(zip(known, values, strict=True))
    return Figure(
        n=count,
        mean=sums.total / count,
        p50=told.get("p50"),
        p90=told.get("p90"),
        p95=told.get("p95"),
        p99=told.get("p99"),
        p999=told.get("p999"),
        max=sums.most,
        ci95=intervals,
    )
