"""Tests that were started from a page: each a process of its own that outlives the dashboard, and what it said."""

import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from ollascope.bench import folder as names
from ollascope.bench.running.place import save
from ollascope.processes.files import open_private, private_folder, trouble
from ollascope.processes.identity import Identity, identify, is_alive, send
from ollascope.words.errors import RecordInvalid
from ollascope.words.record import Json, loads

Kind = Literal["run", "quick", "resume"]

FOLDER: Final = ".started"  # beside the runs; a name with a dot is none of a run
KEPT: Final = 200
LARGEST: Final = 1 << 20
LONGEST_WORDS: Final = 500
RECORD, SAID, ERRORS = "launch.json", "said.json", "errors.txt"
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,109}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be started."""

    id: str
    kind: Kind
    words: Sequence[str]  # behind the name of the program
    model: str = ""  # none: the one in memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """One start: which process, and what it was to do."""

    id: str
    kind: Kind
    at: float  # seconds since 1970
    who: Identity
    words: tuple[str, ...] = ()
    model: str = ""
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Farewell:
    """What a process said when it ended: what happened, and what to do."""

    message: str
    hint: str = ""


class Launches:
    """Starts tests and finds them again, also after the dashboard was started anew."""

    def __init__(self, data: Path, program: Sequence[str], wall: Callable[[], float]) -> None:
        self._top = names.results(data) / FOLDER
        self._program = (*program, "--quiet")
        self.now = wall
        self._children: list[subprocess.Popen[bytes]] = []
        self._over: dict[str, int] = {}  # whose process has ended, and when that start was written down
        self._lock = threading.Lock()

    def free(self, wanted: str) -> str:
        """The same id, or one with a number behind it where there is such a run."""
        number = 1
        while any((place / _numbered(wanted, number)).exists() for place in (self._top, self._top.parent)):
            number += 1
        return _numbered(wanted, number)

    def start(self, order: Order) -> Launch:
        """Begin; the process has no terminal, and is not ended with the one that started it."""
        place = self._top / order.id
        for folder in (self._top.parent, self._top, place):
            private_folder(folder)
        with self._lock:
            self._reap()
            self._prune()
            child = self._open(place, order.words)
            self._children.append(child)
        at = self.now()
        launch = Launch(
            id=order.id, kind=order.kind, at=at, who=identify(child.pid, at), words=tuple(order.words),
            model=order.model,
        )  # fmt: skip
        save(place / RECORD, launch)
        return launch

    def find(self, wanted: str) -> Launch | None:
        """The start of this id, whether or not it still runs."""
        if not _ID.fullmatch(wanted):
            return None
        try:
            return loads(Launch, (self._top / wanted / RECORD).read_bytes())
        except (OSError, RecordInvalid):
            return None

    def all(self) -> list[Launch]:
        """Every start that is remembered, the latest first."""
        found = [launch for place in self._places() if (launch := self.find(place.name)) is not None]
        return sorted(found, key=lambda launch: (launch.at, launch.id), reverse=True)

    def under_way(self) -> list[Launch]:
        """Those whose process still runs, the latest first."""
        found = []
        for place in self._places():
            written = _written(place / RECORD)
            launch = None if self._over.get(place.name) == written else self.find(place.name)
            if launch is not None and self.runs(launch):
                found.append(launch)
            elif launch is not None:
                self._over[place.name] = written
        return sorted(found, key=lambda launch: (launch.at, launch.id), reverse=True)

    def runs(self, launch: Launch) -> bool:
        """Whether its process has not ended; one of ours that has is not left behind as a zombie."""
        alive = is_alive(launch.who)
        with self._lock:
            self._reap()
        return alive

    def said(self, launch: Launch) -> bytes:
        """What it wrote to standard output."""
        return _read(self._top / launch.id / SAID)

    def farewell(self, launch: Launch) -> Farewell | None:
        """Why it ended, in the words of the command line; nothing where it ended well."""
        return read_farewell(_read(self._top / launch.id / ERRORS).decode("utf-8", "replace"))

    def stop(self, launch: Launch) -> bool:
        """Ask it to end with what there is; false where it has ended."""
        return send(launch.who, signal.SIGTERM)

    def forget(self, wanted: str) -> None:
        """Remove what is remembered of a start."""
        if _ID.fullmatch(wanted):
            shutil.rmtree(self._top / wanted, ignore_errors=True)

    def _open(self, place: Path, words: Sequence[str]) -> "subprocess.Popen[bytes]":
        flags = os.O_WRONLY | os.O_TRUNC
        try:
            out, errors = open_private(place / SAID, flags), open_private(place / ERRORS, flags)
            with os.fdopen(out, "wb") as said, os.fdopen(errors, "wb") as wrong:
                return subprocess.Popen(
                    [*self._program, *words], stdin=subprocess.DEVNULL, stdout=said, stderr=wrong,
                    start_new_session=True,
                )  # fmt: skip
        except OSError as error:
            raise trouble(place, error) from error

    def _places(self) -> list[Path]:
        try:
            return [place for place in self._top.iterdir() if place.is_dir()]
        except OSError:
            return []

    def _reap(self) -> None:
        self._children = [child for child in self._children if child.poll() is None]

    def _prune(self) -> None:
        """Forget the oldest; ids begin with their time."""
        for place in sorted(self._places(), key=lambda place: place.name)[:-KEPT]:
            shutil.rmtree(place, ignore_errors=True)


def read_farewell(text: str) -> Farewell | None:
    """The last thing that a command told of itself: its line, and the hint below it."""
    lines = text.splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith("ollascope:")]
    if not starts:
        rest = [line for line in lines if line.strip()]
        return Farewell(message=rest[-1].strip()[:LONGEST_WORDS]) if rest else None
    hints: list[str] = []
    for line in lines[starts[-1] + 1 :]:
        if not line.startswith("  "):
            break
        hints.append(line.strip())
    message = lines[starts[-1]].removeprefix("ollascope:").strip()
    return Farewell(message=message[:LONGEST_WORDS], hint=" ".join(hints)[:LONGEST_WORDS])


def _numbered(wanted: str, number: int) -> str:
    return wanted if number == 1 else f"{wanted}-{number}"


def _written(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LARGEST)
    except OSError:
        return b""
