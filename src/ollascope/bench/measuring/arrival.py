"""Requests as they were sent, beside the arrival process that was asked for."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isnan
from statistics import fmean, pstdev

from ollascope.bench.about import Stretch
from ollascope.bench.asked import Asked, Level, Load
from ollascope.bench.measuring.lot import Lot
from ollascope.bench.measuring.reading.sheet import COUNTS
from ollascope.stats import fit
from ollascope.stats.percentiles import percentile

FEWEST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Arriving:
    """How well the requests as sent keep to the process."""

    gaps: int = 0
    cv: float | None = None  # standard deviation of the gaps over their mean, the asked rate taken as one
    p: float | None = None
    distance: float | None = None  # by Kolmogorov and Smirnov


def arriving(lots: Sequence[tuple[Lot, Stretch | None]], asked: Asked) -> Arriving:
    """The gaps between requests, each measured by the rate that was asked for at its time: their mean is one then."""
    if asked.load.arrival == "closed":
        return Arriving()
    gaps = [gap for lot, stretch in lots for gap in _gaps(lot, stretch, asked.load)]
    if len(gaps) < FEWEST:
        return Arriving(gaps=len(gaps))
    middle = fmean(gaps)
    cv = pstdev(gaps, middle) / middle if middle > 0 else None
    expected = _expected(asked.load)
    if expected is None:
        return Arriving(gaps=len(gaps), cv=cv)
    away = fit.distance(sorted(gaps), expected)
    return Arriving(gaps=len(gaps), cv=cv, distance=away, p=fit.chance(away, len(gaps)))


def late_p99(lot: Lot, most_at_once: int | None, workers: int) -> float | None:
    """How late requests were sent where nothing but our side kept them; waiting for a free place is no lateness."""
    column = lot.sheet.figures("due_s")
    if not lot.open or not column:
        return None
    rows = lot.counted if most_at_once is None else _unhindered(lot, most_at_once, workers)
    late = sorted(0.0 - column[row] for row in rows if not isnan(column[row]))
    return percentile(late, 0.99) if late else None


def due_rate(lot: Lot) -> float | None:
    """Requests due a second, by the time between the first and the last."""
    instants = [lot.due(row) for row in lot.counted]
    if not lot.open or len(instants) < 2:
        return None
    span = max(instants) - min(instants)
    return (len(instants) - 1) * lot.sheet.every / span if span > 0 else None


def level_of(asked: Asked, stage: int) -> Level | None:
    """What was asked of a stage."""
    levels = asked.load.levels
    return levels[stage] if stage < len(levels) else None


def _gaps(lot: Lot, stretch: Stretch | None, load: Load) -> list[float]:
    instants = [lot.sheet.at[row] for row in lot.counted]
    clock = _clock(lot, stretch, load)
    return [after - before for before, after in pairwise(map(clock, instants))]


def _clock(lot: Lot, stretch: Stretch | None, load: Load) -> Callable[[float], float]:
    """An instant as the number of requests that the asked rate brings until then."""
    level = load.levels[lot.stage or 0] if (lot.stage or 0) < len(load.levels) else None
    if level is None or level.rate is None:
        return lambda at: at
    rate, until = level.rate, level.rate if level.until_rate is None else level.until_rate
    seconds = _ramp_seconds(level, rate, until)
    since = 0.0 if stretch is None else stretch.counts_s
    if until == rate or not seconds:
        return lambda at: (at - since) * rate

    def passed(at: float) -> float:
        gone = at - since
        within = min(max(gone, 0.0), seconds)
        area = rate * within + (until - rate) * within * within / (2 * seconds)
        return area + min(gone, 0.0) * rate + max(gone - seconds, 0.0) * until

    return passed


def _ramp_seconds(level: Level, rate: float, until: float) -> float | None:
    if level.seconds is not None:
        return level.seconds
    return 2 * level.requests / (rate + until) if level.requests is not None and rate + until > 0 else None


def _expected(load: Load) -> Callable[[float], float] | None:
    if load.arrival == "poisson" or (load.arrival == "gamma" and load.burstiness == 1):
        return fit.exponential
    return fit.gamma(1 / load.burstiness) if load.arrival == "gamma" and load.burstiness > 0 else None


def _unhindered(lot: Lot, most: int, workers: int) -> list[int]:
    """The requests at whose due time their worker's part of the limit was not yet waiting or on its way."""
    free = []
    for worker in range(workers):
        rows = sorted((row for row in lot.rows if lot.sheet.owner[row] % workers == worker), key=lot.due)
        limit = max(1, (most - worker + workers - 1) // workers)
        ends = sorted(end for row in rows if (end := lot.end(row)) is not None)
        for earlier, row in enumerate(rows):
            if earlier - bisect_right(ends, lot.due(row)) < limit and lot.sheet.phase[row] == COUNTS:
                free.append(row)
    return free
