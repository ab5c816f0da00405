"""The stages and due times of an open loop: requests start when they are due, whether or not answers are in."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from ollascope.bench.asked import Asked, Level
from ollascope.bench.schedule import Schedule, Stage
from ollascope.bench.shapes.gaps import draw_gaps
from ollascope.bench.shapes.naming import name_level
from ollascope.bench.shapes.pieces import Filling, Piece
from ollascope.bench.shapes.rules import MOST_SHOTS
from ollascope.bench.shapes.spans import Span
from ollascope.words.errors import BadUsage


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """One level as pieces: the warm-up at its first rate, what is measured, the cool-down at its last rate."""

    span: Span
    measured: Piece
    warm_up: Piece | None = None
    cool_down: Piece | None = None


def lay_rates(asked: Asked, spans: tuple[Span, ...], chance: Random) -> Schedule:
    """Stages and due times: one process runs through all levels; of a sweep each stage counts from its own start."""
    laid = [_lay(asked, span, first=n == 0, last=n == len(spans) - 1) for n, span in enumerate(spans)]
    _check_size(laid)
    gaps = draw_gaps(asked.load.arrival, asked.load.burstiness, chance)
    filling = Filling(gaps, even=asked.load.arrival == "constant")
    stages: list[Stage] = []
    starts_s = 0.0
    for number, level in enumerate(laid):
        stage = _fill(filling, level, number, starts_s)
        stages.append(replace(stage, starts_s=None) if asked.load.apart else stage)
        if not asked.load.apart:
            starts_s = stage.ends_s or 0.0
    return Schedule(stages=tuple(stages), open=True, due=filling.due)


def _lay(asked: Asked, span: Span, *, first: bool, last: bool) -> Laid:
    ends, apart = asked.ends, asked.load.apart
    measured = _measured(span)
    warm_up = cool_down = None
    if (first or apart) and (ends.warm_up_s or ends.warm_up_requests):
        seconds, shots = ends.warm_up_s or math.inf, ends.warm_up_requests or None
        warm_up = Piece(rate=measured.rate, until_rate=measured.rate, seconds=seconds, shots=shots)
    if (last or apart) and ends.cool_down_s:
        rate = measured.until_rate
        cool_down = Piece(rate=rate, until_rate=rate, seconds=ends.cool_down_s)
    return Laid(span=span, measured=measured, warm_up=warm_up, cool_down=cool_down)


def _measured(span: Span) -> Piece:
    rate, until = _ends_of(span.level)
    seconds = math.inf if span.seconds is None else span.seconds
    ramp_s = 0.0
    if rate != until:
        ramp_s = span.seconds if span.seconds is not None else 2 * (span.requests or 0) / (rate + until)
    return Piece(rate=rate, until_rate=until, ramp_s=ramp_s, seconds=seconds, shots=span.requests)


def _ends_of(level: Level) -> tuple[float, float]:
    rate = level.rate or 0.0
    return rate, rate if level.until_rate is None else level.until_rate


def _fill(filling: Filling, level: Laid, number: int, starts_s: float) -> Stage:
    first = len(filling.due)
    warm_s = filling.fill(level.warm_up, starts_s) if level.warm_up else 0.0
    ends_s = starts_s + warm_s + filling.fill(level.measured, starts_s + warm_s)
    if level.cool_down:
        filling.fill(level.cool_down, ends_s)
    by_number = level.warm_up is not None and level.warm_up.shots is not None
    return Stage(
        number=number,
        name=name_level(level.span.level),
        level=level.span.level,
        starts_s=starts_s,
        ends_s=ends_s,
        first=first,
        shots=len(filling.due) - first,
        warm_up_s=0.0 if by_number else warm_s,
        warm_up_shots=level.warm_up.shots or 0 if level.warm_up and by_number else 0,
        cool_down_s=level.cool_down.seconds if level.cool_down else 0.0,
    )


def _check_size(laid: Sequence[Laid]) -> None:
    count = sum(
        _expected(piece) for level in laid for piece in (level.warm_up, level.measured, level.cool_down) if piece
    )
    if count > MOST_SHOTS:
        raise BadUsage(
            f"this load is about {count:,.0f} requests, and a schedule holds at most {MOST_SHOTS:,}",
            hint="measure for a shorter time, at a lower rate, or with --concurrency, whose requests need no schedule",
        )


def _expected(piece: Piece) -> float:
    by_time = piece.passed(piece.seconds) if math.isfinite(piece.seconds) else math.inf
    return min(by_time, math.inf if piece.shots is None else piece.shots)
