"""What lies where and how big it is, and how long it is kept."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from ollascope.settings.data import Spot, measure, spots
from ollascope.settings.files import is_absent
from ollascope.settings.load import Settings
from ollascope.words.errors import StorageTrouble
from ollascope.words.record import Json

KEPT = (  # the settings that say how long something is kept, and where it goes then
    "ledger.calls_days", "ledger.calls_mib", "ledger.samples_days", "ledger.samples_mib", "ledger.minutes_days",
    "ledger.hours_days", "ledger.archive", "logs.rotate_mib", "logs.rotate_hours", "logs.keep_files", "logs.keep_days",
    "logs.archive", "monitor.daily_days", "alerts.history",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One thing that is kept: where, how many files, how big; None where it is not there or cannot be read."""

    name: str
    path: str
    meaning: str
    files: int | None = None
    bytes: int | None = None
    share: float | None = None  # of the whole folder

    def to_json(self) -> dict[str, Json]:
        """As a program reads it."""
        return {"name": self.name, "path": self.path, "meaning": self.meaning, "files": self.files,
                "bytes": self.bytes}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """The data folder: what lies in it, the largest first, and the room that its disk has."""

    folder: str
    files: int
    bytes: int
    places: Sequence[Measured]
    free: int | None = None
    total: int | None = None


def store_of(settings: Settings) -> Store:
    """Measure the data folder; a settings file that lies elsewhere stands after what lies in it."""
    folder = settings.data_folder
    known = {spot.path: _measured(spot) for spot in spots(folder, settings.file)}
    whole = known.pop(folder)
    share = partial(_with_share, whole=whole.bytes or 0)
    inside = [share(one) for path, one in known.items() if path.parent == folder]
    elsewhere = [one for path, one in known.items() if path.parent != folder]
    free, total = _room(folder)
    return Store(
        folder=str(folder), files=whole.files or 0, bytes=whole.bytes or 0,
        places=[*sorted(inside, key=lambda one: -(one.bytes or 0)), *elsewhere], free=free, total=total,
    )  # fmt: skip


def _measured(spot: Spot) -> Measured:
    one = Measured(name=spot.place.name, path=str(spot.path), meaning=spot.place.meaning)
    try:
        if is_absent(spot.path):
            return one
        size = measure(spot.path)
    except (OSError, StorageTrouble):  # it went while it was measured, or is not ours to read
        return one
    return replace(one, files=size.files, bytes=size.bytes)


def _with_share(one: Measured, whole: int) -> Measured:
    return replace(one, share=one.bytes / whole if one.bytes and whole else None)


def _room(folder: Path) -> tuple[int | None, int | None]:
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return None, None
    return usage.free, usage.total
