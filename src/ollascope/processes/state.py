"""What the supervisor tells: each event as it comes, and how all stands in the file `run/state.json`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ollascope.processes.files import trouble, write_whole
from ollascope.processes.hold import FOLDER, look
from ollascope.processes.identity import Identity, is_alive
from ollascope.processes.restart import Life, State
from ollascope.words.errors import RecordInvalid, StorageTrouble
from ollascope.words.record import Json, dumps, loads

NAME = "state.json"
LONGEST = 1 << 20  # a file beyond this is none of ours


Kind = Literal["ready", "ended", "failed", "blocked", "killed", "stopping", "settled", "trouble"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something to tell: about which child (empty: about all), in a line, and the child's own last lines."""

    kind: Kind
    name: str = ""
    text: str = ""
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one child stands."""

    state: State
    since: float  # seconds since 1970
    pid: int | None = None
    restarts: int = 0
    address: str | None = None
    port: int | None = None
    page: bool = False
    reason: str | None = None  # why it does not run, or ended the last time
    words: tuple[str, ...] = ()  # its last lines before that
    held: str | None = None  # what it waits for before it may start
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How the supervisor and all its children stand."""

    supervisor: Identity
    children: Mapping[str, Standing]
    settled: bool  # nothing more will come of itself
    extra: Mapping[str, Json] = field(default_factory=dict)


def write_report(data: Path, report: Report) -> None:
    """Tell others how things stand."""
    write_whole(data / FOLDER / NAME, dumps(report).encode())


def remove_report(data: Path) -> None:
    """Nothing stands any more."""
    (data / FOLDER / NAME).unlink(missing_ok=True)


def read_report(data: Path) -> Report | None:
    """How things stand; none if the supervisor of the data folder has ended, or there never was one."""
    path = data / FOLDER / NAME
    try:
        with path.open("rb") as file:
            text = file.read(LONGEST)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise trouble(path, error) from error
    try:
        report = loads(Report, text)
    except RecordInvalid as error:
        hint = "`ollascope down` and `ollascope up` write it again; the children are not harmed"
        raise RecordInvalid(f"{path} cannot be read: {error.message}", hint=hint) from error
    return report if is_alive(report.supervisor) else None


def is_held(data: Path) -> bool:
    """Whether a supervisor holds the data folder."""
    return look(data).held


def own_ports(data: Path) -> dict[int, str]:
    """The ports that children of this data folder's supervisor open, each with the child that has it."""
    try:
        report = read_report(data)
    except StorageTrouble:
        return {}
    children = report.children.items() if report else ()
    return {child.port: f"{name} (pid {child.pid})" for name, child in children if child.port and child.pid}


def told_of(name: str, life: Life, address: str, words: tuple[str, ...]) -> Event | None:
    """What is said about a child that has just come to this point of its life, if anything."""
    match life.state:
        case "ready":
            return Event(kind="ready", name=name, text=address or "runs")
        case "resting":
            rest = f"starts again in {(life.deadline or 0) - life.since:.2g} s"
            return Event(kind="ended", name=name, text=f"{life.reason}; {rest}", words=words)
        case "failed":
            count = len(life.crashes)
            times = f"given up after {count} {'start' if count == 1 else 'starts'}: " if count else ""
            return Event(kind="failed", name=name, text=f"{times}{life.reason}", words=words)
        case _:
            return None
