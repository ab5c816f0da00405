"""Which requests kept every goal: good, bad, or undetermined where a figure is lacking."""

from collections.abc import Iterator
from math import isnan
from typing import Final

from ollascope.bench.asked import Goals
from ollascope.bench.measuring.frames import Frame, shares
from ollascope.bench.measuring.lot import Lot
from ollascope.bench.result import Goodput
from ollascope.stats.intervals import wilson
from ollascope.words.errors import Cancelled
from ollascope.words.outcomes import OK

FROM_DUE: Final = {"ttft_s": "ttft_due_s", "total_s": "total_due_s"}
LONGEST_GAP: Final = "longest_gap_s"


def goodput_of(lot: Lot, goals: Goals, frame: Frame) -> Goodput | None:
    """None where no goal was set; what was given up at the end of the run is left out."""
    wanted = list(_wanted(lot, goals))
    if not wanted:
        return None
    good, bad, undetermined = set[int](), 0, 0
    cancelled = lot.sheet.number(Cancelled.code)
    for row in lot.counted:
        if lot.sheet.outcome[row] == cancelled:
            continue
        kept = _kept(lot, row, wanted)
        if kept is None:
            undetermined += 1
        elif kept:
            good.add(row)
        else:
            bad += 1
    every, seconds = lot.sheet.every, frame.answers_until_s - frame.answers_since_s
    determined = len(good) + bad
    return Goodput(
        good=len(good) * every,
        bad=bad * every,
        undetermined=undetermined * every,
        ratio=len(good) / determined if determined else None,
        ci95=wilson(len(good), determined) if determined else None,
        per_s=_good_share(lot, frame, good) * every / seconds if seconds > 0 else None,
    )


def _good_share(lot: Lot, frame: Frame, good: set[int]) -> float:
    return sum(share for row, share in shares(lot, frame).items() if row in good)


def _wanted(lot: Lot, goals: Goals) -> Iterator[tuple[str, float]]:
    """Columns and what they may be at most; with due times a user's waiting begins when the request was due."""
    for name, limit in (
        ("ttft_s", goals.ttft_s), ("total_s", goals.total_s), ("tpot_s", goals.tpot_s), (LONGEST_GAP, goals.gap_s)
    ):  # fmt: skip
        if limit is not None:
            yield FROM_DUE.get(name, name) if lot.open else name, limit


def _kept(lot: Lot, row: int, wanted: list[tuple[str, float]]) -> bool | None:
    if lot.sheet.outcome[row] != lot.sheet.number(OK):
        return False
    unknown = False
    for name, limit in wanted:
        column = lot.sheet.figures(name)
        value = column[row] if column else float("nan")
        if value > limit:
            return False
        unknown = unknown or isnan(value)
    return None if unknown else True
