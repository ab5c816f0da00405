"""A file that grows, line by line: over rotation, truncation and our own restarts, whatever bytes it holds."""

import contextlib
import hashlib
import os
import stat
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from ollascope.words.errors import StorageTrouble

LONGEST_LINE = 1 << 20
ONE_READ = 4 << 20
HEAD = 256  # the first bytes tell one log file from the next, also where it was emptied and filled again
HINT = "name the log file of the server, and see that this user may read it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line; `where` leads back to its beginning, `at` is when it was written, if the log itself does not say."""

    text: str
    where: str
    at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Position:
    """A place in one file: its number on the disk, the offset, and its first bytes."""

    device: int
    inode: int
    offset: int
    head_length: int
    head: str

    def __str__(self) -> str:
        return f"{self.device}:{self.inode}:{self.offset}:{self.head_length}:{self.head}"


class Tail:
    """Reads what was added since the last read; a `where` of an earlier entry begins at that line again."""

    def __init__(self, path: Path, where: str | None = None, *, from_end: bool = False) -> None:
        self.path = path
        self.cut_lines = 0  # longer than a line may be: their end was dropped
        self.restarts = 0  # the file was emptied, or the place to go on from was gone
        self._wanted = _parse(where)
        self._from_end = from_end
        self._opened: int | None = None
        self._device = self._inode = self._offset = 0
        self._head = b""
        self._rest = b""
        self._skips = False
        self._older: deque[Path] = deque()

    def read(self) -> list[Entry]:
        """The whole lines that were added, at most a few MiB at once; none also while the file is not there."""
        if self._opened is None and not self._open():
            return []
        self._look_back()
        data = self._more()
        if data:
            return self._split(data)
        return self._go_on()

    def head(self) -> list[str]:
        """The first lines of the file."""
        with contextlib.suppress(OSError), self.path.open("rb") as file:
            return file.read(16 * 1024).decode("utf-8", "replace").splitlines()
        return []

    def close(self) -> None:
        """Give the file back."""
        if self._opened is not None:
            os.close(self._opened)
            self._opened = None

    def _open(self) -> bool:
        """The file, or older ones first where an earlier reader stopped in one that was put aside since."""
        wanted, self._wanted = self._wanted, None
        if wanted is not None:
            found = _aside(self.path, wanted)
            if found:
                self._older = deque(found[1:])
                return self._use(found[0], wanted)
            self.restarts += 1
        return self._use(self._older.popleft() if self._older else self.path)

    def _use(self, path: Path, wanted: _Position | None = None) -> bool:
        try:
            opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise StorageTrouble(f"log {path} cannot be read: {error.strerror}", hint=HINT) from error
        facts = os.fstat(opened)
        if not stat.S_ISREG(facts.st_mode):
            os.close(opened)
            raise StorageTrouble(f"log {path} is not a file", hint=HINT)
        self._opened, self._device, self._inode = opened, facts.st_dev, facts.st_ino
        self._rest, self._skips, self._head = b"", False, os.pread(opened, HEAD, 0)
        self._offset = wanted.offset if wanted else facts.st_size if self._from_end else 0
        if self._from_end and self._offset and os.pread(opened, 1, self._offset - 1) != b"\n":
            self._skips = True  # it ends in the middle of a line
        self._from_end = False  # whatever comes after this file is new
        return True

    def _look_back(self) -> None:
        """An emptied file begins anew, also if it has grown beyond our place since."""
        opened = self._handle()
        head = os.pread(opened, HEAD, 0)
        if os.fstat(opened).st_size < self._offset or not head.startswith(self._head):
            self._offset, self._rest, self._skips = 0, b"", False
            self.restarts += 1
            self._head = b""
        if len(self._head) < HEAD:
            self._head = head

    def _more(self) -> bytes:
        return os.pread(self._handle(), ONE_READ, self._offset + len(self._rest))

    def _go_on(self) -> list[Entry]:
        """Nothing more in this file: has another taken its name?"""
        if not self._older:
            try:
                facts = self.path.stat()
            except OSError:
                return []
            if (facts.st_dev, facts.st_ino) == (self._device, self._inode):
                return []
        last = [] if self._skips or not self._rest else [self._entry(self._rest, self._offset)]
        self.close()
        if self._use(self._older.popleft() if self._older else self.path):
            return last + self._split(self._more())
        return last

    def _split(self, data: bytes) -> list[Entry]:
        *lines, rest = (self._rest + data).split(b"\n")
        entries = []
        for line in lines:
            if not self._skips:
                entries.append(self._entry(line, self._offset))
            self._skips = False
            self._offset += len(line) + 1
        if len(rest) > LONGEST_LINE:
            if not self._skips:
                entries.append(self._entry(rest, self._offset))
            self._offset, rest, self._skips = self._offset + len(rest), b"", True
        self._rest = rest
        return entries

    def _entry(self, line: bytes, offset: int) -> Entry:
        if len(line) > LONGEST_LINE:
            self.cut_lines += 1
            line = line[:LONGEST_LINE]
        place = _Position(device=self._device, inode=self._inode, offset=offset, head_length=len(self._head),
                          head=_digest(self._head))  # fmt: skip
        return Entry(text=line.removesuffix(b"\r").decode("utf-8", "replace"), where=str(place))

    def _handle(self) -> int:
        assert self._opened is not None
        return self._opened


def _aside(path: Path, wanted: _Position) -> list[Path]:
    """The file that holds the place and the newer ones, oldest first; none if it is nowhere any more."""
    found: list[tuple[int, Path]] = []
    with contextlib.suppress(OSError):
        alike = (other for other in path.parent.iterdir() if other.name.startswith(path.name) and other.is_file())
        found.extend((other.stat().st_mtime_ns, other) for other in alike)
    in_order = [other for _, other in sorted(found, key=lambda one: (one[1] == path, one[0]))]
    for place, other in enumerate(in_order):
        if _holds(other, wanted):
            return [other, *(newer for newer in in_order[place + 1 :] if newer.suffix != ".gz")]
    return []


def _holds(path: Path, wanted: _Position) -> bool:
    try:
        facts = path.stat()
        if (facts.st_dev, facts.st_ino) != (wanted.device, wanted.inode) or facts.st_size < wanted.offset:
            return False
        with path.open("rb") as file:
            return _digest(file.read(wanted.head_length)) == wanted.head
    except OSError:
        return False


def _digest(head: bytes) -> str:
    return hashlib.blake2b(head, digest_size=8).hexdigest()


def _parse(where: str | None) -> _Position | None:
    """A place that is no longer readable as one counts as none."""
    words = (where or "").split(":")
    if len(words) != 5 or not all(word.isdecimal() for word in words[:4]):
        return None
    device, inode, offset, length = (int(word) for word in words[:4])
    return _Position(device=device, inode=inode, offset=offset, head_length=min(length, HEAD), head=words[4])
