"""How long segments are kept: by age and by size, each kind by its own rule; what goes may go to an archive."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ollascope.ledger.appending import is_in_use, sync_folder
from ollascope.ledger.rolling import is_rolled, mark_retired, trim
from ollascope.ledger.rollups import FILE, open_rollups
from ollascope.ledger.segment import DAY_S, KINDS, UNFINISHED, Kind, Segment, day_start, days, every_file, told
from ollascope.ledger.settings import Ledger

Progress = Callable[[Iterable[Segment]], Iterable[Segment]]
MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How long some kinds are kept, and how much of them together; None is no limit."""

    kinds: tuple[Kind, ...]
    days: int | None
    mib: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retired:
    """What was given up."""

    segments: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """How much of a kind lies in the ledger, and from when to when."""

    kind: str
    files: int
    bytes: int
    first: str | None = None
    last: str | None = None


def rules(settings: Ledger) -> tuple[Rule, ...]:
    """The rules that settings make; amendments are kept as long as the Calls they belong to."""
    return (
        Rule(kinds=("calls", "amendments"), days=settings.calls_days, mib=settings.calls_mib),
        Rule(kinds=("samples",), days=settings.samples_days, mib=settings.samples_mib),
    )


def overdue(found: Iterable[tuple[Segment, int]], rule: Rule, now: float) -> list[Segment]:
    """Which of these segments, with their sizes, a rule gives up: the too old, and the oldest while all is too much."""
    ordered = sorted(found, key=lambda pair: (pair[0].day, pair[0].id))
    oldest = None if rule.days is None else now - rule.days * DAY_S
    left = sum(size for _, size in ordered)
    given_up = []
    for segment, size in ordered:
        too_old = oldest is not None and day_start(segment.day) + DAY_S <= oldest
        too_much = rule.mib is not None and left > rule.mib * MIB
        if too_old or too_much:
            given_up.append(segment)
            left -= size
    return given_up


def retire(ledger: Path, settings: Ledger, now: float, *, progress: Progress = iter) -> Retired:
    """Give up what is no longer kept; Calls only once they are in the sums, and nothing that is being written."""
    count = freed = 0
    with open_rollups(ledger, write=True) as connection:
        for rule in rules(settings):
            sized = [(segment, segment.size()) for segment in every_file(ledger, rule.kinds)]
            for segment in progress(overdue(sized, rule, now)):
                if is_in_use(segment.path) or not _is_summed(connection, segment):
                    continue
                size = segment.size()
                _give_up(connection, segment, settings.archive)
                count, freed = count + 1, freed + size
        trim(connection, settings, now)
    _remove_empty_days(ledger, now)
    return Retired(segments=count, bytes=freed)


def usage(ledger: Path) -> list[Usage]:
    """How much lies in the ledger, kind by kind, the sums last."""
    told_of = [_usage(kind, list(every_file(ledger, (kind,)))) for kind in KINDS]
    sums = [path for end in ("", "-wal", "-shm") if (path := ledger / (FILE + end)).exists()]
    return [*told_of, Usage(kind="sums", files=len(sums), bytes=sum(path.stat().st_size for path in sums))]


def _usage(kind: Kind, found: list[Segment]) -> Usage:
    names = sorted(segment.day for segment in found)
    size = sum(segment.size() for segment in found)
    return Usage(
        kind=kind,
        files=len(found),
        bytes=size,
        first=names[0] if names else None,
        last=names[-1] if names else None,
    )


def _is_summed(connection: sqlite3.Connection, segment: Segment) -> bool:
    return segment.kind != "calls" or segment.stray or is_rolled(connection, segment)


def _give_up(connection: sqlite3.Connection, segment: Segment, archive: Path | None) -> None:
    if archive is not None:
        _copy(segment.path, archive / segment.day / segment.path.name)
    if segment.kind == "calls":
        mark_retired(connection, segment)
    try:
        segment.path.unlink(missing_ok=True)
    except OSError as error:
        raise told(segment.path, error) from error


def _copy(source: Path, target: Path) -> None:
    """Copy a file whole or not at all; the target may lie on another disk."""
    unfinished = target.with_name(UNFINISHED + target.name)
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with source.open("rb") as file, unfinished.open("wb") as out:
            unfinished.chmod(0o600)
            shutil.copyfileobj(file, out, 1 << 20)
            out.flush()
            os.fsync(out.fileno())
        unfinished.rename(target)
        sync_folder(target.parent)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink()
        raise told(target, error) from error


def _remove_empty_days(ledger: Path, now: float) -> None:
    for day in days(ledger, until=now - DAY_S):  # today's folder may be waiting for its first segment
        try:
            (ledger / day).rmdir()
        except OSError:  # it holds something
            continue
