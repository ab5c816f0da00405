"""Alerts and conditions for tests."""

from ollascope.monitor.alerts.state import Alarms, Held, key_of
from ollascope.words.alerts import AlertKind, Condition

NOW = 1_760_000_000.0


def condition(active=True, name="slow", **more):
    return Condition(name=name, kind=AlertKind.THRESHOLD, active=active, **{"reason": "it is slow", **more})


def firing(name="slow", severity="warning", at=NOW - 100, **more):
    return Held(id=f"id-{name}", name=name, kind="threshold", severity=severity, standing="firing", since=at, seen=NOW,
                fired_at=at, reason=f"{name} is slow", **more)  # fmt: skip


def alarms(*held, sent=()):
    return Alarms(held={key_of(each.name, each.labels): each for each in held}, sent=tuple(sent))
