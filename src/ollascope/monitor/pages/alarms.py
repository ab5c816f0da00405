"""Alerts, silences and history for a page: what stands, why, and which words would silence it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from glob import escape
from pathlib import Path

from ollascope.monitor.alerts.commands import FRESH_S, list_alerts, list_history, list_silences
from ollascope.monitor.alerts.keeping import Keeping
from ollascope.monitor.alerts.silences import Silence, read_match
from ollascope.reports.say import digits
from ollascope.words.alerts import Alert, Severity
from ollascope.words.errors import BadUsage, StorageTrouble
from ollascope.words.record import Json

TONES: Mapping[Severity, str] = {"critical": "problem", "warning": "warning", "info": "plain"}
MOST_LINES, LONGEST_LINE = 20, 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One alert as a page shows it."""

    alert: Alert
    tone: str
    labels: Sequence[tuple[str, str]]
    match: str  # the words that silence it, a line each
    value: str | None
    bound: str | None
    lasted_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What stands, and whether anybody judges."""

    rows: Sequence[Row] = ()
    judged_at: float | None = None
    fresh: bool = False
    trouble: str = ""


def scene_of(folder: Path, now: float) -> Scene:
    """What stands at this moment, the loudest first."""
    try:
        rows = [row_of(each) for each in list_alerts(folder, now)]
        at = Keeping(folder).judged_at()
    except StorageTrouble as error:
        return Scene(trouble=error.message)
    return Scene(rows=rows, judged_at=at, fresh=at is not None and now - at <= FRESH_S)


def history_of(folder: Path, count: int) -> list[Row]:
    """What fired and was resolved, the newest first."""
    return [row_of(each) for each in list_history(folder, count)]


def row_of(alert: Alert) -> Row:
    """One alert with the words around it."""
    begun = alert.fired_at or alert.since
    return Row(
        alert=alert,
        tone=TONES[alert.severity],
        labels=sorted(alert.labels.items()),
        match="\n".join([f"name={escape(alert.name)}", *(f"{key}={escape(text)}" for key, text in
                                                        sorted(alert.labels.items()))]),
        value=None if alert.value is None else digits(alert.value),
        bound=None if alert.bound is None else digits(alert.bound),
        lasted_s=None if alert.resolved_at is None else max(0.0, alert.resolved_at - begun),
    )  # fmt: skip


def match_of(text: str) -> dict[str, str]:
    """The labels that lines of a form name, one a line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > MOST_LINES or any(len(line) > LONGEST_LINE for line in lines):
        raise BadUsage("that is too much for one silence", hint=f"at most {MOST_LINES} labels, a line each")
    return read_match(lines)


def silences_of(folder: Path, now: float) -> tuple[Silence, ...]:
    """The silences that hold, the first to end first."""
    return tuple(sorted(list_silences(folder, now), key=lambda each: each.until))


def silence_facts(silence: Silence) -> dict[str, Json]:
    """A silence as a program reads it."""
    return {"id": silence.id, "since": silence.since, "until": silence.until, "match": dict(silence.match),
            "why": silence.why}  # fmt: skip


def alert_facts(alert: Alert) -> dict[str, Json]:
    """An alert as a program reads it."""
    return asdict(alert)
