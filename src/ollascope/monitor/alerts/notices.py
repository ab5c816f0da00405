"""What people are told and when: grouped, each thing once, again while it lasts, and never a storm."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ollascope.monitor.alerts.rules import Channel, Grouping
from ollascope.monitor.alerts.silences import Silence, is_silenced, matches
from ollascope.monitor.alerts.state import RANK, Alarms, Held

HOUR_S = 3600.0
LISTED = 20  # alerts in one notice; the others are counted
FORGOTTEN_S = 24 * HOUR_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One message about some alerts."""

    id: str
    at: float
    alerts: tuple[Held, ...]

    @property
    def firing(self) -> tuple[Held, ...]:
        """Those that hold."""
        return tuple(each for each in self.alerts if each.standing == "firing")

    @property
    def title(self) -> str:
        """One line that says the most."""
        lead = self.firing or self.alerts
        worst = max(lead, key=lambda each: RANK[each.severity])
        state = worst.severity if self.firing else "resolved"
        more = f" and {len(self.alerts) - 1} more" if len(self.alerts) > 1 else ""
        labels = ", ".join(f"{key} {text}" for key, text in sorted(worst.labels.items()))
        return f"[{state}] {worst.name}{f' ({labels})' if labels else ''}{more}"

    @property
    def text(self) -> str:
        """Every alert with its reason and what can be done; a long list is cut and counted."""
        lines = [line for each in self.alerts[:LISTED] for line in _lines(each)]
        left = len(self.alerts) - LISTED
        return "\n".join([*lines, f"… and {left} more: `ollascope alerts list` shows all"] if left > 0 else lines)


def due(
    alarms: Alarms, silences: Sequence[Silence], grouping: Grouping, now: float
) -> tuple[Alarms, tuple[Notice, ...]]:
    """The notices that are to go out, and the alarms with what has been told."""
    sent = tuple(at for at in alarms.sent if 0 <= now - at < HOUR_S)
    news = [(key, each) for key, each in alarms.held.items()
            if _is_news(each, grouping, now) and not is_silenced(each, silences, now)]  # fmt: skip
    groups = [group for group in _groups(news, grouping) if _has_waited(group, grouping, now)]
    room = grouping.most_per_hour - len(sent)
    groups = _fitted(groups, room)
    notices = tuple(_notice(group, now) for group in groups)
    held = dict(alarms.held)
    for group in groups:
        for key, each in group:
            held[key] = replace(each, told_at=now, told=_as_told(each))
    kept = {key: each for key, each in held.items() if not _is_over(each, silences, now)}
    return replace(alarms, held=kept, sent=(*sent, *[now] * len(notices))), notices


def for_channel(notice: Notice, channel: Channel) -> Notice | None:
    """The part of a notice that a channel wants."""
    wanted = tuple(each for each in notice.alerts
                   if RANK[each.severity] >= RANK[channel.severity] and matches(each, channel.match))  # fmt: skip
    return replace(notice, alerts=wanted) if wanted else None


Entry = tuple[str, Held]


def _is_news(held: Held, grouping: Grouping, now: float) -> bool:
    if held.standing == "pending":
        return False
    if held.standing == "resolved":  # of what nobody was told, nobody is told that it is over
        return held.told.startswith("firing")
    if not held.told.startswith("firing"):
        return True
    louder = RANK[held.severity] > _told_rank(held)
    return louder or now - (held.told_at or 0.0) >= grouping.repeat_s


def _told_rank(held: Held) -> int:
    return {str(name): rank for name, rank in RANK.items()}.get(held.told.partition(" ")[2], 0)


def _as_told(held: Held) -> str:
    return f"{held.standing} {held.severity}"


def _groups(news: Iterable[Entry], grouping: Grouping) -> list[list[Entry]]:
    found: dict[tuple[str, ...], list[Entry]] = {}
    for key, each in news:
        words = {**each.labels, "name": each.name, "kind": each.kind, "severity": each.severity}
        found.setdefault(tuple(words.get(name, "") for name in grouping.group_by), []).append((key, each))
    return list(found.values())


def _has_waited(group: Sequence[Entry], grouping: Grouping, now: float) -> bool:
    """Whether there was time for others of the group to come."""
    first = min((each.resolved_at or each.fired_at or now) for _, each in group)
    return now - first >= grouping.wait_s


def _fitted(groups: list[list[Entry]], room: int) -> list[list[Entry]]:
    """As many groups as may go out; the last place takes all that are left, the loudest first."""
    if room <= 0:
        return []
    ordered = sorted(groups, key=lambda group: -max(RANK[each.severity] for _, each in group))
    if len(ordered) <= room - 1 or len(ordered) == 1:
        return ordered
    spared = max(0, room // 2 - 1)  # some of the hour is kept for what comes next
    return [*ordered[:spared], [entry for group in ordered[spared:] for entry in group]]


def _notice(group: Sequence[Entry], now: float) -> Notice:
    alerts = tuple(sorted((each for _, each in group),
                          key=lambda each: (each.standing == "resolved", -RANK[each.severity], each.name)))  # fmt: skip
    return Notice(id=f"{alerts[0].id}-{int(now)}", at=now, alerts=alerts)


def _is_over(held: Held, silences: Sequence[Silence], now: float) -> bool:
    if held.standing != "resolved":
        return False
    told = not held.told.startswith("firing")
    return told or is_silenced(held, silences, now) or now - held.seen > FORGOTTEN_S


def _lines(held: Held) -> list[str]:
    state = held.severity if held.standing == "firing" else "resolved"
    lines = [f"{state}: {held.name}: {held.reason}"]
    return [*lines, f"  what you can do: {held.hint}"] if held.hint and held.standing == "firing" else lines
