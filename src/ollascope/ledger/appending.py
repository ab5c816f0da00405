"""A segment that this process writes: locked from its first byte, and never left with half a line."""

import errno
import fcntl
import os
from contextlib import suppress
from pathlib import Path

from ollascope.ledger.segment import RAW, UNFINISHED, Kind, Origin, header, segment_name, told
from ollascope.words.errors import StorageTrouble


class Appender:
    """One open segment; the lock on it tells everybody that it is still being written."""

    def __init__(self, path: Path, descriptor: int, size: int) -> None:
        self.path = path
        self.size = size
        self.trouble: StorageTrouble | None = None
        self.unsynced = True
        self._descriptor = descriptor
        self._named = False  # whether its name is surely on the disk

    @classmethod
    def create(cls, ledger: Path, day: str, kind: Kind, number: str, origin: Origin) -> "Appender":
        """Begin a segment; under its name it is seen only once it is locked and has its first line."""
        folder = ledger / day
        path = folder / segment_name(kind, day, number, origin)
        unfinished = path.with_name(UNFINISHED + path.name)
        try:
            _make(folder)
            descriptor = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                first = header(kind, day, number, origin)
                if os.write(descriptor, first) < len(first):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                unfinished.rename(path)
            except OSError:
                os.close(descriptor)
                with suppress(OSError):
                    unfinished.unlink()
                raise
        except OSError as error:
            raise told(folder, error) from error
        return cls(path, descriptor, len(first))

    def append(self, lines: bytes) -> int:
        """Write whole lines; how many bytes were kept. If not all, `trouble` says why, and this must be closed."""
        written = 0
        view = memoryview(lines)
        try:
            while written < len(lines):
                written += os.write(self._descriptor, view[written:])
        except OSError as error:
            self.trouble = told(self.path, error)
            written = lines.rfind(b"\n", 0, written) + 1
            self._cut(self.size + written)
        self.size += written
        self.unsynced = True
        return written

    def sync(self) -> None:
        """Force what was written onto the disk; may be called while another thread writes."""
        self.unsynced = False  # before, so that what is written meanwhile is synced the next time
        os.fsync(self._descriptor)
        if not self._named:
            sync_folder(self.path.parent)
            sync_folder(self.path.parent.parent)
            self._named = True

    def close(self) -> None:
        """End it: the lock goes, and it may be sealed."""
        os.close(self._descriptor)

    def _cut(self, size: int) -> None:
        """Take half a line back; where even that fails, readers skip it and it is written again elsewhere."""
        try:
            os.ftruncate(self._descriptor, size)
        except OSError as error:
            self.trouble = told(self.path, error)


def sync_folder(folder: Path) -> None:
    """Force the names in a folder onto the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def is_in_use(path: Path) -> bool:
    """Whether some process still writes a segment; a sealed one is never written."""
    if not path.name.endswith(RAW):
        return False
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _make(folder: Path) -> None:
    """The folder of a day, in a ledger that is closed to others too: the mode holds for the last folder only."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except FileNotFoundError:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
