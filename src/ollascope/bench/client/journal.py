"""The files of a worker: its Calls as they end, its gaps one by one; what the disk does not take is kept."""

import errno
import os
from array import array
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import orjson

from ollascope.bench.folder import GAPS, WORKER
from ollascope.ledger.codec import encode
from ollascope.processes.files import open_private, trouble
from ollascope.words.call import Call
from ollascope.words.record import Json

MOST_GAPS: Final = 1_000_000
LINES: Final = 256  # are written together
HEAP_GAPS: Final = 8192
FLOAT: Final = 4  # bytes
TAIL: Final = 1 << 20


class Journal:
    """Appends Calls and gaps; a write that fails is tried again with the next one."""

    def __init__(self, folder: Path, worker: int, most_gaps: int = MOST_GAPS) -> None:
        self._path = folder / WORKER.format(worker=worker)
        try:
            self._calls = open_private(self._path, os.O_RDWR | os.O_APPEND)
            self._gaps = open_private(folder / GAPS.format(worker=worker), os.O_RDWR | os.O_APPEND)
        except OSError as error:
            raise trouble(self._path, error) from error
        _trim(self._calls)
        size = os.fstat(self._gaps).st_size // FLOAT
        os.ftruncate(self._gaps, size * FLOAT)
        self._room = max(0, most_gaps - size)
        self._lines: list[bytes] = []
        self._heap = array("f")
        self.trouble: str | None = None

    @property
    def unwritten(self) -> int:
        """Calls that are not in the file yet."""
        return len(self._lines)

    def add(self, call: Call, extra: Mapping[str, Json]) -> None:
        """A Call that has ended, and what only the run knows of it."""
        self._lines.append(line_of(call, extra))
        if len(self._lines) >= LINES and self.trouble is None:
            self.flush()

    def add_gaps(self, gaps: "array[float]") -> None:
        """Gaps that count; those beyond the most are only in the Calls' sketches."""
        if self._room and gaps:
            taken = gaps[: self._room]
            self._room -= len(taken)
            self._heap.extend(taken)
            if len(self._heap) >= HEAP_GAPS and self.trouble is None:
                self.flush()

    def flush(self) -> None:
        """Write what is here; of a line that a full disk takes only in part nothing stays."""
        try:
            while self._lines:
                data = b"".join(self._lines)
                whole = data[: _write(self._calls, data, b"\n")]
                del self._lines[: whole.count(b"\n")]
            while self._heap:
                heap = self._heap.tobytes()
                del self._heap[: _write(self._gaps, heap, b"") // FLOAT]
        except OSError as error:
            found = trouble(self._path, error)
            self.trouble = f"{found.message}; what is measured is kept in memory meanwhile"
        else:
            self.trouble = None

    def close(self) -> tuple[str, ...]:
        """The Calls that could not be written, as lines."""
        self.flush()
        os.close(self._calls)
        os.close(self._gaps)
        return tuple(line.decode("utf-8", "replace").rstrip("\n") for line in self._lines)


def line_of(call: Call, extra: Mapping[str, Json]) -> bytes:
    """A Call with what only the run knows of it as a line, which is quicker than to encode both as one."""
    line = encode(call)
    return line[:-2] + b"," + orjson.dumps(extra)[1:] + b"\n" if extra else line


def _write(descriptor: int, data: bytes, end: bytes) -> int:
    """Append as much as the disk takes, in whole records; raises the OSError where that is nothing."""
    size = os.fstat(descriptor).st_size
    written = os.write(descriptor, data)
    if written == len(data):
        return written
    whole = data.rfind(end, 0, written) + len(end) if end else written // FLOAT * FLOAT
    os.ftruncate(descriptor, size + whole)
    if not whole:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return whole


def _trim(descriptor: int) -> None:
    """Cut half a line off the end, as a kill may leave it."""
    size = os.fstat(descriptor).st_size
    start = max(0, size - TAIL)
    tail = os.pread(descriptor, size - start, start)
    whole = tail.rfind(b"\n") + 1
    if whole < len(tail):
        os.ftruncate(descriptor, start + whole)
