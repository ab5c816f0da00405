"""A Result from the files of a run: every figure by its one definition, and the verdict."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isnan
from typing import Final

from ollascope.bench.about import Stretch
from ollascope.bench.asked import Asked
from ollascope.bench.measuring import machine
from ollascope.bench.measuring.arrival import Arriving, arriving, due_rate, late_p99, level_of
from ollascope.bench.measuring.client import client_of
from ollascope.bench.measuring.frames import Frame, amount, around, frame_of, sent_rate, shares, throughput_of
from ollascope.bench.measuring.goals import goodput_of
from ollascope.bench.measuring.inflight import mean, peak, ways
from ollascope.bench.measuring.lot import Lot
from ollascope.bench.measuring.reading.gaps import exact_gaps
from ollascope.bench.measuring.reading.gathered import Gathered
from ollascope.bench.measuring.reading.gathering import with_lost
from ollascope.bench.measuring.reading.sheet import COOL_DOWN, WARM_UP
from ollascope.bench.measuring.series import series_of
from ollascope.bench.measuring.signing import signs_of
from ollascope.bench.measuring.slices import slices_of
from ollascope.bench.measuring.steadiness import Steadiness, steadiness
from ollascope.bench.measuring.tails import cdf_of, tails_of
from ollascope.bench.result import Cache, Delivered, Part, Result, Server, Window
from ollascope.bench.verdict import judge
from ollascope.ledger.select import is_demo
from ollascope.words.errors import Cancelled
from ollascope.words.outcomes import OK

CDF: Final = ("ttft_s", "ttft_due_s", "answer_s", "total_s", "total_due_s", "tpot_s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage of a run with its Calls and its frame."""

    number: int
    stretch: Stretch | None
    lot: Lot
    frame: Frame


def reckon(gathered: Gathered) -> Result:
    """The Result of a run, also of one that was not finished."""
    gathered = _anchored(with_lost(gathered))
    asked, about = gathered.asked, gathered.about
    whole, stages = Lot(gathered), _stages(gathered)
    frame = around([stage.frame for stage in stages]) if stages else _nothing(whole)
    gaps = exact_gaps(gathered)
    arrived = arriving([(stage.lot, stage.stretch) for stage in stages], asked)
    steady = steadiness(whole, frame) if len(stages) == 1 and not _ramps(asked, stages[0]) else Steadiness()
    samples = machine.timed(gathered.samples, about)
    metrics = tails_of(whole, gaps)
    cdf: dict[str, tuple[float, ...]] = {name: cdf_of(series_of(whole, name).values) for name in CDF if name in metrics}
    if gaps:
        cdf["gap_s"] = cdf_of(gaps)
    result = Result(
        run=about.run,
        asked=asked,
        started_at=about.started_at,
        ended_at=about.ended_at if about.ended_at is not None else about.started_at + about.until_s,
        verdict="VALID",
        delivered=_delivered(gathered, whole, frame, arrived),
        window=_window(frame, steady, about.cut_by),
        metrics=metrics,
        throughput=throughput_of(whole, whole, frame),
        goodput=goodput_of(whole, asked.goals, frame),
        cache=_cache(whole),
        client=client_of(about, _all_tokens(whole)),
        server=_server(gathered, whole),
        use=machine.use_of(samples, about, frame, _tokens_in(whole, frame)),
        parts=tuple(_part(gathered, whole, stage) for stage in stages) if len(stages) > 1 else (),
        slices=slices_of(whole, about.until_s),
        cdf={name: values for name, values in cdf.items() if values},
        readings=machine.readings_of(samples, about),
        prompts=about.prompts,
        notes=about.notes,
        versions=about.versions,
        machine=about.machine,
        partial=about.partial,
        demo=_is_demo(gathered, whole),
    )
    verdict, reasons = judge(result, signs_of(gathered, whole, [stage.lot for stage in stages], steady, arrived))
    return replace(result, verdict=verdict, reasons=reasons)


def _anchored(gathered: Gathered) -> Gathered:
    """Of a run that was killed, About may be older than its last Calls."""
    ends = [end for end in gathered.sheet.end if not isnan(end)]
    until = max(gathered.about.until_s, max(ends, default=0.0)) if gathered.about.partial else gathered.about.until_s
    return replace(gathered, about=replace(gathered.about, until_s=until))


def _stages(gathered: Gathered) -> list[Stage]:
    """The stages in which some Call counts."""
    numbers = sorted({*gathered.sheet.stage})
    stretches = _stretches(gathered.about.stretches)
    found = []
    for number in numbers:
        lot, stretch = Lot(gathered, number), stretches.get(number)
        if lot.counted:
            follows = number < max(numbers) and not gathered.asked.load.apart
            timed = gathered.about.cut_by == "asked" and _is_timed(gathered.asked, number)
            frame = frame_of(lot, stretch, timed=timed, follows=follows)
            found.append(Stage(number=number, stretch=stretch, lot=lot, frame=frame))
    return found


def _stretches(held: Sequence[Stretch]) -> dict[int, Stretch]:
    """By stage; one that a resumed run went on with is one stretch."""
    found: dict[int, Stretch] = {}
    for stretch in held:
        before = found.get(stretch.number)
        if before is not None:
            stretch = replace(  # noqa: PLW2901 - the two are one
                stretch,
                since_s=min(before.since_s, stretch.since_s),
                counts_s=min(before.counts_s, stretch.counts_s),
                until_s=max(before.until_s, stretch.until_s),
            )
        found[stretch.number] = stretch
    return found


def _is_timed(asked: Asked, stage: int) -> bool:
    """Whether a clock ends the stage and not a number of requests."""
    if asked.load.arrival != "closed":
        return True
    level = level_of(asked, stage)
    by_number = asked.ends.requests is not None or (level is not None and level.requests is not None)
    by_time = asked.ends.seconds is not None or (level is not None and level.seconds is not None)
    return by_time and not by_number


def _ramps(asked: Asked, stage: Stage) -> bool:
    level = level_of(asked, stage.number)
    return level is not None and level.until_rate not in {None, level.rate}


def _nothing(whole: Lot) -> Frame:
    """No Call counts: all of the run, such as it was."""
    ends = [end for row in whole.rows if (end := whole.end(row)) is not None]
    until = max(ends, default=0.0)
    return Frame(since_s=0.0, until_s=until, answers_since_s=0.0, answers_until_s=until)


def _delivered(gathered: Gathered, lot: Lot, frame: Frame, arrived: Arriving, *, within: bool = False) -> Delivered:
    sent, asked = ways(lot, frame if within else None), gathered.asked
    phases = [held.phases for held in lot.totals]
    workers = max((status.worker + 1 for status in gathered.about.statuses), default=1)
    asked_rate = due_rate(lot)
    return Delivered(
        requests=lot.outcomes.total(),
        ok=lot.outcomes[OK],
        failed=lot.failed,
        peak_inflight=peak(sent) * lot.sheet.every,
        rate_rps=sent_rate(lot, frame),
        outcomes=dict(lot.outcomes.most_common()),
        cancelled=lot.outcomes[Cancelled.code],
        warm_up=sum(held[WARM_UP] for held in phases),
        cool_down=sum(held[COOL_DOWN] for held in phases),
        retries=lot.added("retries") or 0,
        mean_inflight=_scaled(mean(sent, frame), lot.sheet.every),
        late_p99_s=late_p99(lot, asked.load.most_at_once, workers),
        arrival_cv=arrived.cv,
        arrival_p=arrived.p,
        extra={} if asked_rate is None else {"due_rps": asked_rate},
    )


def _scaled(value: float | None, every: int) -> float | None:
    return None if value is None else value * every


def _window(frame: Frame, steady: Steadiness, cut_by: str) -> Window:
    shifted = frame.answers_since_s != frame.since_s
    return Window(
        since_s=frame.since_s,
        until_s=frame.until_s,
        steady_since_s=steady.since_s,
        cut_by=cut_by,
        extra={
            "steady": "not-judged" if not steady.judged else "not-reached" if steady.since_s is None else "reached",
            **({"answers_since_s": frame.answers_since_s, "answers_until_s": frame.answers_until_s} if shifted else {}),
        },
    )


def _part(gathered: Gathered, whole: Lot, stage: Stage) -> Part:
    asked, lot, frame = gathered.asked, stage.lot, stage.frame
    level = level_of(asked, stage.number)
    steady = Steadiness() if _ramps(asked, stage) else steadiness(lot, frame)
    return Part(
        name=stage.stretch.name if stage.stretch else str(stage.number + 1),
        users=level.users if level else None,
        rate=level.rate if level else None,
        window=_window(frame, steady, gathered.about.cut_by),
        delivered=_delivered(gathered, lot, frame, arriving([(lot, stage.stretch)], asked), within=True),
        metrics=tails_of(lot, None),
        throughput=throughput_of(whole, lot, frame),
        goodput=goodput_of(lot, asked.goals, frame),
    )


def _cache(lot: Lot) -> Cache:
    return Cache(prompt_tokens=lot.added("tokens_in"), cached_tokens=lot.added("tokens_cached"))


def _server(gathered: Gathered, lot: Lot) -> Server:
    server = gathered.about.server
    return server if server.loads is not None else replace(server, loads=_loads(lot))


def _loads(lot: Lot) -> int | None:
    """Requests for which the model was loaded, where the server tells how long loading took."""
    values = lot.values("load_s")
    return sum(value >= LOADED_S for value in values) * lot.sheet.every if values else None


LOADED_S: Final = 0.5  # servers count some milliseconds also where nothing was loaded


def _all_tokens(lot: Lot) -> int | None:
    """Of every request, warm-up and failures, too: the client read them all."""
    values = lot.values("tokens_out", lot.rows)
    return round(sum(values)) * lot.sheet.every if values else None


def _tokens_in(lot: Lot, frame: Frame) -> int | None:
    whole = amount(lot, "tokens_out", shares(lot, frame))
    return None if whole is None else round(whole)


def _is_demo(gathered: Gathered, lot: Lot) -> bool:
    target, server = gathered.asked.target, gathered.about.server
    models = {name for held in lot.totals for name in held.models} | {target.model, server.model}
    return any(is_demo(model, engine) for model in models for engine in (target.engine, server.engine))
