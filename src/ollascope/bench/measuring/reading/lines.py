"""The files of the Calls of a run and their lines, whole and torn ones, and which of them count."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ollascope.bench import folder as names
from ollascope.ledger.codec import parse
from ollascope.words.errors import Cancelled, RecordInvalid

Line = tuple[int, int]  # of which file, and where it begins

LONGEST: Final = 1 << 20  # of one line


@dataclass(slots=True)
class Tally:
    """What reading came across beside Calls."""

    torn: int = 0
    invalid: int = 0
    repeated: int = 0


def files(folder: Path) -> list[Path]:
    """The file of all Calls, or those of the workers; both where a run ended while it put them together."""
    whole = folder / names.CALLS
    workers = sorted(folder.glob(names.WORKER.format(worker="*")), key=lambda path: (len(path.name), path.name))
    return [*([whole] if whole.exists() else []), *workers]


def worker_of(path: Path) -> int | None:
    """The number of the worker that wrote a file; none where several were put together."""
    number = path.stem.rpartition("-")[2]
    return int(number) if number.isdecimal() else None


def estimate(files: Sequence[Path]) -> float:
    """How many lines there are, by the length of the first thousand."""
    size, lines = sum(path.stat().st_size for path in files), 0
    seen = 0
    for path in files:
        with path.open("rb") as file:
            for line in file:
                seen, lines = seen + len(line), lines + 1
                if lines >= 1000:
                    return size * lines / seen
    return lines


def lines(path: Path, tally: Tally | None = None) -> Iterator[tuple[int, bytes]]:
    """Every whole line and where it begins."""
    where = 0
    with path.open("rb", buffering=LONGEST) as file:
        for line in file:
            if not line.endswith(b"\n"):
                if tally is not None:
                    tally.torn += 1
            elif line.strip():
                yield where, line
            where += len(line)


def repeated(files: Sequence[Path]) -> set[Line]:
    """Of each shot that has several Calls all but the one that counts: the last that was not given up."""
    best: dict[tuple[int, int], tuple[bool, float, Line]] = {}
    dropped: set[Line] = set()
    for number, path in enumerate(files):
        for where, line in lines(path):
            try:
                facts = parse(line)
            except RecordInvalid:
                continue
            shot, turn, sent_at = facts.get(names.SHOT), facts.get(names.TURN) or 0, facts.get("sent_at")
            if not isinstance(shot, int) or not isinstance(turn, int) or not isinstance(sent_at, float | int):
                continue
            mine = (facts.get("outcome") != Cancelled.code, float(sent_at), (number, where))
            other = best.get((shot, turn))
            best[shot, turn] = mine if other is None else max(mine, other)
            if other is not None:
                dropped.add(min(mine, other)[2])
    return dropped
