"""A metric of the requests that count, in the order of sending, with those that have no value of their own."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from math import isnan
from typing import Final

from ollascope.bench.measuring.lot import Lot
from ollascope.stats.censored import filled
from ollascope.words.errors import Cancelled
from ollascope.words.outcomes import OK

ENDLESS: Final = frozenset({"ttft_s", "ttft_due_s", "total_s", "total_due_s", "answer_s"})
"""Metrics in which a request that failed is infinitely slow, and one that was given up at least as slow as it was."""
ALWAYS: Final = frozenset({"ttft_s", "total_s"})
"""Those of them that every request is expected to have."""
FROM_DUE: Final = frozenset({"ttft_due_s", "total_due_s"})
WHOLE: Final = frozenset({"total_s", "total_due_s"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Values of which those of failed requests are infinite, and `unknown` ones of requests that were given up."""

    values: list[float]
    given_up: int = 0  # requests that count as slow as others that had waited so long
    unknown: int = 0  # of them, those that had waited longer than any other took


def series_of(lot: Lot, name: str) -> Series:
    """One metric of a lot."""
    if name not in ENDLESS or lot.outcomes[OK] == lot.outcomes.total():
        return Series(values=lot.values(name))
    pairs = list(_pairs(lot, name))
    cut = [was for _, was in pairs]
    if not any(cut):
        return Series(values=[value for value, _ in pairs])
    values = filled([value for value, _ in pairs], cut)
    unknown = sum(was and value == math.inf for value, was in zip(values, cut, strict=True))
    return Series(values=values, given_up=sum(cut), unknown=unknown)


def endless(lot: Lot, name: str) -> int:
    """How many failures count in a metric: where some request had it, or where every request should have had it."""
    if name not in ENDLESS or not lot.failed:
        return 0
    if lot.outcomes[OK]:
        return lot.failed if lot.values(name) else 0
    return lot.failed if name in ALWAYS or (lot.open and name in FROM_DUE) else 0


def _pairs(lot: Lot, name: str) -> Iterator[tuple[float, bool]]:
    """Each value, and whether it is only how long the request had waited when it was given up."""
    sheet, fails, waits = lot.sheet, endless(lot, name), bool(lot.values(name))
    column, passed = sheet.figures(name), sheet.figures("total_due_s" if name in FROM_DUE else "total_s")
    ok, cancelled = sheet.number(OK), sheet.number(Cancelled.code)
    for row in lot.counted:
        outcome, value = sheet.outcome[row], column[row] if column else math.nan
        if outcome == ok or (outcome == cancelled and waits and name not in WHOLE and not isnan(value)):
            if not isnan(value):
                yield value, False
        elif outcome == cancelled:
            if waits and passed and not isnan(passed[row]):
                yield passed[row], True
        elif fails:
            yield math.inf, False
