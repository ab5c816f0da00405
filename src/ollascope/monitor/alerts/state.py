"""What stands, and what is remembered of it across a restart."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

from ollascope.words.alerts import Alert, AlertKind, Condition, Severity, Standing
from ollascope.words.record import Json

RANK: dict[Severity, int] = {"info": 0, "warning": 1, "critical": 2}
OTHER = AlertKind.THRESHOLD


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An alert as it is kept: pending, firing, or resolved and not told yet."""

    id: str
    name: str
    kind: str
    severity: Severity
    standing: Standing
    since: float
    seen: float  # when it was last judged
    labels: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    hint: str = ""
    value: float | None = None
    bound: float | None = None
    fired_at: float | None = None
    resolved_at: float | None = None
    told_at: float | None = None  # when a notice last spoke of it
    told: str = ""  # as what: its standing and severity
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarms:
    """All that stands, and when notices went out in the last hour."""

    version: int = 1
    held: Mapping[str, Held] = field(default_factory=dict)
    sent: tuple[float, ...] = ()
    extra: Mapping[str, Json] = field(default_factory=dict)


def key_of(name: str, labels: Mapping[str, str]) -> str:
    """The same for the same thing: name and labels."""
    return "\n".join([name, *(f"{label}={labels[label]}" for label in sorted(labels))])


def begun(condition: Condition, now: float) -> Held:
    """What a condition is when it first holds."""
    key = key_of(condition.name, condition.labels)
    number = blake2b(f"{key}\n{now}".encode(), digest_size=6).hexdigest()
    return Held(
        id=number,
        name=condition.name,
        kind=str(condition.kind),
        severity=condition.severity,
        standing="pending",
        since=now,
        seen=now,
        labels=dict(condition.labels),
    )


def alert_of(held: Held, *, silenced: bool = False) -> Alert:
    """An alert as it is shown."""
    known = {str(kind): kind for kind in AlertKind}
    return Alert(
        id=held.id,
        name=held.name,
        kind=known.get(held.kind, OTHER),
        severity=held.severity,
        standing=held.standing,
        since=held.since,
        labels=held.labels,
        reason=held.reason,
        hint=held.hint,
        value=held.value,
        bound=held.bound,
        fired_at=held.fired_at,
        resolved_at=held.resolved_at,
        silenced=silenced,
    )
