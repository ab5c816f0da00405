"""The files of a run, also of one that was killed: what can be read is used, the rest is counted."""

import math
from array import array
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from ollascope.bench import folder as names
from ollascope.bench.about import About
from ollascope.bench.asked import Asked
from ollascope.bench.measuring.reading.gathered import Gathered
from ollascope.bench.measuring.reading.lines import Tally, estimate, files, lines, repeated, worker_of
from ollascope.bench.measuring.reading.sheet import COUNTS, PHASES, Entry, Sheet, Totals
from ollascope.ledger.codec import Row, decode, parse
from ollascope.stats.sketch import TOP, bucket_value
from ollascope.words.call import Call
from ollascope.words.errors import FolderUnusable, RecordInvalid
from ollascope.words.metrics import METRICS
from ollascope.words.outcomes import OK
from ollascope.words.record import loads
from ollascope.words.sample import Sample

Value = TypeVar("Value")

MOST_ROWS: Final = 1_000_000
MOST_GAPS: Final = 1_000_000
LARGEST: Final = 1 << 31
SUMMED: Final = ("tokens_in", "tokens_cached", "tokens_out", "retries")
LONGEST_GAP: Final = "longest_gap_s"
DUE: Final = "due_s"
ANSWERED_BY: Final = "answered_by"  # key of `Call.extra`: the model that gave the answer, where it is another one
_ONE: Final = tuple((metric.name, metric.of) for metric in METRICS if metric.many is None)
FOLD_EVERY: Final = 10_000


def gather(folder: Path, most_rows: int = MOST_ROWS) -> Gathered:
    """Read the folder; beyond `most_rows` Calls the columns hold each second, third … and sketches tell of all."""
    asked = loads(Asked, _read(folder, names.ASKED))
    about = _about(folder)
    found = files(folder)
    every = max(1, math.ceil(estimate(found) / most_rows))
    sheet, totals, tally = Sheet(every), dict[int, Totals](), Tally()
    twice = about.resumed or len({path.name == names.CALLS for path in found}) > 1
    dropped = repeated(found) if twice else set()
    for number, path in enumerate(found):
        for where, line in lines(path, tally):
            if (number, where) in dropped:
                tally.repeated += 1
            else:
                _take(line, sheet, totals, tally)
    return _settled(
        Gathered(
            folder=folder,
            asked=asked,
            about=about,
            sheet=sheet,
            totals=totals,
            samples=_samples(folder),
            gaps=_gaps(folder),
            torn=tally.torn,
            invalid=tally.invalid,
            repeated=tally.repeated,
        )
    )


def with_lost(gathered: Gathered) -> Gathered:
    """With the Calls that the disk did not take, which the workers told in their last lines."""
    lost = [line for status in gathered.about.statuses for line in status.lost_calls]
    if not lost:
        return gathered
    sheet, totals, tally = deepcopy(gathered.sheet), deepcopy(dict(gathered.totals)), Tally()
    for line in lost:
        _take(line.encode(errors="replace"), sheet, totals, tally)
    return _settled(replace(gathered, sheet=sheet, totals=totals, invalid=gathered.invalid + tally.invalid))


def _settled(gathered: Gathered) -> Gathered:
    for held in gathered.totals.values():
        held.fold()
    gathered.sheet.settle()
    return gathered


def _read(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise FolderUnusable(
            f"{folder}: {name} cannot be read ({error.strerror})",
            hint="name the folder of a run, as `ollascope bench list` shows them",
        ) from error


def _about(folder: Path) -> About:
    """About, or what stands for it where the run was killed before it was first written."""
    try:
        return loads(About, (folder / names.ABOUT).read_bytes())
    except (OSError, RecordInvalid):
        return About(run=folder.name, started_at=0.0, cut_by="killed", partial=True)


def _take(line: bytes, sheet: Sheet, totals: dict[int, Totals], tally: Tally) -> None:
    try:
        entry = _entry(parse(line))
    except (RecordInvalid, KeyError, TypeError, ValueError, OverflowError):  # another type than a Call's field has
        tally.invalid += 1
        return
    stage = totals.get(entry.stage)
    if stage is None:
        stage = totals[entry.stage] = Totals()
    _count(stage, entry, keep=sheet.every > 1)
    if stage.phases.total() % sheet.every == 0:
        sheet.add(entry)


def _entry(facts: dict[str, Any]) -> Entry:
    """A line as the columns take it; whatever has the wrong type raises TypeError or ValueError."""
    gaps = facts.setdefault("gaps", ())
    if not all(type(number) is int and abs(number) <= TOP and _whole(count) for number, count in gaps):
        raise ValueError
    row = Row()
    row.__dict__ = facts
    call = cast("Call", row)
    figures = {name: float(value) for name, of in _ONE if (value := of(call)) is not None}
    figures.update({name: float(value) for name in (*SUMMED, DUE) if (value := facts.get(name)) is not None})
    if gaps:
        figures[LONGEST_GAP] = bucket_value(max(number for number, _ in gaps))
    return Entry(
        at_s=float(facts[names.AT]),
        stage=_whole(facts.get(names.STAGE, 0)),
        phase=PHASES.get(facts.get(names.PHASE), len(PHASES)),
        outcome=str(call.outcome or ""),
        model=_text(call.model),
        answered_by=_text(facts.get(ANSWERED_BY)),
        owner=_whole(facts.get(names.USER, facts.get(names.SHOT, 0))),
        figures=figures,
        gaps=gaps,
        flags=tuple(map(str, call.flags)),
    )


def _whole(number: object) -> int:
    if not isinstance(number, int) or not 0 <= number < LARGEST:
        raise ValueError
    return number


def _text(words: object) -> str | None:
    return words if isinstance(words, str) else None


def _count(totals: Totals, entry: Entry, *, keep: bool) -> None:
    totals.phases[entry.phase] += 1
    if entry.phase != COUNTS:
        return
    _note(totals, entry)
    for name in SUMMED:
        if name in entry.figures:
            totals.sums[name] = totals.sums.get(name, 0.0) + entry.figures[name]
    if entry.gaps:
        totals.gaps.add_counts(*zip(*entry.gaps, strict=True))
    if keep and entry.outcome == OK:
        for name, value in entry.figures.items():
            totals.waiting.setdefault(name, []).append(value)
        if totals.outcomes[OK] % FOLD_EVERY == 0:
            totals.fold()


def _note(totals: Totals, entry: Entry) -> None:
    totals.outcomes[entry.outcome] += 1
    if entry.flags:
        totals.flags.update(entry.flags)
    if entry.model is not None:
        totals.models[entry.model] += 1
    if entry.answered_by is not None:
        totals.answered_by[entry.answered_by] += 1


def _samples(folder: Path) -> tuple[Sample, ...]:
    path = folder / names.SAMPLES
    if not path.exists():
        return ()
    found = []
    for _, line in lines(path):
        try:
            found.append(decode(Sample, line))
        except RecordInvalid:
            continue
    return tuple(found)


def _gaps(folder: Path) -> dict[int, "array[float]"]:
    """The gaps one by one; none where there are more than are exact."""
    paths = {worker_of(path): path for path in folder.glob(names.GAPS.format(worker="*"))}
    if sum(path.stat().st_size for path in paths.values()) > 4 * MOST_GAPS:
        return {}
    found = {}
    for worker, path in paths.items():
        values = array("f")
        values.frombytes(path.read_bytes()[: path.stat().st_size // 4 * 4])
        found[worker or 0] = values
    return found
