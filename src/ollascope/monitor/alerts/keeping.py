"""What outlives the process: alarms, silences and history, each written whole or not at all."""

import json
import logging
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from ollascope.monitor.alerts.silences import Silence, Silences
from ollascope.monitor.alerts.state import Alarms, Held
from ollascope.words.errors import DiskFull, FolderUnusable, RecordInvalid
from ollascope.words.record import dumps, loads

log = logging.getLogger(__name__)

Value = TypeVar("Value")
ALARMS, SILENCES, HISTORY = "alarms.json", "silences.json", "history.jsonl"


class Keeping:
    """The folder that alarms, silences and history lie in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def alarms(self) -> Alarms:
        """What stood when the last process ended, in whatever way."""
        return load_value(self.folder / ALARMS, Alarms) or Alarms()

    def judged_at(self) -> float | None:
        """About when was judged last: what stands is written down at least each minute."""
        try:
            return (self.folder / ALARMS).stat().st_mtime
        except OSError:
            return None

    def keep(self, alarms: Alarms) -> None:
        """Write down what stands."""
        save_value(self.folder / ALARMS, alarms)

    def silences(self, now: float) -> tuple[Silence, ...]:
        """The silences that are not over."""
        found = load_value(self.folder / SILENCES, Silences) or Silences()
        return tuple(each for each in found.all if each.until > now)

    def keep_silences(self, silences: Iterable[Silence]) -> None:
        """Write down the silences."""
        save_value(self.folder / SILENCES, Silences(all=tuple(silences)))

    def remember(self, events: Iterable[Held], most: int) -> None:
        """Add to the history, and cut it once it has twice as many lines as it may keep."""
        lines = [dumps(event) + "\n" for event in events]
        if not lines:
            return
        path = self.folder / HISTORY
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w", encoding="utf-8") as file:
            file.writelines(lines)
        known = path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
        if len(known) > 2 * most:
            write_whole(path, "".join(known[-most:]))

    def history(self, count: int) -> list[Held]:
        """The last events, oldest first; lines that cannot be read are left out."""
        try:
            lines = (self.folder / HISTORY).read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return []
        found: dict[tuple[str, str], Held] = {}
        for line in lines[-2 * count :] if count else []:
            try:
                held = loads(Held, line)
            except RecordInvalid:  # the process ended in the middle of it
                continue
            found[held.id, held.standing] = held
        return list(found.values())[-count:]


def load_value(path: Path, cls: type[Value]) -> Value | None:
    """A value that was saved; None where there is none or it cannot be read, which is logged."""
    try:
        return loads(cls, path.read_bytes())
    except FileNotFoundError:
        return None
    except (RecordInvalid, OSError, json.JSONDecodeError) as error:
        log.warning("%s cannot be read and begins anew: %s", path, error)
        return None


def save_value(path: Path, value: object) -> None:
    """Write a value whole or not at all: whoever kills the process finds the old or the new one."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, dumps(value) + "\n")
    except OSError as error:
        hint = "free space, or give the user who runs Ollascope the right to write there"
        kind = DiskFull if error.errno == 28 else FolderUnusable
        raise kind(f"{path} cannot be written: {error.strerror}", hint=hint) from error


def write_whole(path: Path, text: str) -> None:
    """Replace a file by another in one step."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
