"""The check `disk`: is there room where the data folder lies?"""

import os
from dataclasses import dataclass
from pathlib import Path

from ollascope.checks.finding import Facts, Finding, Surroundings
from ollascope.checks.limits import Checks
from ollascope.console.show import size_text
from ollascope.settings.findings import printable

ID = "disk"
FEW_FILES = 10_000  # a day of the ledger takes a few files, a Run takes some ten
NO_FILES = 100
CLEAN = "delete what is not needed, or put the data folder on a larger disk with --data or OLLASCOPE_DATA"


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """Room for an ordinary user in bytes and in files; `files_total` is 0 where the file system does not count them."""

    place: Path
    total: int
    free: int
    files_total: int
    files_free: int


def check_disk(around: Surroundings) -> Finding:
    """Free room on the disk of the data folder, in bytes and in files."""
    place = existing(around.settings.data_folder)
    try:
        return judge(read_disk(place), around.settings.of(Checks))
    except OSError as error:
        text = f"the room on the disk of {printable(str(place))} cannot be read: {error.strerror}"
        return Finding(id=ID, state="unknown", text=text, hint="see whether the disk is mounted: `df` shows it")


def judge(disk: Disk, limits: Checks) -> Finding:
    """Compare the room with the limits of the settings; a disk can also run out of files."""
    place = printable(str(disk.place))
    facts: Facts = {
        "place": place,
        "total_bytes": disk.total,
        "free_bytes": disk.free,
        "total_files": disk.files_total,
        "free_files": disk.files_free,
    }
    text = f"{size_text(disk.free)} of {size_text(disk.total)} free at {place}"
    files = disk.files_free if disk.files_total else FEW_FILES
    if files < FEW_FILES:
        text += f", but room for only {files} more files (inodes)"
    if disk.free < limits.disk_problem_mib * 2**20 or files < NO_FILES:
        return Finding(id=ID, state="problem", text=text, hint=CLEAN, facts=facts)
    if disk.free < limits.disk_warning_mib * 2**20 or files < FEW_FILES:
        return Finding(id=ID, state="warning", text=text, hint=CLEAN, facts=facts)
    return Finding(id=ID, state="ok", text=text, facts=facts)


def read_disk(place: Path) -> Disk:
    """The room of the file system that holds `place`."""
    reading = os.statvfs(place)
    return Disk(
        place=place,
        total=reading.f_blocks * reading.f_frsize,
        free=reading.f_bavail * reading.f_frsize,
        files_total=reading.f_files,
        files_free=reading.f_favail,
    )


def existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there and can be reached."""
    path = folder.absolute()
    return next((place for place in (path, *path.parents) if _is_folder(place)), Path(path.anchor))


def _is_folder(place: Path) -> bool:
    try:
        return place.is_dir()
    except OSError:  # below a folder that is not ours to look into
        return False
