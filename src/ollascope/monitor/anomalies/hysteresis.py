"""When an anomaly begins and ends: three windows agree, five are calm, and it does not come back at once."""

from dataclasses import replace

from ollascope.monitor.anomalies.state import Standing
from ollascope.monitor.anomalies.votes import BEGIN, LAST, Evidence

AGREE, CALM = 3, 5  # windows
COOL_S = 600.0


def after(standing: Standing, evidence: Evidence, at: float, *, room: bool = True) -> Standing:
    """The standing once this window has been judged; without room nothing begins, but the windows are counted."""
    return _going_on(standing, evidence, at) if standing.active else _quiet(standing, evidence, at, room)


def _going_on(standing: Standing, evidence: Evidence, at: float) -> Standing:
    same = evidence.direction == standing.active and evidence.holds(LAST)
    calm = 0 if same else standing.calm + 1
    if calm < CALM:
        return replace(standing, calm=calm)
    return Standing(ended_at=at)


def _quiet(standing: Standing, evidence: Evidence, at: float, room: bool) -> Standing:
    if not evidence.holds(BEGIN):
        return replace(standing, streak=0)
    same = standing.streak * evidence.direction > 0
    streak = standing.streak + evidence.direction if same else evidence.direction
    cooled = standing.ended_at is None or at - standing.ended_at >= COOL_S
    if abs(streak) >= AGREE and cooled and room:
        return Standing(active=evidence.direction, since=at)
    return replace(standing, streak=streak)
