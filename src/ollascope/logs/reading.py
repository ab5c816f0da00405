"""One log of an Ollama, read from where it was left: a file or a journal, through the parser, to Traffic."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ollascope.logs.follow import Entry, Tail
from ollascope.logs.journal import Journal
from ollascope.logs.ollama import OllamaLog, Served
from ollascope.logs.traffic import Traffic
from ollascope.words.clock import Clock
from ollascope.words.setting import setting

QUIET_S = 2.0
PLACE = "ollama-log.place"


@dataclass(frozen=True, slots=True, kw_only=True)
class OllamaSource:
    """Where the log of an Ollama is, whose clients may pass Ollascope by."""

    file: Path | None = setting(None, "its log file; null if it has none, or to leave it alone")
    unit: str | None = setting(None, "else the systemd unit whose journal it writes to, usually ollama; null for none")


class Source(Protocol):
    """Where entries come from: a file or a journal."""

    def read(self) -> list[Entry]: ...

    def close(self) -> None: ...


def follow_ollama(section: OllamaSource, folder: Path, traffic: Traffic) -> "Reader | None":
    """The reader that the settings ask for; `folder` is where it keeps its place. None if they ask for none."""
    keep = folder / PLACE
    if section.file is not None:
        return read_file(section.file, traffic, keep)
    return read_journal(section.unit, traffic, keep) if section.unit else None


def read_file(path: Path, traffic: Traffic, keep: Path | None = None) -> "Reader":
    """Follow a log file: from the kept place, or from its end where none was kept."""
    place = kept_place(keep)
    tail = Tail(path, place, from_end=place is None)
    if place is None:
        tail.read()  # goes to the end now, not when the first lines are asked for
    reader = Reader(tail, traffic, keep)
    reader.prime(tail.head())
    return reader


def read_journal(unit: str, traffic: Traffic, keep: Path | None = None) -> "Reader":
    """Follow the journal of a unit: from the kept place, or from this moment on."""
    return Reader(Journal(unit, kept_place(keep)), traffic, keep)


class Reader:
    """Reads one log from where it was left: the source's entries through the parser to Traffic."""

    def __init__(self, source: Source, traffic: Traffic, keep: Path | None = None, clock: Clock | None = None) -> None:
        self._source = source
        self._traffic = traffic
        self._keep = keep
        self._clock = clock or Clock()
        self._log = OllamaLog()
        self._lines: deque[tuple[int, str]] = deque()
        self._count = 0
        self._kept = ""
        self._last_at: float | None = None

    def prime(self, lines: Iterable[str]) -> None:
        """Let the parser learn the log's time zone from its first lines."""
        for line in lines:
            self._log.prime(line)

    def close(self) -> None:
        """Give the log back; what waited for more of it is handed on by the next reader."""
        self._source.close()

    def step(self) -> int:
        """Read what is there, hand it on, keep the place; gives how many lines there were."""
        entries = self._source.read()
        served: list[Served] = []
        for entry in entries:
            self._lines.append((self._count, entry.where))
            self._count += 1
            served += self._log.feed(entry.text, entry.at)
        now = self._clock.monotonic()
        if entries:
            self._last_at = now
        elif self._last_at is not None and now - self._last_at > QUIET_S:
            served += self._log.settle()
            self._last_at = None
        self._traffic.take(served)
        self._save()
        return len(entries)

    def _save(self) -> None:
        """Keep the place of the first line that a reader after a restart would need."""
        needed = self._log.needed_from()
        while len(self._lines) > 1 and self._lines[0][0] < needed:
            self._lines.popleft()
        if self._keep is None or not self._lines or self._lines[0][1] == self._kept:
            return
        self._kept = self._lines[0][1]
        fresh = self._keep.with_name(self._keep.name + ".new")
        fresh.write_text(self._kept + "\n", encoding="utf-8")
        fresh.replace(self._keep)


def kept_place(keep: Path | None) -> str | None:
    """Where a reader before us stopped, or None."""
    if keep is None:
        return None
    try:
        return keep.read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError):
        return None
