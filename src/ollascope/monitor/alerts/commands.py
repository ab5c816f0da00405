"""What `ollascope alerts` does: list, history, silence, test; on files, whether or not the monitor runs."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ollascope.monitor.alerts.channels.table import Deliver, deliver
from ollascope.monitor.alerts.keeping import Keeping
from ollascope.monitor.alerts.notices import Notice
from ollascope.monitor.alerts.rules import Book
from ollascope.monitor.alerts.silences import LONGEST_S, Silence, is_silenced
from ollascope.monitor.alerts.state import RANK, Held, alert_of
from ollascope.monitor.measures import nearest_of
from ollascope.words.alerts import Alert, AlertKind
from ollascope.words.errors import BadUsage, Trouble

FOLDER = "alerts"  # in the data folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of a test notice over one channel."""

    channel: str
    kind: str
    delivered: bool
    trouble: str = ""
    hint: str = ""


def list_alerts(folder: Path, now: float) -> list[Alert]:
    """What stands: firing before pending, the loudest first."""
    keeping = Keeping(folder)
    silences = keeping.silences(now)
    held = [each for each in keeping.alarms().held.values() if each.standing != "resolved"]
    held.sort(key=lambda each: (each.standing != "firing", -RANK[each.severity], each.since))
    return [alert_of(each, silenced=is_silenced(each, silences, now)) for each in held]


def list_history(folder: Path, count: int) -> list[Alert]:
    """What fired and was resolved, the newest first."""
    return [alert_of(each) for each in reversed(Keeping(folder).history(count))]


def list_silences(folder: Path, now: float) -> tuple[Silence, ...]:
    """The silences that hold."""
    return Keeping(folder).silences(now)


def add_silence(folder: Path, match: Mapping[str, str], for_s: float, why: str, now: float) -> Silence:
    """Tell nobody of these alerts for so long."""
    if not 0 < for_s <= LONGEST_S:
        raise BadUsage("a silence lasts between a second and a year", hint="write it as in --for 2h")
    keeping = Keeping(folder)
    silence = Silence(id=secrets.token_hex(3), since=now, until=now + for_s, match=dict(match), why=why[:500])
    keeping.keep_silences([*keeping.silences(now), silence])
    return silence


def end_silence(folder: Path, number: str, now: float) -> Silence:
    """Tell of these alerts again."""
    keeping = Keeping(folder)
    silences = keeping.silences(now)
    found = next((each for each in silences if each.id == number), None)
    if found is None:
        known = ", ".join(each.id for each in silences) or "none"
        raise BadUsage(f"there is no silence {number[:40]!r}", hint=f"those that hold: {known}")
    keeping.keep_silences(each for each in silences if each.id != number)
    return found


def try_channels(book: Book, now: float, only: Sequence[str] = (), *, by: Deliver = deliver) -> list[Result]:
    """Send a test notice over every channel, or those that are named, and tell what comes of it."""
    names = [channel.name for channel in book.channels]
    for name in only:
        if name not in names:
            raise BadUsage(f"there is no channel {name[:60]!r}", hint=nearest_of(name, names) if names else "add one")
    return [_tried(book, name, now, by) for name in names if not only or name in only]


def _tried(book: Book, name: str, now: float, by: Deliver) -> Result:
    channel = next(each for each in book.channels if each.name == name)
    test = Held(id="test", name="test", kind=str(AlertKind.THRESHOLD), severity="info", standing="firing", since=now,
                seen=now, fired_at=now, reason="this is a test: nothing is wrong")  # fmt: skip
    try:
        by(Notice(id=f"test-{int(now)}", at=now, alerts=(test,)), channel)
    except Trouble as error:
        return Result(channel=name, kind=channel.kind, delivered=False, trouble=error.message, hint=error.hint)
    return Result(channel=name, kind=channel.kind, delivered=True)
