"""The log files as lines that can be asked for: by time, level, room, text, request."""

import gzip
import heapq
import json
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import cast

from ollascope.logs.form import LEVELS, Facts, instant
from ollascope.words.errors import BadUsage

NAME = re.compile(r"(?P<stem>.+?)(?:\.(?P<ended>\d{8}T\d{6}Z)(?:\.\d+)?)?\.log(?:\.gz)?")
AGO = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])")
UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
LONGEST = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Which lines are wanted; what is not set does not matter."""

    since: float | None = None
    until: float | None = None
    level: str | None = None
    room: str | None = None
    text: str | None = None
    request: str | None = None

    def wants(self, facts: Facts) -> bool:
        """Whether a line is one of them; `text` is looked for in all of it, capitals or not."""
        at = instant(facts.get("time"))
        if self.since is not None and (at is None or at < self.since):
            return False
        if self.until is not None and (at is None or at > self.until):
            return False
        if self.level is not None and rank(str(facts.get("level"))) < rank(self.level):
            return False
        if self.room is not None and facts.get("room") != self.room:
            return False
        if self.request is not None and facts.get("request") != self.request:
            return False
        return self.text is None or self.text.casefold() in " ".join(map(str, facts.values())).casefold()


@dataclass(slots=True)
class Search:
    """Reads a folder of log files in the order of time; counts what it cannot read."""

    folder: Path
    unreadable_lines: int = 0
    unreadable_files: list[str] = field(default_factory=list)

    def lines(self, wish: Wish) -> Iterator[Facts]:
        """The wanted lines of every process, oldest first."""
        streams = [self._process(files, wish) for files in by_process(self.folder).values()]
        merged = heapq.merge(*streams, key=lambda facts: instant(facts.get("time")) or 0.0)
        yield from (facts for facts in merged if wish.wants(facts))

    def _process(self, files: list[Path], wish: Wish) -> Iterator[Facts]:
        for path in files:
            ended = ended_at(path)
            if wish.since is not None and ended is not None and ended < wish.since - 1:
                continue
            yield from self._file(path, wish)

    def _file(self, path: Path, wish: Wish) -> Iterator[Facts]:
        try:
            with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
                while line := file.readline(LONGEST):
                    if wish.request is not None and wish.request.encode() not in line:
                        continue
                    facts = parse(line)
                    if facts is not None:
                        yield facts
                    elif line.strip():
                        self.unreadable_lines += 1
        except FileNotFoundError:
            return  # compressed or removed meanwhile
        except (OSError, EOFError, ValueError) as error:
            self.unreadable_files.append(f"{path.name}: {error}")


def parse(line: bytes | str) -> Facts | None:
    """One line of a log file."""
    try:
        facts = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return cast("Facts", facts) if isinstance(facts, dict) and "message" in facts else None


def by_process(folder: Path) -> dict[str, list[Path]]:
    """The files of each process, oldest first."""
    found: dict[str, list[Path]] = {}
    try:
        names = sorted(path.name for path in folder.iterdir() if NAME.fullmatch(path.name))
    except OSError:
        return {}
    for name in names:
        match = NAME.fullmatch(name)
        assert match is not None
        if name.endswith(".gz") and name.removesuffix(".gz") in names:
            continue  # it has just been compressed: the plain one goes in a moment
        found.setdefault(match["stem"], []).append(folder / name)
    for files in found.values():
        files.sort(key=lambda path: (ended_at(path) or float("inf"), path.name))
    return found


def ended_at(path: Path) -> float | None:
    """When a file was put aside, by its name; none for one that is being written."""
    match = NAME.fullmatch(path.name)
    stamp = match["ended"] if match else None
    return instant(f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:11]}:{stamp[11:13]}:{stamp[13:15]}Z") if stamp else None


def rank(level: str) -> int:
    """How bad a level is; an unknown one is as good as any."""
    return LEVELS.index(level) if level in LEVELS else len(LEVELS)


def moment(said: str, now: float) -> float:
    """`90s`, `30m`, `2h` or `7d` ago, or a date and time."""
    if ago := AGO.fullmatch(said.strip()):
        return now - float(ago[1]) * UNITS[ago[2]]
    at = _local(said.strip())
    if at is None:
        raise BadUsage(f"{said[:40]!r} is no time", hint="write 30m, 2h, 7d, or a date as 2026-11-21T08:15")
    return at


def _local(said: str) -> float | None:
    try:
        return datetime.fromisoformat(said).timestamp()
    except (ValueError, OverflowError):  # no date, or one that no clock here reaches
        return None


def last(lines: Iterable[Facts], count: int) -> list[Facts]:
    """The newest lines, oldest first."""
    return list(deque(lines, maxlen=count))
