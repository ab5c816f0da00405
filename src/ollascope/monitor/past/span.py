"""Which stretch of time is meant, and the one before it to compare with; all in UTC, as the ledger's days are."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from ollascope.words.errors import BadUsage

MINUTE_S, HOUR_S, DAY_S = 60.0, 3600.0, 86_400.0
UNITS = {"s": 1.0, "m": MINUTE_S, "h": HOUR_S, "d": DAY_S, "w": 7 * DAY_S}
LONGEST_S = 4000 * DAY_S
WIDE_S = 2 * DAY_S  # beyond it whole hours are taken: sums per minute are not kept for ever
USUAL = "24h"
DAY_HINT = "write a date as 2026-11-21, today or yesterday; days are those of UTC"
LAST_HINT = "write 90s, 15m, 2h, 3d or 1w"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From `since` until before `until`, and what it is called."""

    since: float
    until: float
    name: str = ""

    @property
    def length_s(self) -> float:
        """How long it is."""
        return self.until - self.since

    def before(self) -> "Span":
        """As long a time to compare with: just before, or the same hours of the day before."""
        back = max(self.length_s, DAY_S) if self.name and self.name[0].isdigit() else self.length_s
        return Span(since=max(0.0, self.since - back), until=max(0.0, self.until - back))


def choose_span(day: str | None, last: str | None, now: float) -> Span:
    """The stretch that was asked for; the last day where nothing was."""
    if day is not None and last is not None:
        raise BadUsage("--day and --last exclude each other", hint="leave one of them out")
    return span_of_day(day, now) if day is not None else span_of_last(last or USUAL, now)


def span_of_day(text: str, now: float) -> Span:
    """A day of UTC; today goes as far as it has come."""
    day = _day(text, now)
    since = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
    if since > now:
        raise BadUsage(f"the day {day.isoformat()} lies in the future", hint=DAY_HINT)
    if since < 0:
        raise BadUsage(f"the day {day.isoformat()} lies before all records", hint=DAY_HINT)
    return Span(since=since, until=min(since + DAY_S, now), name=day.isoformat())


def span_of_last(text: str, now: float) -> Span:
    """The time up to now; it begins with a whole minute, a long one with a whole hour."""
    match = re.fullmatch(r"([0-9]{1,9})([smhdw])", text.strip())
    if match is None:
        raise BadUsage(f"{text[:60]!r} is no length of time", hint=LAST_HINT)
    length = int(match[1]) * UNITS[match[2]]
    if not 0 < length <= LONGEST_S:
        raise BadUsage(f"--last {text[:60]} is {'too long' if length else 'no time at all'}", hint=LAST_HINT)
    step = HOUR_S if length > WIDE_S else MINUTE_S
    return Span(since=max(0.0, (now - length) // step * step), until=now, name=f"last {text.strip()}")


def day_name(at: float) -> str:
    """The day of UTC that an instant lies in."""
    return datetime.fromtimestamp(at, UTC).date().isoformat()


def _day(text: str, now: float) -> date:
    today = datetime.fromtimestamp(now, UTC).date()
    if text in {"today", "yesterday"}:
        return today - timedelta(days=text == "yesterday")
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) is None:
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadUsage(f"{text[:60]!r} is no day", hint=DAY_HINT) from error
