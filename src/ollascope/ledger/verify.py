"""Verifying: every file of the ledger read to its end, and the sums held against the Calls."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ollascope.ledger.appending import is_in_use
from ollascope.ledger.reading import count_lines
from ollascope.ledger.rolling import is_rolled
from ollascope.ledger.rollups import HOUR_S, has_rollups, open_rollups
from ollascope.ledger.segment import DAY_S, FORMAT, Segment, day_start, every_file, read_header, segments

Progress = Callable[[Iterable[Segment]], Iterable[Segment]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one file is like; `problems` cost records, `notes` do not."""

    path: Path
    kind: str
    day: str
    records: int
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def verify(ledger: Path, now: float, *, progress: Progress = iter) -> Iterator[Verdict]:
    """Read every file to its end."""
    for segment in progress(list(every_file(ledger))):
        chosen = {one.path for one in segments(ledger, segment.path.parent.name, segment.kind)}
        yield _verdict(segment, segment.path in chosen, now)


def verify_sums(ledger: Path, verdicts: Iterable[Verdict]) -> list[str]:
    """Where the sums do not hold what the Calls of a day come to; days not yet summed to their end are left out."""
    if not has_rollups(ledger):
        return []
    expected: Counter[str] = Counter()
    for verdict in verdicts:
        if verdict.kind == "calls" and COPY not in verdict.notes and STRAY not in verdict.problems:
            expected[verdict.day] += verdict.records
    with open_rollups(ledger) as connection:
        retired = {day for (day,) in connection.execute("SELECT day FROM cursors WHERE retired = 1")}
        found = connection.execute("SELECT at, calls FROM cells WHERE span = ?", (HOUR_S,)).fetchall()
        unread = {day for day in expected
                  if not all(is_rolled(connection, segment) for segment in segments(ledger, day, "calls"))}  # fmt: skip
    complaints = []
    for day in sorted(set(expected) - retired - unread):
        start = day_start(day)
        summed = sum(calls for at, calls in found if start <= at < start + DAY_S)
        if summed != expected[day]:
            complaints.append(f"{day}: the sums hold {summed} Calls, the files {expected[day]}")
    return complaints


COPY = "a copy or a twin of another file: not read"
STRAY = "lies in the folder of another day: not read"


def _verdict(segment: Segment, chosen: bool, now: float) -> Verdict:
    tally = count_lines(segment)
    problems, notes = [], []
    if tally.damaged:
        problems.append("damaged inside: what follows is lost")
    if tally.invalid:
        problems.append(f"{tally.invalid} lines are no records")
    if tally.misplaced:
        problems.append(f"{tally.misplaced} records belong to another day: not summed")
    if segment.stray:
        problems.append(STRAY)
    elif not chosen:
        notes.append(COPY)
    if tally.torn:
        notes.append("the last line is torn: skipped")
    if is_in_use(segment.path):
        notes.append("being written")
    if day_start(segment.day) > now + DAY_S:
        notes.append("from the future: some clock was wrong")
    notes += _first_line(segment)
    return Verdict(
        path=segment.path,
        kind=segment.kind,
        day=segment.day,
        records=tally.lines - tally.invalid - tally.misplaced,
        problems=tuple(problems),
        notes=tuple(notes),
    )


def _first_line(segment: Segment) -> Iterator[str]:
    told = read_header(segment)
    if told is None:
        yield "no first line that says who wrote it"
    elif told["format"] != FORMAT:
        yield f"written in format {told['format']}, this version's is {FORMAT}"
