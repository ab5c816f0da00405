"""Sealing: finished segments are compressed beside themselves; then the raw file goes."""

import fcntl
import gzip
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ollascope.ledger.appending import is_in_use, sync_folder
from ollascope.ledger.sealed.members import write_members
from ollascope.ledger.segment import (
    KINDS,
    RAW,
    SEALED,
    UNFINISHED,
    Damage,
    Kind,
    Segment,
    days,
    every_file,
    read_header,
    told,
)
from ollascope.words.errors import StorageTrouble

LOCK = ".sealing"
PIECE = 1 << 20
YOUNG_S = 3600.0  # an unfinished file without a lock may belong to a process that has just begun it

Progress = Callable[[Iterable[Segment]], Iterable[Segment]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What sealing did: how many segments, and their bytes before and after."""

    segments: int = 0
    raw_bytes: int = 0
    sealed_bytes: int = 0
    in_use: int = 0


@contextmanager
def upkeep(ledger: Path, *, wait: bool = False) -> Iterator[None]:
    """Be the only one who seals, retires or rebuilds; another one who tries is told so, or waits."""
    try:
        ledger.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = (ledger / LOCK).open("a+")
    except OSError as error:
        raise told(ledger, error) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError as error:
            file.seek(0)
            raise StorageTrouble(
                f"{ledger} is being looked after by {file.read(100).strip() or 'another process'}",
                hint="try again when it is done, or wait for it with --wait",
            ) from error
        with suppress(OSError):  # a full disk must keep nobody from making room
            file.truncate(0)
            os.write(file.fileno(), f"process {os.getpid()}\n".encode())
        yield


def seal(
    ledger: Path, *, kinds: Iterable[Kind] = KINDS, progress: Progress = iter, wall: Callable[[], float] = time.time
) -> Sealed:
    """Compress every segment that nobody writes any more; to be called within `upkeep`."""
    _sweep(ledger, wall())
    count = raw = packed = in_use = 0
    for segment in progress([one for one in every_file(ledger, kinds) if not one.sealed]):
        with _held(segment) as file:
            if file is None:
                in_use += 1
                continue
            count += 1
            raw += segment.size()
            packed += _seal_one(segment, file)
    return Sealed(segments=count, raw_bytes=raw, sealed_bytes=packed, in_use=in_use)


@contextmanager
def _held(segment: Segment) -> Iterator[IO[bytes] | None]:
    """The file, locked against other hands; None while its writer lives."""
    try:
        file = segment.path.open("rb")
    except FileNotFoundError:
        yield None
        return
    except OSError as error:
        raise told(segment.path, error) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        yield file if os.fstat(file.fileno()).st_nlink else None  # another one may have sealed it just before


def _seal_one(segment: Segment, file: IO[bytes]) -> int:
    """The size of the sealed twin. What was begun and never written to, or is a copy of the twin, only goes."""
    raw = segment.path
    twin = raw.with_name(raw.name.removesuffix(RAW) + SEALED)
    try:
        if _is_empty(segment):
            raw.unlink()
            return 0
        if not (twin.exists() and _length(twin) >= segment.size()):
            compress(file, twin)
        raw.unlink()
        return twin.stat().st_size
    except OSError as error:
        raise told(raw, error) from error


def compress(file: IO[bytes], target: Path) -> None:
    """Write a compressed file whole or not at all: beside its place, onto the disk, then under its name."""
    unfinished = target.with_name(f"{UNFINISHED}{target.name}.{os.getpid()}")
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            write_members(file, out)
            out.flush()
            os.fsync(out.fileno())
        unfinished.rename(target)
    except OSError:
        with suppress(OSError):
            unfinished.unlink()
        raise
    sync_folder(target.parent)


def _is_empty(segment: Segment) -> bool:
    """Whether nothing follows the first line, or not even that is there."""
    if segment.size() == 0:
        return True
    if read_header(segment) is None:
        return False
    with segment.open() as file:
        file.readline()
        return not file.read(1)


def _length(sealed: Path) -> int:
    """The bytes that a sealed file holds, as they were written; -1 of a damaged one."""
    length = 0
    try:
        with gzip.open(sealed) as file:
            while piece := file.read(PIECE):
                length += len(piece)
    except Damage:
        return -1
    return length


def _sweep(ledger: Path, now: float) -> None:
    """Remove what a process left unfinished: nothing was recorded in it yet, or its raw file is still there."""
    for day in days(ledger):
        for path in (ledger / day).glob(f"{UNFINISHED}*{RAW}*"):
            try:
                if now - path.stat().st_mtime > YOUNG_S and not is_in_use(path):
                    path.unlink()
            except FileNotFoundError:
                continue
            except OSError as error:
                raise told(path, error) from error
