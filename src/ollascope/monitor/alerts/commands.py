"""What `ollascope alerts` does: list, history, silence, test; on files, whether or not the monitor runs."""

import secrets
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from ollascope.monitor.alerts.channels.table import Deliver, deliver
from ollascope.monitor.alerts.keeping import Keeping
from ollascope.monitor.alerts.notices import Notice
from ollascope.monitor.alerts.rules import Book
from ollascope.monitor.alerts.silences import LONGEST_S, Silence, is_silenced
from ollascope.monitor.alerts.state import RANK, Held, alert_of
from ollascope.monitor.measures import nearest_of
from ollascope.words.alerts import Alert, AlertKind
from ollascope.words.clock import utc_text
from ollascope.words.errors import BadUsage, Trouble

FOLDER = "alerts"  # in the data folder
MOST_EVENTS = 100_000  # of the history that are looked through
FRESH_S = 150.0  # what stands is written each minute
HOW = "the monitor judges, which `ollascope up` and `ollascope monitor` run"


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


def told_when(folder: Path, now: float) -> str:
    """How old the list of alerts is, and what to do if nobody judges."""
    at = Keeping(folder).judged_at()
    if at is None:
        return f"nothing has been judged yet: {HOW}"
    if now - at <= FRESH_S:
        return f"judged within the last {max(1, round(now - at))} s"
    return f"last judged at {utc_text(at)}, not since: {HOW}"


def list_history(folder: Path, count: int) -> list[Alert]:
    """What fired and was resolved, the newest first."""
    return [alert_of(each) for each in reversed(Keeping(folder).history(count))]


def alerts_between(folder: Path, since: float, until: float, now: float) -> list[Alert]:
    """What fired, or went on firing, in a stretch of time, the loudest first."""
    keeping = Keeping(folder)
    judged = keeping.judged_at()
    silent = "" if judged is None or now - judged <= FRESH_S else f"; nobody has judged it since {utc_text(judged)}"
    standing = {each.id: replace(each, reason=each.reason + silent)
                for each in keeping.alarms().held.values() if each.standing == "firing"}  # fmt: skip
    known: dict[str, Held] = {}
    for each in keeping.history(MOST_EVENTS):  # of what is over, why it fired is worth more than why it ended
        known[each.id] = replace(each, reason=known[each.id].reason) if each.id in known else each
    known |= standing
    meant: list[tuple[int, float, Held]] = []
    for each in known.values():
        begin = each.since if each.fired_at is None else each.fired_at
        end = each.resolved_at or (until if each.id in standing else max(begin, each.seen))
        if begin < until and end >= since:
            meant.append((-RANK[each.severity], begin, each))
    return [alert_of(each) for _, _, each in sorted(meant, key=lambda entry: entry[:2])]


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
    meant = [name for name in names if not only or name in only]
    with ThreadPoolExecutor(max_workers=max(1, len(meant))) as threads:  # one that hangs delays no other
        return list(threads.map(lambda name: _tried(book, name, now, by), meant))


def _tried(book: Book, name: str, now: float, by: Deliver) -> Result:
    channel = next(each for each in book.channels if each.name == name)
    test = Held(id="test", name="test", kind=str(AlertKind.THRESHOLD), severity="info", standing="firing", since=now,
                seen=now, fired_at=now, reason="this is a test: nothing is wrong")  # fmt: skip
    try:
        by(Notice(id=f"test-{int(now)}", at=now, alerts=(test,)), channel)
    except Trouble as error:
        return Result(channel=name, kind=channel.kind, delivered=False, trouble=error.message, hint=error.hint)
    return Result(channel=name, kind=channel.kind, delivered=True)
