"""One monitor for a data folder: a file lock that ends with its owner."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ollascope.processes.files import open_private, private_folder, trouble
from ollascope.words.errors import FolderUnusable

NAME = "monitor.lock"


@contextmanager
def alone(run: Path) -> Iterator[None]:
    """Be the only monitor that keeps its lock in this folder; a second one is told who was first."""
    private_folder(run)
    try:
        descriptor = open_private(run / NAME, os.O_RDWR)
    except OSError as error:
        raise trouble(run / NAME, error) from error
    try:
        _take(descriptor, run)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, run: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        who = os.pread(descriptor, 100, 0).decode("utf-8", "replace").strip() or "another process"
        raise FolderUnusable(
            f"the data folder {run.parent} is watched by {who} already",
            hint="`ollascope status` shows what `up` started; --data names another folder",
        ) from error
    except OSError as error:
        raise trouble(run / NAME, error) from error
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()}\n".encode(), 0)
    except OSError as error:
        raise trouble(run / NAME, error) from error
