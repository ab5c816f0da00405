"""Pending, firing, resolved: what becomes of the alerts when conditions are judged again."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ollascope.monitor.alerts.state import Alarms, Held, begun, key_of
from ollascope.words.alerts import Condition

MOST = 2000  # alerts at once; a rule with endless labels must not fill the memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What stands, and what has just fired or been resolved."""

    alarms: Alarms
    events: tuple[Held, ...] = ()


def step(alarms: Alarms, conditions: Iterable[Condition], now: float, *, stale_s: float = 3600.0) -> Step:
    """The alerts once these conditions were judged.

    A condition that is neither held nor refuted leaves its alert as it is; one of which nothing was heard for
    `stale_s` ends. A pending alert that was not looked at for so long begins anew.
    """
    held, events = dict(alarms.held), []
    for condition in conditions:
        key = key_of(condition.name, condition.labels)
        before = held.get(key)
        after = _after(before, condition, now, stale_s)
        if after is None:
            held.pop(key, None)
        elif before is not None or len(held) < MOST:
            held[key] = after
            events += [after] if before is None or before.standing != after.standing else []
    for key, each in list(held.items()):
        if each.standing != "resolved" and now - each.seen > stale_s:
            if each.standing == "pending":
                del held[key]
            else:
                held[key] = _resolved(each, now, f"{each.reason}; nothing has been heard of it since")
                events.append(held[key])
    return Step(alarms=replace(alarms, held=held), events=tuple(each for each in events if each.standing != "pending"))


def _after(before: Held | None, condition: Condition, now: float, stale_s: float) -> Held | None:
    if condition.active is None:
        return before
    if not condition.active:
        if before is None or before.standing == "pending":
            return None
        return before if before.standing == "resolved" else _resolved(before, now, condition.reason)
    if before is None or before.standing == "resolved":
        fresh = begun(condition, now)
        before = fresh if before is None else replace(fresh, told_at=before.told_at, told=before.told)
    elif before.standing == "pending" and now - before.seen > stale_s:
        before = replace(before, since=now)
    return _held(before, condition, now)


def _held(before: Held, condition: Condition, now: float) -> Held:
    since = min(before.since, now)  # a clock that was set back must not make it wait for hours
    fires = before.standing == "firing" or now - since >= condition.for_s
    return replace(
        before,
        since=since,
        seen=now,
        kind=str(condition.kind),
        severity=condition.severity,
        standing="firing" if fires else "pending",
        fired_at=(before.fired_at or now) if fires else None,
        resolved_at=None,
        reason=condition.reason,
        hint=condition.hint,
        value=_finite(condition.value),
        bound=_finite(condition.bound),
    )


def _resolved(before: Held, now: float, reason: str) -> Held:
    return replace(before, standing="resolved", seen=now, resolved_at=now, reason=reason or before.reason)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
