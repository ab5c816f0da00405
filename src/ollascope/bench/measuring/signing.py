"""What the verdict looks at beside the Result: signs that no figure of it tells."""

import math
from collections import Counter
from collections.abc import Sequence
from statistics import fmean

from ollascope.bench.measuring.arrival import Arriving, level_of
from ollascope.bench.measuring.lot import Lot
from ollascope.bench.measuring.reading.gathered import Gathered
from ollascope.bench.measuring.steadiness import Steadiness, growth
from ollascope.bench.verdict.signs import Growing, Settling, Shifting, Signs


def signs_of(
    gathered: Gathered, whole: Lot, lots: Sequence[Lot], steady: Steadiness, arrived: Arriving
) -> Signs:  # fmt: skip
    """The signs of a run."""
    about, asked = gathered.about, gathered.asked
    held = whole.totals
    early, late = _hertz(gathered)
    return Signs(
        flags=dict(sum((one.flags for one in held), Counter())),
        models=tuple(sorted({name for one in held for name in one.models})),
        answered_by=tuple(sorted({name for one in held for name in one.answered_by})),
        missing=_missing(gathered, whole),
        asked_rps=_asked_rate(gathered, lots),
        arrival_gaps=arrived.gaps,
        arrival_distance=arrived.distance,
        settling=_settling(steady),
        growing=_growing(lots, gathered),
        users=max((level.users for level in asked.load.levels if level.users is not None), default=None),
        tokens_in=_mean(whole, "tokens_in"),
        tokens_out=_mean(whole, "tokens_out"),
        tokens_told=bool(whole.values("tokens_out")),
        lost_calls=sum(len(status.lost_calls) for status in about.statuses),
        unreadable=gathered.torn + gathered.invalid,
        hertz_early=early,
        hertz_late=late,
        heat_celsius=max((heat for one in gathered.samples if (heat := one.cpu_temperature_celsius)), default=None),
        gpu_throttled=any(gpu.throttled for one in gathered.samples for gpu in one.gpus),
        cores=next((one.cpu_cores for one in gathered.samples if one.cpu_cores), None),
        resumed=about.resumed,
    )


def _missing(gathered: Gathered, whole: Lot) -> int:
    """Shots of an open loop that were due and left no Call."""
    due = [stretch.due for stretch in gathered.about.stretches if stretch.due is not None]
    if not whole.open or not due or gathered.about.cut_by != "asked" or gathered.about.resumed:
        return 0
    return max(0, sum(due) - sum(held.phases.total() for held in whole.totals))


def _asked_rate(gathered: Gathered, lots: Sequence[Lot]) -> float | None:
    """Of a load of one constant rate: what was asked; its schedule may bring more or fewer by chance."""
    level = level_of(gathered.asked, lots[0].stage or 0) if len(lots) == 1 else None
    return level.rate if level is not None and level.until_rate in {None, level.rate} else None


def _settling(steady: Steadiness) -> Settling | None:
    if not steady.judged:
        return None
    shift = steady.shift
    return Settling(
        since_s=steady.since_s,
        drift=steady.drift,
        what=steady.what,
        middle=steady.middle or 0.0,
        settled=steady.settled,
        shift=None if shift is None else Shifting(what=shift.what, at_s=shift.at_s, before=shift.before,
                                                  after=shift.after),
    )  # fmt: skip


def _growing(lots: Sequence[Lot], gathered: Gathered) -> Growing | None:
    """Of a load that goes up on purpose, the last part is bound to be too much: that is no sign."""
    for lot in lots:
        level = level_of(gathered.asked, lot.stage or 0)
        if level is not None and level.until_rate not in {None, level.rate}:
            continue
        found = growth(lot)
        if found is not None:
            return Growing(first_s=found.first_s, last_s=found.last_s, slope=found.slope)
    return None


def _mean(lot: Lot, name: str) -> float | None:
    values = lot.values(name)
    return math.fsum(values) / len(values) if values else None


def _hertz(gathered: Gathered) -> tuple[float | None, float | None]:
    """How fast the processor ran in the first quarter of the run and in the last."""
    held = [sample.cpu_hertz for sample in gathered.samples if sample.cpu_hertz]
    quarter = len(held) // 4
    return (fmean(held[:quarter]), fmean(held[-quarter:])) if quarter >= 2 else (None, None)
