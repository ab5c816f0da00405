"""What a child prints: on disk up to a limit, the oldest going first; its last lines in memory."""

import os
from collections.abc import Callable
from pathlib import Path

from ollascope.processes.files import open_private

LINES = 20  # the last words
WIDTH = 300  # letters of one of them
TAIL = LINES * WIDTH * 2  # bytes kept in memory
FILES = 2  # the one that is written and the one before it


def output_name(name: str) -> str:
    """The file that holds what a child prints; `.log` is the file of its own log."""
    return f"{name}.out"


class Output:
    """A file of bounded size beside its predecessor. A full disk loses lines, never the child."""

    def __init__(self, path: Path, limit: int, complain: Callable[[OSError], None]) -> None:
        self._path = path
        self._limit = max(1, limit // FILES)
        self._complain = complain
        self._complained = False
        self._descriptor = -1
        self._size = 0
        self._tail = b""

    def take(self, data: bytes) -> None:
        """Keep some more."""
        self._tail = (self._tail + data)[-TAIL:]
        try:
            self._write(data)
        except OSError as error:
            if not self._complained:
                self._complained = True
                self._complain(error)

    def forget(self) -> None:
        """What was printed so far is not among the last words any more."""
        self._tail = b""

    def last(self) -> tuple[str, ...]:
        """The last lines that are not empty."""
        lines = self._tail.decode("utf-8", "replace").splitlines()
        return tuple(line.strip()[:WIDTH] for line in [line for line in lines if line.strip()][-LINES:])

    def close(self) -> None:
        """Let the file go; what comes later opens it again."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _write(self, data: bytes) -> None:
        if self._descriptor < 0:
            self._open()
        if self._size and self._size + len(data) > self._limit:
            self.close()
            self._path.replace(self._path.with_name(f"{self._path.name}.1"))
            self._open()
        while data:
            count = os.write(self._descriptor, data)
            self._size += count
            data = data[count:]

    def _open(self) -> None:
        self._descriptor = open_private(self._path, os.O_WRONLY | os.O_APPEND)
        self._size = os.fstat(self._descriptor).st_size
