"""What happened in a stretch of time, to be marked on its charts: loads of models, restarts, alerts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from ollascope.monitor.history.drawn import Drawn
from ollascope.reports.say import seconds
from ollascope.reports.told import said
from ollascope.reports.words import Language, word
from ollascope.words.alerts import Alert

MOST_ALERTS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened; `until` only where it lasted."""

    kind: Literal["load", "restart", "alert"]
    at: float
    until: float | None
    name: str
    text: str
    tone: str


def events_of(drawn: Drawn, restarts: Sequence[float], alerts: Iterable[Alert], language: Language) -> list[Event]:
    """All of it in order."""
    found = [_load(at, model, load_s, language) for at, model, load_s in drawn.loads]
    found += [_restart(at, language) for at in restarts]
    found += [_alert(alert, drawn, language) for alert in list(alerts)[:MOST_ALERTS]]
    return sorted(found, key=lambda event: event.at)


def _restart(at: float, language: Language) -> Event:
    text = word("another process of the model server was seen", language)
    return Event(kind="restart", at=at, until=None, name=word("restart", language), text=text, tone="warning")


def _load(at: float, model: str, load_s: float, language: Language) -> Event:
    text = word("{model} in {time}", language).format(model=model or word("unknown", language), time=seconds(load_s))
    return Event(kind="load", at=at, until=None, name=word("load", language), text=text, tone="plain")


def _alert(alert: Alert, drawn: Drawn, language: Language) -> Event:
    begin = max(alert.fired_at or alert.since, drawn.since)
    tone = "problem" if alert.severity == "critical" else "warning"
    why = said(alert.reason, language).text
    return Event(
        kind="alert", at=begin, until=min(alert.resolved_at or drawn.until, drawn.until),
        name=word("alert", language), text=f"{alert.name}: {why}" if why else alert.name, tone=tone,
    )  # fmt: skip
