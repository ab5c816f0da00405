"""What a set of Calls adds up to: the Summary."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ollascope.words.record import Json

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One metric over a set of Calls; `ci95` holds a 95 % interval for each statistic with enough Calls."""

    n: int
    mean: float | None = None
    p50: float | None = None
    p90: float | None = None
    p95: float | None = None
    p99: float | None = None
    p999: float | None = None
    max: float | None = None
    ci95: Mapping[str, Interval] = field(default_factory=dict)
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a set of Calls adds up to, with confidence intervals."""

    since: float
    until: float
    requests: int
    outcomes: Mapping[str, int] = field(default_factory=dict)
    metrics: Mapping[str, Figure] = field(default_factory=dict)
    tokens_in: int | None = None
    tokens_cached: int | None = None
    tokens_out: int | None = None
    extra: Mapping[str, Json] = field(default_factory=dict)
