"""The newest log lines first, read from the ends of the files backwards, within a bounded time."""

import gzip
import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic

from ollascope.logs.form import LEVELS, SELDOM, Facts, instant, printable
from ollascope.logs.search import Wish, by_process, ended_at, parse
from ollascope.words.clock import utc_text
from ollascope.words.record import Json

BLOCK = 256 * 1024
LARGEST = 64 << 20  # bytes of a compressed file's text that are searched
LONGEST_LINE = 1 << 20
PATIENCE_S = 0.25
LAST = 253_402_300_000.0  # the last seconds of the year 9999
HEAD = 60  # letters that hold time and level, and nothing that a program says
PASSING = 500
START = b'{"time":"'  # of every line that we write; instants in UTC sort as texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line: which process wrote it, when, and what it says."""

    process: str
    at: float | None
    facts: Facts

    @property
    def level(self) -> str:
        """How bad it is."""
        return self.text("level")

    @property
    def message(self) -> str:
        """What it says."""
        return self.text("message")

    @property
    def more(self) -> dict[str, str]:
        """Its own fields beside what every line has."""
        return {printable(name): self.text(name) for name in self.facts if name not in SELDOM}

    def text(self, name: str) -> str:
        """A field as a text that stays on its line."""
        value = self.facts.get(name)
        return "" if value is None else printable(str(value))

    @property
    def traceback(self) -> str:
        """The lines of an error's way through the program."""
        return "\n".join(map(printable, str(self.facts.get("traceback") or "").splitlines()))

    def to_json(self) -> dict[str, Json]:
        """As a program reads it."""
        return {"process": self.process, **self.facts}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Where the next page begins: at this instant, without the lines of it that were shown already."""

    until: float
    skip: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A page of lines, the newest first; `next` is where older ones begin, None at the very end."""

    lines: Sequence[Line]
    next: Cursor | None = None
    cut: bool = False  # time ran out before the page was full
    unreadable: int = 0  # lines


@dataclass(slots=True)
class Newest:
    """Reads a folder of log files from its newest line on."""

    folder: Path
    clock: Callable[[], float] = monotonic
    unreadable: int = 0
    _until: float | None = field(default=None, init=False)

    def page(self, wish: Wish, count: int, cursor: Cursor | None = None, process: str = "",
             patience_s: float = PATIENCE_S) -> Found:  # fmt: skip
        """The newest so many of the wanted lines that are not newer than the cursor."""
        deadline, lines = self.clock() + patience_s, list[Line]()
        if cursor is not None:
            wish = replace(wish, until=cursor.until if wish.until is None else min(cursor.until, wish.until))
        self._until, left_out = wish.until, cursor.skip if cursor else 0
        for line in self._merged(wish, process):
            if len(lines) == count or self.clock() > deadline:
                cut = len(lines) < count
                return Found(lines=lines, cut=cut, unreadable=self.unreadable, next=_next(lines, line, cursor, cut=cut))
            if not wish.wants(line.facts):
                continue
            if cursor is not None and left_out and line.at == cursor.until:
                left_out -= 1
                continue
            lines.append(line)
        return Found(lines=lines, unreadable=self.unreadable)

    def _merged(self, wish: Wish, process: str) -> Iterator[Line]:
        streams = [self._lines(name, files, wish) for name, files in by_process(self.folder).items()
                   if process in {"", name}]  # fmt: skip
        return heapq.merge(*streams, key=lambda line: -(line.at or 0.0))

    def _lines(self, name: str, files: Sequence[Path], wish: Wish) -> Iterator[Line]:
        """The lines of one process, as far back as they may be wanted."""
        newest = b"\x7f" if self._until is None else _text(self._until + 1)
        quick = _Quick(wish)
        for place in range(len(files) - 1, -1, -1):
            ended = ended_at(files[place])
            if wish.since is not None and ended is not None and ended < wish.since - 1:
                return
            begun = ended_at(files[place - 1]) if place else None
            if wish.until is not None and begun is not None and begun > wish.until + 1:
                continue
            for raw in backwards(files[place]):
                if raw.startswith(START) and raw[len(START) :] > newest:  # saves reading what is surely newer
                    continue
                if quick.rejects(raw):
                    continue
                facts = parse(raw)
                if facts is None:
                    self.unreadable += bool(raw.strip())
                    continue
                at = _moment(facts)
                if self._until is not None and at is not None and at > self._until:
                    continue
                if wish.since is not None and at is not None and at < wish.since:
                    return
                yield Line(process=name, at=at, facts=facts)


class _Quick:
    """Rejects lines that are surely not wanted without reading them; now and then one passes, so that time is kept."""

    def __init__(self, wish: Wish) -> None:
        lower = LEVELS[: LEVELS.index(wish.level)] if wish.level else ()
        self._levels = tuple(f'"level":"{level}"'.encode() for level in lower)
        self._request = (wish.request or "").encode()
        self._count = 0

    def rejects(self, raw: bytes) -> bool:
        """Whether nobody wants this line, by its first letters or because it does not name the request."""
        if self._request not in raw or any(level in raw[:HEAD] for level in self._levels):
            self._count += 1
            return self._count % PASSING != 0
        return False


def backwards(path: Path) -> Iterator[bytes]:
    """The lines of a file, the last one first; none of one that cannot be read or went meanwhile."""
    try:
        if path.suffix == ".gz":
            with gzip.open(path) as packed:
                yield from reversed(packed.read(LARGEST).split(b"\n"))
            return
        with path.open("rb") as file:
            place, rest = file.seek(0, 2), b""
            while place:
                size = min(BLOCK, place)
                place -= size
                file.seek(place)
                first, *others = (file.read(size) + rest).split(b"\n")
                yield from reversed(others)
                rest = first if len(first) <= LONGEST_LINE else b""
            yield rest
    except (OSError, EOFError, ValueError):
        return


def _moment(facts: Facts) -> float | None:
    """When a line was written; what no calendar holds counts as not known."""
    at = instant(facts.get("time"))
    return at if at is not None and 0 <= at < LAST else None


def _text(at: float) -> bytes:
    """An instant as lines begin with it; before and after every line where no calendar holds it."""
    return utc_text(at).encode() if 0 <= at < LAST else b"" if at < 0 else b"\x7f"


def _next(lines: Sequence[Line], line: Line, cursor: Cursor | None, *, cut: bool) -> Cursor | None:
    """Where to go on: at the line that was looked at last, or at the last one that was shown."""
    at = line.at if cut or not lines else lines[-1].at
    if at is None:
        return None
    skip = sum(each.at == at for each in lines)
    return Cursor(until=at, skip=skip + (cursor.skip if cursor is not None and cursor.until == at else 0))
