"""One supervisor for a data folder: a file lock that ends with its owner, and the name of the owner beside it."""

import errno
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ollascope.processes.files import open_private, private_folder, trouble
from ollascope.processes.identity import Identity, is_alive
from ollascope.words.clock import utc_text
from ollascope.words.errors import FolderUnusable, RecordInvalid
from ollascope.words.record import dumps, loads

FOLDER = "run"
NAME = "lock"
PATIENCE_S = 3.0  # what a supervisor that was killed leaves behind is gone by then
PAUSE_S = 0.02

Lock = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Whether a data folder is held, and by whom if that can be told."""

    held: bool
    who: Identity | None = None


@contextmanager
def hold(data: Path, me: Identity, *, lock: Lock = fcntl.flock, patience_s: float = PATIENCE_S) -> Iterator[int]:
    """Be the only supervisor of a data folder; yields the descriptor that carries the lock."""
    folder = data / FOLDER
    private_folder(folder)
    try:
        descriptor = open_private(folder / NAME, os.O_RDWR)
    except OSError as error:
        raise trouble(folder / NAME, error) from error
    try:
        _take(descriptor, data, lock, time.monotonic() + patience_s)
        _sign(descriptor, folder / NAME, dumps(me).encode())
        try:
            yield descriptor
        finally:
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def look(data: Path, *, lock: Lock = fcntl.flock) -> Holder:
    """Whether a data folder is held; whoever asks holds it for a moment together with others who ask."""
    try:
        descriptor = os.open(data / FOLDER / NAME, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return Holder(held=False)
    except OSError as error:
        raise trouble(data / FOLDER / NAME, error) from error
    try:
        free = _try(descriptor, fcntl.LOCK_SH, data, lock)
        return Holder(held=not free, who=_signature(descriptor))
    finally:
        os.close(descriptor)


def named(who: Identity) -> str:
    """The holder in words."""
    return f"`ollascope up` (process {who.pid} on {who.machine}, since {utc_text(who.since)})"


def _take(descriptor: int, data: Path, lock: Lock, deadline: float) -> None:
    """Lock, or say who did; a holder that does not live is waited for, since its children are being ended."""
    while not _try(descriptor, fcntl.LOCK_EX, data, lock):
        who = _signature(descriptor)
        if who is not None and (is_alive(who) or time.monotonic() > deadline):
            raise FolderUnusable(
                f"the data folder {data} is held by {named(who)}",
                hint="`ollascope status` shows it, `ollascope down` stops it; --data names another folder",
            )
        if time.monotonic() > deadline:
            raise FolderUnusable(
                f"the data folder {data} is held by another process, which has not said who it is",
                hint=f"`fuser {data / FOLDER / NAME}` names it; --data names another folder",
            )
        time.sleep(PAUSE_S)


def _try(descriptor: int, kind: int, data: Path, lock: Lock) -> bool:
    try:
        lock(descriptor, kind | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in {errno.EAGAIN, errno.EACCES}:
            return False
        raise FolderUnusable(
            f"file locks do not work in {data}: {error.strerror or error}",
            hint="put the data folder on a local disk with --data or OLLASCOPE_DATA",
        ) from error
    return True


def _sign(descriptor: int, path: Path, text: bytes) -> None:
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, text, 0)
    except OSError as error:
        raise trouble(path, error) from error


def _signature(descriptor: int) -> Identity | None:
    """Who signed; nobody if it is just being written, was never, or is not ours."""
    try:
        return loads(Identity, os.pread(descriptor, 4096, 0))
    except RecordInvalid:
        return None
