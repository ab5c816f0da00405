"""What lies where and how big it is, and how long it is kept."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ollascope.settings.data import PLACES, measure
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
class Spot:
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
    spots: Sequence[Spot]
    free: int | None = None
    total: int | None = None


def store_of(settings: Settings) -> Store:
    """Measure the data folder; a settings file that lies elsewhere stands beside it."""
    folder = settings.data_folder
    spots = [_spot(place.name, folder / place.name, place.meaning) for place in PLACES]
    whole = _spot("", folder, "")
    inside = sorted((_with_share(spot, whole.bytes or 0) for spot in spots), key=lambda spot: -(spot.bytes or 0))
    elsewhere = settings.file
    if elsewhere is not None and elsewhere.parent != folder:
        inside.append(_spot("settings file", elsewhere, "the settings file in force"))
    free, total = _room(folder)
    return Store(folder=str(folder), files=whole.files or 0, bytes=whole.bytes or 0, spots=inside, free=free,
                 total=total)  # fmt: skip


def _spot(name: str, path: Path, meaning: str) -> Spot:
    try:
        if is_absent(path):
            return Spot(name=name, path=str(path), meaning=meaning)
        size = measure(path)
    except (OSError, StorageTrouble):  # it went while it was measured, or is not ours to read
        return Spot(name=name, path=str(path), meaning=meaning)
    return Spot(name=name, path=str(path), meaning=meaning, files=size.files, bytes=size.bytes)


def _with_share(spot: Spot, whole: int) -> Spot:
    share = spot.bytes / whole if spot.bytes and whole else None
    return Spot(name=spot.name, path=spot.path, meaning=spot.meaning, files=spot.files, bytes=spot.bytes, share=share)


def _room(folder: Path) -> tuple[int | None, int | None]:
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return None, None
    return usage.free, usage.total
