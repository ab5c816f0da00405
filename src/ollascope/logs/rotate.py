"""A log file that ends in time, by size or age; the old ones are compressed, archived or removed."""

import contextlib
import fcntl
import gzip
import os
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from ollascope.logs.form import instant
from ollascope.words.clock import Clock
from ollascope.words.errors import FolderUnusable

SUFFIX = ".log"
RETRY_S = 5.0
MOST_WRITERS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """When a file ends, and what becomes of it."""

    bytes: int
    seconds: float
    files: int
    days: float
    compress: bool = True
    archive: Path | None = None


@dataclass(slots=True)
class LogFile:
    """The log of one process. A line that finds no room is counted, and told of when there is room again."""

    folder: Path
    name: str
    keeping: Keeping
    clock: Clock = field(default_factory=Clock)
    complain: Callable[[str], None] = lambda _text: None
    lost: int = 0
    path: Path = Path()
    _opened: int | None = None
    _size: int = 0
    _since: float = 0.0
    _retry_at: float | None = None
    _looked_at: float = 0.0
    _pressing: threading.Thread | None = None

    def open(self) -> None:
        """Take a file of that name, or the next number if another process has it."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._take()
        except OSError as error:
            raise FolderUnusable(f"log folder {self.folder} cannot be written: {error.strerror}",
                                 hint="name another with --set logs.folder=DIR") from error  # fmt: skip
        self._press()

    def write(self, lines: list[bytes]) -> None:
        """Add whole lines; never raises."""
        if self._retry_at is not None and self.clock.monotonic() < self._retry_at:
            self.lost += len(lines)
            return
        try:
            self._end_if_due()
            self._append(b"".join(lines))
        except OSError as error:
            self.lost += len(lines)
            self._fail(error)
            return
        if self._retry_at is not None:
            self._retry_at = None
            self.complain(f"log file {self.path} can be written again; {self.lost} lines were lost")

    def close(self) -> None:
        """End the writing; what is being compressed is waited for."""
        if self._pressing is not None:
            self._pressing.join()
        if self._opened is not None:
            os.close(self._opened)
            self._opened = None

    def _take(self) -> None:
        for number in range(1, MOST_WRITERS):
            path = self.folder / (self.name + (f"-{number}" if number > 1 else "") + SUFFIX)
            opened = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(opened)
                continue
            self.path, self._opened = path, opened
            self._measure(opened)
            return
        raise FileExistsError(None, f"{MOST_WRITERS} processes write there already")

    def _measure(self, opened: int) -> None:
        facts = os.fstat(opened)
        self._size, self._since = facts.st_size, facts.st_mtime if facts.st_size else self.clock.wall()
        start = os.pread(opened, 200, 0).partition(b'"time":"')[2].partition(b'"')[0]
        if (first := instant(start.decode("ascii", "replace"))) is not None:
            self._since = first
        if self._size and os.pread(opened, 1, self._size - 1) != b"\n":
            self._size += os.write(opened, b"\n")  # a process before us ended in the middle of a line

    def _append(self, data: bytes) -> None:
        if self._opened is None:
            self._take()
        assert self._opened is not None
        start = self._size
        rest = memoryview(data)
        try:
            while rest:
                count = os.write(self._opened, rest)
                self._size += count
                rest = rest[count:]
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._opened, start)  # no half line
                self._size = start
            raise

    def _end_if_due(self) -> None:
        now = self.clock.monotonic()
        if now - self._looked_at >= 1:
            self._looked_at = now
            self._follow_name()
        age = self.clock.wall() - self._since
        if (
            self._opened is not None
            and self._size
            and (self._size >= self.keeping.bytes or age >= self.keeping.seconds)
        ):
            self._end()

    def _follow_name(self) -> None:
        """Somebody else may have moved or removed the file."""
        if self._opened is None:
            return
        facts = os.fstat(self._opened)
        with contextlib.suppress(OSError):
            there = self.path.lstat()
            if (there.st_dev, there.st_ino) == (facts.st_dev, facts.st_ino):
                return
        os.close(self._opened)
        self._opened = None
        self._take()

    def _end(self) -> None:
        stamp = datetime.fromtimestamp(self.clock.wall(), UTC).strftime("%Y%m%dT%H%M%SZ")
        aside = self.path.with_name(f"{self.path.stem}.{stamp}{SUFFIX}")
        number = 1
        while aside.exists() or aside.with_name(aside.name + ".gz").exists():
            aside = self.path.with_name(f"{self.path.stem}.{stamp}.{number}{SUFFIX}")
            number += 1
        self.path.rename(aside)
        assert self._opened is not None
        os.close(self._opened)
        self._opened = None
        self._take()
        self._press()

    def _fail(self, error: OSError) -> None:
        if self._retry_at is None:
            self.complain(f"log file {self.path} cannot be written ({error.strerror}); lines are lost until it can")
        self._retry_at = self.clock.monotonic() + RETRY_S

    def _press(self) -> None:
        """Compress and clear up beside the writing: neither may hold a line up."""
        if self._pressing is not None and self._pressing.is_alive():
            return
        stem, wall = self.path.stem, self.clock.wall()
        self._pressing = threading.Thread(target=tidy, args=(self.folder, stem, self.keeping, wall), name="log-tidy")
        self._pressing.start()


def tidy(folder: Path, stem: str, keeping: Keeping, now: float) -> None:
    """Compress the ended files of one log, then archive or remove the oldest; what fails is tried again next time."""
    with contextlib.suppress(OSError):
        if keeping.compress:
            for path in folder.glob(f"{stem}.2*{SUFFIX}"):
                compress(path)
        ended = sorted(folder.glob(f"{stem}.2*{SUFFIX}*"), key=lambda path: path.stat().st_mtime, reverse=True)
        whole = [path for path in ended if not path.name.endswith(".new")]
        for place, path in enumerate(whole):
            if place >= keeping.files or now - path.stat().st_mtime > keeping.days * 86_400:
                put_away(path, keeping.archive)


def compress(path: Path) -> None:
    """The file as .gz, whole or not at all."""
    fresh = path.with_name(path.name + ".gz.new")
    facts = path.stat()
    with path.open("rb") as source, open(fresh, "wb", opener=_private) as raw:
        with gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) as target:
            shutil.copyfileobj(source, target, 1 << 18)
        raw.flush()
        os.fsync(raw.fileno())
    os.utime(fresh, (time.time(), facts.st_mtime))
    fresh.replace(path.with_name(path.name + ".gz"))
    path.unlink()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def put_away(path: Path, archive: Path | None) -> None:
    """Into the archive, which may lie on another disk; without one it is removed."""
    if archive is not None:
        archive.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = archive / (path.name + ".new")
        shutil.copy2(path, fresh)
        fresh.replace(archive / path.name)
    path.unlink()
