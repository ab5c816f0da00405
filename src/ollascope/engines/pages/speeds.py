"""How fast a model was, hour by hour or day by day, from sums that are kept: no page reads single requests."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from ollascope.engines.ollama.mistakes import bare_name
from ollascope.words.outcomes import failures
from ollascope.words.summary import Figure, Summary

Span = Literal["day", "month"]
Ask = Callable[[float, float, str], Summary | None]  # since, until, a model

HOUR_S, DAY_S = 3600, 86_400
PIECES: Final[Mapping[Span, tuple[int, int]]] = {"day": (HOUR_S, 24), "month": (DAY_S, 30)}
RATE, TTFT = "decode_tokens_per_s", "ttft_s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One hour or day; None where nothing was measured."""

    at: float
    requests: int = 0
    failed: int = 0
    rate_p50: float | None = None
    ttft_p50: float | None = None
    ttft_p95: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Speeds:
    """The points of a span, the oldest first, and what all of it comes to."""

    span: Span
    points: tuple[Point, ...] = ()
    whole: Point | None = None
    trouble: str = ""  # why nothing can be told

    @property
    def is_empty(self) -> bool:
        return self.whole is None


def ends_of(span: Span, now: float) -> tuple[float, float]:
    """The whole hours or days that a span has."""
    step, pieces = PIECES[span]
    end = (now // step + 1) * step
    return end - step * pieces, end


def speeds_of(ask: Ask, names: Iterable[str], model: str, span: Span, now: float) -> Speeds:
    """What was measured of a model; where its requests name it in several ways, by the one that most of them use."""
    (since, end), (step, pieces) = ends_of(span, now), PIECES[span]
    called = [name for name in names if bare_name(name) == bare_name(model)]
    found = {name: whole for name in called if (whole := ask(since, end, name)) is not None}
    if not found:
        return Speeds(span=span)
    name = max(found, key=lambda one: found[one].requests)
    points = [_piece(ask, since + number * step, step, name) for number in range(pieces)]
    return Speeds(span=span, points=tuple(points), whole=point_of(since, found[name]))


def _piece(ask: Ask, at: float, step: int, name: str) -> Point:
    found = ask(at, at + step, name)
    return Point(at=at) if found is None else point_of(at, found)


def span_of(text: str) -> Span:
    """The span that an address names; a day where it names none."""
    return "month" if text == "month" else "day"


def point_of(at: float, summary: Summary) -> Point:
    """The figures of a Summary that a page shows."""
    none = Figure(n=0)
    rate, ttft = summary.metrics.get(RATE, none), summary.metrics.get(TTFT, none)
    return Point(
        at=at,
        requests=summary.requests,
        failed=failures(summary.outcomes),
        rate_p50=rate.p50,
        ttft_p50=ttft.p50,
        ttft_p95=ttft.p95,
    )
