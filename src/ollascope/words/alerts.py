"""What passes between whoever judges and whoever alarms: kinds of alert, conditions, alerts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

Severity = Literal["info", "warning", "critical"]
Standing = Literal["pending", "firing", "resolved"]


class AlertKind(StrEnum):
    """Every kind of alert there is; the word is what rules, histories, notices and metrics show."""

    THRESHOLD = "threshold"  # a figure beyond a bound that a rule sets
    ABSENCE = "absence"  # nothing was recorded where something should have been
    BURN_RATE = "burn-rate"  # an objective's error budget goes too fast
    LATENCY_ANOMALY = "latency-anomaly"  # the time to first token beyond what prompt, queue and load explain
    GAP_ANOMALY = "gap-anomaly"  # the pauses between tokens
    RATE_ANOMALY = "rate-anomaly"  # tokens per second
    ERROR_ANOMALY = "error-anomaly"  # more failures than by chance
    MACHINE_ANOMALY = "machine-anomaly"  # CPU, memory, GPU, temperature
    ANSWER_CHANGED = "answer-changed"  # a known answer is another: the model or its quantisation changed
    PROBE_FAILED = "probe-failed"  # a known question is not answered
    BACKEND_DOWN = "backend-down"  # the model server does not answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What a judge says of one thing at one moment; the same name and labels are the same thing."""

    name: str
    kind: AlertKind
    active: bool | None  # None: it cannot be told, as nothing was measured
    severity: Severity = "warning"
    labels: Mapping[str, str] = field(default_factory=dict)  # model, backend, signal, slo…
    reason: str = ""  # in words, with the figures
    hint: str = ""  # what a person can do
    value: float | None = None
    bound: float | None = None
    for_s: float = 0.0  # how long it must hold before it fires


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A condition that holds, or held, as alarms show and remember it."""

    id: str
    name: str
    kind: AlertKind
    severity: Severity
    standing: Standing
    since: float
    labels: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    hint: str = ""
    value: float | None = None
    bound: float | None = None
    fired_at: float | None = None
    resolved_at: float | None = None
    silenced: bool = False
