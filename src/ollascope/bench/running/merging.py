"""The workers' files become one, in the order of sending; only where each line lies is held in memory."""

import contextlib
import os
import re
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ollascope.bench.folder import CALLS, SHOT, WORKER
from ollascope.ledger.codec import parse
from ollascope.processes.files import open_private, trouble
from ollascope.words.errors import Cancelled, RecordInvalid

AT: Final = re.compile(rb'"at_s":(-?[0-9][0-9.eE+-]*)')
CHUNK: Final = 1 << 20
LONGEST: Final = 1 << 20  # of one line; more is no Call


def worker_files(folder: Path) -> list[Path]:
    """The files of the workers, by their number."""
    return sorted(folder.glob(WORKER.format(worker="*")), key=lambda path: (len(path.name), path.name))


def merge(folder: Path) -> None:
    """Make `calls.jsonl`, whole or not at all, and remove what it was made from."""
    files = worker_files(folder)
    if not files:
        return
    fresh = folder / f"{CALLS}.new"
    try:
        _write(fresh, _ordered(files))
        fresh.replace(folder / CALLS)
        for path in files:
            path.unlink()
    except OSError as error:
        with contextlib.suppress(OSError):
            fresh.unlink()
        raise trouble(folder / CALLS, error) from error


def unmerge(folder: Path) -> None:
    """Make a run that was put together writable again: its Calls become the first worker's."""
    whole = folder / CALLS
    if whole.exists():
        for path in worker_files(folder):  # left by an end in the middle of merging: all of it is in the whole
            path.unlink()
        whole.rename(folder / WORKER.format(worker=0))
    for path in worker_files(folder):
        _trim(path)


def shots(folder: Path) -> Iterator[tuple[int, float]]:
    """The shots of an unfinished run that were not given up, and when each ended in seconds from the start."""
    for path in worker_files(folder):
        with path.open("rb") as lines:
            for line in lines:
                try:
                    facts = parse(line)
                except RecordInvalid:
                    continue
                if isinstance(facts.get(SHOT), int) and facts.get("outcome") != Cancelled.code:
                    yield facts[SHOT], float(facts.get("at_s") or 0.0) + float(facts.get("end_s") or 0.0)


def _write(path: Path, lines: Iterator[bytes]) -> None:
    with os.fdopen(open_private(path, os.O_WRONLY | os.O_TRUNC), "wb", buffering=CHUNK) as file:
        for line in lines:
            file.write(line)


def _ordered(files: list[Path]) -> Iterator[bytes]:
    """Every whole line, the first sent first."""
    at, where, whose = array("d"), array("Q"), array("H")
    for number, path in enumerate(files):
        for place, line in _lines(path):
            found = AT.search(line)
            at.append(float(found[1]) if found else 0.0)
            where.append(place)
            whose.append(number)
    opened = [path.open("rb") for path in files]
    try:
        for index in sorted(range(len(at)), key=at.__getitem__):
            file = opened[whose[index]]
            file.seek(where[index])
            yield file.readline(LONGEST)
    finally:
        for file in opened:
            file.close()


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Where each whole line begins, and the line; half a line, as a kill leaves it, is no line."""
    place = 0
    with path.open("rb", buffering=CHUNK) as file:
        for line in file:
            if line.endswith(b"\n") and len(line) <= LONGEST and line.strip():
                yield place, line
            place += len(line)


def _trim(path: Path) -> None:
    """Cut half a line off the end, so that what is appended begins a line."""
    size = path.stat().st_size
    with path.open("rb+") as file:
        file.seek(max(0, size - LONGEST))
        tail = file.read()
        whole = tail.rfind(b"\n") + 1
        if whole < len(tail):
            file.truncate(size - len(tail) + whole)
