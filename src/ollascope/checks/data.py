"""The check `data`: can the data folder be used, and by nobody else?"""

import os
import shlex
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ollascope.checks.finding import Facts, Finding, Surroundings
from ollascope.checks.machine.disk import existing
from ollascope.settings.findings import printable
from ollascope.settings.machine import IN_MEMORY, file_system

ID = "data"
NETWORK = {
    "9p", "afs", "beegfs", "ceph", "cifs", "drvfs", "fuse.glusterfs", "fuse.rclone", "fuse.s3fs", "fuse.sshfs",
    "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "smb2", "smb3", "smbfs",
}  # fmt: skip
ELSEWHERE = "choose a folder of your own with --data or OLLASCOPE_DATA"


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """The data folder as it was found; `error` says why nothing can be written there, empty if it can."""

    path: Path
    exists: bool
    error: str = ""
    mode: int = 0o700
    owner: int = 0
    user: int = 0  # who runs this program
    file_system: str = ""


def check_data(around: Surroundings) -> Finding:
    """The data folder: there or to be made, writable, closed to others, and on a disk that keeps what is written."""
    return judge(read_folder(around.settings.data_folder, around.root))


def judge(folder: Folder) -> Finding:
    """Not to be written is a problem; open to others, someone else's or on an unsure disk is a warning."""
    path = printable(str(folder.path))
    facts: Facts = {
        "path": path,
        "exists": folder.exists,
        "writable": not folder.error,
        "mode": f"{folder.mode:04o}" if folder.exists else None,
        "owner": folder.owner if folder.exists else None,
        "file_system": folder.file_system or None,
    }
    if folder.error:
        text = f"{path} cannot be {'written' if folder.exists else 'made'}: {folder.error}"
        return Finding(id=ID, state="problem", text=text, hint=ELSEWHERE, facts=facts)
    complaints = list(_complaints(folder))
    if complaints:
        text = f"{path} {' and '.join(what for what, _ in complaints)}"
        hint = "; ".join(dict.fromkeys(hint for _, hint in complaints))
        return Finding(id=ID, state="warning", text=text, hint=hint, facts=facts)
    text = f"{path} is writable and yours alone" if folder.exists else f"{path} will be made when needed"
    return Finding(id=ID, state="ok", text=text, facts=facts)


def read_folder(path: Path, root: Path) -> Folder:
    """Look at the data folder and try to write, in it or where it would be made; nothing of the trial stays."""
    path = path.absolute()
    place = existing(path)
    facts = place.stat()
    return Folder(
        path=path,
        exists=os.path.lexists(path),
        error=_obstacle(path, place) or try_to_write(place),
        mode=facts.st_mode & 0o7777,
        owner=facts.st_uid,
        user=os.geteuid(),
        file_system=file_system(place, root),
    )


def try_to_write(folder: Path) -> str:
    """Make a folder with a file in it and remove both: empty, or why that failed."""
    try:
        with tempfile.TemporaryDirectory(prefix=".ollascope-check-", dir=folder) as trial:
            (Path(trial) / "trial").write_bytes(b"x" * 4096)
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _obstacle(path: Path, place: Path) -> str:
    """What stands between a folder and the nearest one above it that is there; empty if nothing does."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):  # the second is told below, by its name
        pass
    except OSError as error:
        return error.strerror or str(error)
    standing = next((each for each in (path, *path.parents) if os.path.lexists(each)), place)
    return "" if standing == place else f"{printable(str(standing))} is not a folder"


def _complaints(folder: Folder) -> Iterator[tuple[str, str]]:
    if folder.exists and folder.owner != folder.user:
        yield f"belongs to another user ({folder.owner}, you are {folder.user})", ELSEWHERE
    if folder.exists and folder.mode & 0o077:
        yield (
            f"is open to other users (mode {folder.mode:04o})",
            f"chmod 700 {shlex.quote(printable(str(folder.path)))}",
        )
    if folder.file_system in IN_MEMORY:
        yield f"lies in memory ({folder.file_system}): a restart of the machine empties it", ELSEWHERE
    if folder.file_system in NETWORK:
        yield (
            f"lies on a network file system ({folder.file_system}), where locks are unsure",
            "put the data folder on a local disk with --data or OLLASCOPE_DATA",
        )
