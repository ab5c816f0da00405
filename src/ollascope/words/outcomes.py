"""How a request may end and whose doing that was: one rule for summaries, objectives, alerts and metrics."""

from collections.abc import Mapping
from typing import Literal

from ollascope.words.errors import Cancelled, every_error

Ending = Literal["ok", "failed", "given up", "asker's own"]

OK = "ok"
ASKERS = frozenset(kind.code for kind in every_error() if 400 <= kind.status < 500)  # what the asker did, giving up too
BLAMELESS = ASKERS | {OK}


def ending_of(outcome: str) -> Ending:
    """What an outcome counts as; a code that this version does not know is a failure."""
    if outcome == OK:
        return "ok"
    if outcome == Cancelled.code:
        return "given up"
    return "asker's own" if outcome in ASKERS else "failed"


def is_failed(outcome: str) -> bool:
    """Whether the service failed: no good answer, and neither the asker's doing nor given up."""
    return outcome not in BLAMELESS


def failures(outcomes: Mapping[str, int]) -> int:
    """How many of so many outcomes are failures of the service."""
    return sum(count for outcome, count in outcomes.items() if is_failed(outcome))
