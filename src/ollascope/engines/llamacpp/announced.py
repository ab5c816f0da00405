"""Where the embedded engine of a data folder is: told in `run/engine.json`, believed while it runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ollascope.processes.files import private_folder, trouble, write_whole
from ollascope.processes.identity import Identity, is_alive
from ollascope.words.errors import RecordInvalid
from ollascope.words.record import Json, dumps, loads

FOLDER = "run"
NAME = "engine.json"
LONGEST = 1 << 16  # a file beyond this is none of ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """An engine that serves: which process, where, which model, and whether that is the demo model."""

    who: Identity
    url: str
    model: str
    demo: bool
    extra: Mapping[str, Json] = field(default_factory=dict)


def announce(data: Path, announced: Announced) -> Announced | None:
    """Tell others where the engine is; one that runs and was there before stays the one, and is answered."""
    before = find_announced(data)
    if before is not None and before.who != announced.who:
        return before
    path = data / FOLDER / NAME
    private_folder(path.parent)
    try:
        write_whole(path, dumps(announced).encode())
    except OSError as error:
        raise trouble(path, error) from error
    return None


def withdraw(data: Path, who: Identity) -> None:
    """This engine ends; what another one told stays."""
    told = _read(data / FOLDER / NAME)
    if told is not None and told.who == who:
        (data / FOLDER / NAME).unlink(missing_ok=True)


def find_announced(data: Path) -> Announced | None:
    """The engine of this data folder, if it runs: a file that a killed one left behind fools nobody."""
    told = _read(data / FOLDER / NAME)
    return told if told is not None and is_alive(told.who) else None


def _read(path: Path) -> Announced | None:
    try:
        with path.open("rb") as file:
            return loads(Announced, file.read(LONGEST))
    except (FileNotFoundError, NotADirectoryError, RecordInvalid):
        return None
    except OSError as error:
        raise trouble(path, error) from error
