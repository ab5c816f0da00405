"""Every metric of some Calls as a Tail: failures are endless, a percentile of too few values is not told."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ollascope.bench.measuring.lot import Lot
from ollascope.bench.measuring.series import Series, endless, series_of
from ollascope.bench.result import Tail
from ollascope.stats.correlated import spans
from ollascope.stats.enough import fewest
from ollascope.stats.percentiles import is_known, percentile, rank
from ollascope.stats.spread import SHARES, Spread
from ollascope.words.metrics import METRICS
from ollascope.words.summary import Figure

GAP: Final = "gap_s"


def tails_of(lot: Lot, gaps: Sequence[float] | None) -> dict[str, Tail]:
    """Every metric that was measured; `gaps` are all of them one by one, where they are known."""
    found = {metric.name: tail_of(lot, metric.name) for metric in METRICS if metric.many is None}
    found[GAP] = _of_gaps(lot, gaps)
    return {metric.name: found[metric.name] for metric in METRICS if found[metric.name].n or found[metric.name].failed}


def tail_of(lot: Lot, name: str) -> Tail:
    """One metric of the Calls of a lot, in the order of sending."""
    if lot.sheet.every > 1:
        return _of_spread(
            _merged([part.spreads[name] for part in lot.totals if name in part.spreads]), endless(lot, name)
        )
    return tail(series_of(lot, name))


def tail(series: Series) -> Tail:
    """A series in the order of time."""
    values = series.values
    if not values:
        return Tail(n=0)
    found = spans(values, SHARES)
    known = bisect_left(found.ordered, math.inf)
    some_day = known + series.unknown  # what is behind these places failed
    places = {name: rank(len(values), share) for name, share in SHARES.items() if is_known(len(values), share)}
    places["max"] = len(values)
    told = {name: found.ordered[place - 1] for name, place in places.items() if place <= known}
    unknown = [name for name, place in places.items() if known < place <= some_day]
    return Tail(
        n=known + series.unknown - series.given_up,
        failed=len(values) - some_day,
        mean=found.mean,
        p50=told.get("p50"),
        p90=told.get("p90"),
        p95=told.get("p95"),
        p99=told.get("p99"),
        p999=told.get("p999"),
        max=told.get("max"),
        endless=tuple(name for name, place in places.items() if place > some_day),
        ci95={name: span for name, span in found.intervals.items() if span[1] < math.inf and name in {"mean", *told}},
        more=found.more,
        extra=({"given_up": series.given_up} if series.given_up else {}) | ({"unknown": unknown} if unknown else {}),
    )


def cdf_of(values: Sequence[float]) -> tuple[float, ...]:
    """The values at 0, 0.5, 1 … 100 %; endless ones are left out."""
    ordered = sorted(values)
    points = (ordered[0], *(percentile(ordered, step / 200) for step in range(1, 201))) if ordered else ()
    return tuple(value for value in points if value < math.inf)


def _of_gaps(lot: Lot, gaps: Sequence[float] | None) -> Tail:
    """What is lacking is told in requests here, too, by how many gaps one has."""
    found = tail(Series(values=list(gaps))) if gaps is not None else _of_spread(_pairs(lot), failed=0)
    each = found.n / max(1, lot.outcomes.total())
    more = {name: math.ceil(count / each) for name, count in found.more.items()} if each else {}
    return replace(found, more=more)


def _finite(value: float | None) -> float | None:
    return None if value is None or value == math.inf else value


def _pairs(lot: Lot) -> Spread:
    spread = Spread()
    spread.add_pairs(dict(lot.gaps().pairs()))
    return spread


def _merged(held: Sequence[Spread]) -> Spread:
    whole = Spread()
    for spread in held:
        whole.merge(spread)
    return whole


def _of_spread(spread: Spread, failed: int) -> Tail:
    """From a sketch; its intervals would take the values as independent, and are left out."""
    count = spread.count + failed
    if not count:
        return Tail(n=0)
    figure = spread.figure() if spread.count else Figure(n=0)
    told = {name: _at(spread, share, count) for name, share in SHARES.items() if is_known(count, share)}
    told["max"] = math.inf if failed else figure.max or 0.0
    return Tail(
        n=spread.count,
        failed=failed,
        mean=figure.mean,
        p50=_finite(told.get("p50")),
        p90=_finite(told.get("p90")),
        p95=_finite(told.get("p95")),
        p99=_finite(told.get("p99")),
        p999=_finite(told.get("p999")),
        max=_finite(told["max"]),
        endless=tuple(name for name, value in told.items() if value == math.inf),
        exact=False,
        more={name: fewest(share) - count for name, share in SHARES.items() if count < fewest(share)},
    )


def _at(spread: Spread, share: float, count: int) -> float:
    """A percentile among the values of a sketch and as many endless ones as `count` has more."""
    place = min(count, max(1, math.ceil(share * count - 1e-9)))
    if place > spread.count:
        return math.inf
    return min(max(spread.sketch.at_ranks((place,))[0], spread.least), spread.most)
