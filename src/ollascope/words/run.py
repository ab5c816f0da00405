"""One experiment: the Run."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ollascope.words.record import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One load test, tuning, training or evaluation: what was asked, on what, and what came of it."""

    id: str
    kind: str
    started_at: float
    ended_at: float | None = None
    verdict: str | None = None
    reasons: tuple[str, ...] = ()
    settings: Mapping[str, Json] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    machine: Mapping[str, Json] = field(default_factory=dict)
    note: str | None = None
    extra: Mapping[str, Json] = field(default_factory=dict)
