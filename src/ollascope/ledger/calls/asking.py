"""What an address says of Calls, read with care: a stretch of time, filters, an order."""

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from ollascope.ledger.calls.choice import ORDERS, Choice, Order
from ollascope.ledger.segment import END_OF_TIME
from ollascope.ledger.select import OWN_SOURCES, Counted, Where, is_demo
from ollascope.words.errors import BadUsage

RANGES: Final[Mapping[str, float]] = {
    "1h": 3600.0, "6h": 6 * 3600.0, "24h": 86_400.0, "7d": 7 * 86_400.0, "30d": 30 * 86_400.0,
}  # fmt: skip
FILTERS: Final = ("model", "engine", "source", "outcome")
FAILED: Final = "failed"  # as an outcome: any that is a failure of the service
LONGEST: Final = 500
Ends = tuple[float | None, float | None]


def read_choice(said: Mapping[str, str], now: float, counted: Counted) -> Choice:
    """Which Calls an address means."""
    since, until = read_ends(said, now)
    words = {name: _word(said, name) for name in FILTERS}
    failed = words["outcome"] == FAILED
    return Choice(
        where=Where(
            since=since, until=until, model=words["model"], engine=words["engine"], source=words["source"],
            outcome=None if failed else words["outcome"], run=_word(said, "run"), key_id=_word(said, "key"),
            counted=_asked_for(words, _word(said, "run"), counted),
        ),
        failed=failed,
        slower_s=_seconds(said),
        order=_order(said),
    )  # fmt: skip


def read_ends(said: Mapping[str, str], now: float) -> Ends:
    """The stretch of time: one of the ranges up to now, or two instants."""
    name = said.get("range", "").strip()
    if name in RANGES:
        return now - RANGES[name], None
    if name not in {"", "own"}:
        raise BadUsage(f"there is no range {name[:40]!r}", hint=f"choose from {', '.join(RANGES)}, or own")
    since, until = _instant(said, "since"), _instant(said, "until")
    if since is not None and until is not None and since >= until:
        raise BadUsage("the time ends before it begins", hint="choose a later end")
    return since, until


def _asked_for(words: Mapping[str, str | None], run: str | None, counted: Counted) -> Counted:
    """What is left out by default counts where it is asked for by name."""
    return replace(
        counted,
        own=counted.own or run is not None or words["source"] in OWN_SOURCES,
        demo=counted.demo or run is not None or is_demo(words["model"], words["engine"]),
    )


def _order(said: Mapping[str, str]) -> Order:
    wanted = said.get("order", "").strip() or ORDERS[0]
    for known in ORDERS:
        if wanted == known:
            return known
    raise BadUsage(f"Calls cannot be sorted by {wanted[:40]!r}", hint=f"choose from {', '.join(ORDERS)}")


def _word(said: Mapping[str, str], name: str) -> str | None:
    word = said.get(name, "")
    if len(word) > LONGEST:
        raise BadUsage(f"{name} has more than {LONGEST} letters", hint="choose one of the list")
    return word or None


def _seconds(said: Mapping[str, str]) -> float | None:
    text = said.get("slower", "").strip()
    if not text:
        return None
    value = _number(text)
    if value is None or not 0 <= value <= 1e6:
        raise BadUsage(f"{text[:40]!r} is no number of seconds", hint="write it as 2.5")
    return value


def _instant(said: Mapping[str, str], name: str) -> float | None:
    """An instant: seconds since 1970, or a date and time of UTC."""
    text = said.get(name, "").strip()
    if not text:
        return None
    value = _number(text)
    if value is None:
        try:
            moment = datetime.fromisoformat(text)
            value = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            value = math.inf
    if not 0 <= value < END_OF_TIME:
        raise BadUsage(f"{text[:40]!r} is no instant", hint="write it as 2026-11-21T08:15, in UTC")
    return value


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else math.inf
