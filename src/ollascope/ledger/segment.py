"""Segments: one file that one process wrote, what its name and first line say, and which of them a day has."""

import errno
import gzip
import os
import re
import socket
import time
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Literal, cast, get_args

import orjson

from ollascope import __version__
from ollascope.words.errors import BadUsage, DiskFull, FolderUnusable, StorageTrouble

Kind = Literal["calls", "samples", "amendments"]

FORMAT = 1
KINDS: tuple[Kind, ...] = get_args(Kind)
DAY_S = 86_400
END_OF_TIME = 253_402_300_800.0  # the first second of the year 10000
RAW = ".jsonl"
SEALED = ".jsonl.gz"
UNFINISHED = "."  # what a name begins with until its file is whole
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_NAME = re.compile(r"(calls|samples|amendments)-(\d{4}-\d\d-\d\d)-([0-9A-HJKMNP-TV-Z]{26})-[a-z0-9.-]*\.jsonl(\.gz)?")
_LONGEST_HEAD = 4096

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
UNUSABLE = {
    errno.EROFS: "lies on a disk that is read-only",
    errno.EACCES: "may not be used by this user",
    errno.EPERM: "may not be used by this user",
    errno.ENOTDIR: "lies under a file, not a folder",
    errno.EEXIST: "is a file, not a folder",
}

Damage = (EOFError, OSError, zlib.error)  # what reading a spoilt file of gzip may raise


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Who writes: which program, on which machine since which start, as which process."""

    writer: str
    host: str
    boot: str
    pid: int

    @classmethod
    def here(cls, writer: str) -> "Origin":
        """This process; containers of one machine share process numbers, so its name and start belong to it."""
        try:
            boot = BOOT_ID.read_text(encoding="ascii").strip()
        except OSError:  # not Linux
            boot = ""
        return cls(writer=writer, host=socket.gethostname(), boot=boot, pid=os.getpid())


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One file; `day` is that of its records, and `id` is the same for the raw file and its sealed twin."""

    path: Path
    kind: Kind
    day: str
    id: str

    @property
    def stray(self) -> bool:
        """Whether somebody put it into the folder of another day, where it does not count."""
        return self.path.parent.name != self.day

    @property
    def sealed(self) -> bool:
        return self.path.name.endswith(SEALED)

    def open(self) -> IO[bytes]:
        """Its bytes as they were written."""
        return cast("IO[bytes]", gzip.open(self.path)) if self.sealed else self.path.open("rb")

    def size(self) -> int:
        """The bytes it takes on the disk; none if it has gone meanwhile."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise told(self.path, error) from error


def segment_name(kind: Kind, day: str, number: str, origin: Origin) -> str:
    """The name of a raw segment: by its id it sorts by the time it was begun and is never taken twice."""
    host = re.sub(r"[^a-z0-9-]+", "-", origin.host.lower())[:24].strip("-") or "host"
    return f"{kind}-{day}-{number}-{host}-{origin.boot[:8] or 'boot'}-{origin.pid}{RAW}"


def header(kind: Kind, day: str, number: str, origin: Origin) -> bytes:
    """The first line: which format, which segment, and who wrote it."""
    told = {
        "ollascope": kind,
        "format": FORMAT,
        "segment": number,
        "day": day,
        "writer": origin.writer,
        "version": __version__,
        "host": origin.host,
        "boot": origin.boot,
        "pid": origin.pid,
        "opened_at": round(time.time(), 3),
    }
    return orjson.dumps(told) + b"\n"


def read_header(segment: Segment) -> dict[str, object] | None:
    """The first line of a segment, or None where it is none of ours."""
    try:
        with segment.open() as file:
            line = file.readline(_LONGEST_HEAD)
        told = orjson.loads(line)
    except (*Damage, orjson.JSONDecodeError):
        return None
    return told if is_header(told) else None


def is_header(told: object) -> bool:
    """Whether a line's object is the first line of a segment."""
    return isinstance(told, dict) and told.get("ollascope") in KINDS and type(told.get("format")) is int


def day_of(at: float) -> str:
    """The day, in UTC, that an instant belongs to."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")


def is_day(name: str) -> bool:
    """Whether a name is that of a day in the calendar."""
    if not _DAY.fullmatch(name):
        return False
    try:
        day_start(name)
    except BadUsage:
        return False
    return True


def day_start(day: str) -> float:
    """The first instant of a day."""
    try:
        return datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()
    except ValueError as error:
        raise BadUsage(f"{day!r} is no day", hint="write it as in 2026-11-21") from error


def days(ledger: Path, since: float | None = None, until: float | None = None) -> list[str]:
    """The days that have a folder and overlap a span of time, oldest first."""
    found = [name for name in sorted(_names(ledger)) if is_day(name)]
    return [
        day for day in found
        if (since is None or day_start(day) + DAY_S > since) and (until is None or day_start(day) < until)
    ]  # fmt: skip


def segments(ledger: Path, day: str, kind: Kind) -> list[Segment]:
    """The segments of a day, each once: of a raw file and its sealed twin the sealed one, of copies the longest."""
    chosen: dict[str, Segment] = {}
    for segment in files(ledger, day, kind):
        rival = chosen.get(segment.id)
        if not segment.stray and (rival is None or _weight(segment) > _weight(rival)):
            chosen[segment.id] = segment
    return [chosen[number] for number in sorted(chosen)]


def files(ledger: Path, day: str, kind: Kind) -> Iterator[Segment]:
    """Every file of a kind in a day's folder: copies, twins and strays among them."""
    for name in sorted(_names(ledger / day)):
        if name.startswith(f"{kind}-") and name.endswith((RAW, SEALED)):
            yield _named(ledger / day / name, kind)


def every_file(ledger: Path, kinds: Iterable[Kind] = KINDS) -> Iterator[Segment]:
    """Every file of the ledger, oldest day first."""
    for day in days(ledger):
        for kind in kinds:
            yield from files(ledger, day, kind)


def _named(path: Path, kind: Kind) -> Segment:
    """The segment at a path; a file that somebody renamed or copied is known by its first line."""
    if (match := _NAME.fullmatch(path.name)) and is_day(match[2]):
        return Segment(path=path, kind=kind, day=match[2], id=match[3])
    unknown = Segment(path=path, kind=kind, day=path.parent.name, id=path.name)
    told = read_header(unknown) or {}
    day, number = told.get("day"), told.get("segment")
    if isinstance(day, str) and is_day(day) and isinstance(number, str):
        return replace(unknown, day=day, id=number)
    return unknown


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 - names alone, a tenth of the cost
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise told(folder, error) from error


def _weight(segment: Segment) -> tuple[bool, int]:
    return segment.sealed, segment.size()


def told(path: Path, error: OSError) -> StorageTrouble:
    """What the system said of a file or folder, in our words."""
    if error.errno in FULL:
        return DiskFull(f"no room left for {path}", hint="free space, or let `ollascope ledger compact` make some")
    reason = UNUSABLE.get(error.errno or 0)
    if reason:
        return FolderUnusable(f"{path} {reason}", hint="name another folder with --data or OLLASCOPE_DATA")
    return StorageTrouble(f"{path} cannot be used ({error.strerror})", hint="look after the disk it lies on")
