"""Which stretch of time and which Calls an address wants to see as charts."""

from collections.abc import Mapping

from ollascope.ledger.calls.asking import RANGES, read_choice
from ollascope.ledger.select import Counted
from ollascope.monitor.history.drawn import LONGEST_S, Asked
from ollascope.words.errors import BadUsage

USUAL_S = RANGES["24h"]
LEAST_S = 60.0


def read_asked(said: Mapping[str, str], now: float, counted: Counted) -> Asked:
    """A range up to now, or from one instant to another; it never goes beyond now."""
    where = read_choice(said, now, counted).where
    until = now if where.until is None else min(where.until, now)
    since = until - USUAL_S if where.since is None else where.since
    if since >= now:
        raise BadUsage("the time begins in the future", hint="choose an earlier beginning")
    if until - since > LONGEST_S:
        raise BadUsage("the time is longer than sums are kept", hint=f"choose at most {LONGEST_S / 86_400:.0f} days")
    return Asked(
        since=max(0.0, min(since, until - LEAST_S)), until=until, model=where.model, engine=where.engine,
        source=where.source, counted=counted,
    )  # fmt: skip
