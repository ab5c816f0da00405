"""Section `data`, and the one folder that everything Ollascope keeps lies in."""

import errno
import os
import pwd
import shutil
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ollascope.settings.findings import printable
from ollascope.words.errors import DiskFull, FolderUnusable, StorageTrouble
from ollascope.words.setting import setting

MARKER = ".ollascope"
MARKER_TEXT = "This folder belongs to Ollascope; `ollascope purge` removes it.\n"
NEUTRAL = frozenset({"lost+found"})  # what a fresh disk has at its top


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """Where Ollascope keeps what it records."""

    folder: Path | None = setting(
        None, "folder for everything Ollascope keeps; null is the usual place of this platform", kind="folder"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One thing that lies in the data folder."""

    name: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much lies somewhere."""

    files: int
    bytes: int


SETTINGS_FILE = Place(name="settings.yaml", meaning="the settings file that is read when no other is named")

PLACES: tuple[Place, ...] = (SETTINGS_FILE,)  # one line for each thing a room keeps


def usual_folder(environ: Mapping[str, str], platform: str) -> Path | None:
    """Where this platform keeps a program's data; none for a user without a home folder."""
    named = environ.get("XDG_DATA_HOME", "")
    if platform != "darwin" and named.startswith("/"):
        return Path(named) / "ollascope"
    home = environ.get("HOME") or user_home()
    if not home.startswith("/"):
        return None
    inside = "Library/Application Support" if platform == "darwin" else ".local/share"
    return Path(home) / inside / "ollascope"


def user_home() -> str:
    """The home folder that the system knows of this user, or an empty text."""
    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:  # a container run as a number without a name
        return ""


def create(folder: Path) -> None:
    """Make the data folder ours: there, closed to others when it is made, and marked."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _is_marked(folder):
            return
        if foreign := _foreign(folder):
            raise FolderUnusable(
                f"{_named(folder)} holds things that are not Ollascope's: {_listed(foreign)}",
                hint="name an empty folder with --data or OLLASCOPE_DATA",
            )
        if folder.stat().st_uid == os.geteuid():
            folder.chmod(0o700)
        _mark(folder)
    except (OSError, ValueError) as error:
        raise _told(folder, error) from error


def measure(path: Path) -> Size:
    """How many files lie at or under a path and how big they are; links are counted, not followed."""
    files = size = 0
    for facts in _all_below(path):
        files += 1
        size += facts.st_size
    return Size(files=files, bytes=size)


def keep_from_purge(folder: Path, homes: frozenset[str]) -> None:
    """Refuse a folder that `purge` must never remove: whatever is not surely ours alone."""
    reason = _reason_to_keep(folder, homes)
    if reason:
        what, hint = reason
        raise FolderUnusable(f"{_named(folder)} {what}", hint=hint)


def remove(folder: Path) -> bool:
    """Remove the data folder and all in it; false if the empty folder itself must stay, as a mounted disk's does."""
    try:
        for path in sorted(folder.iterdir(), key=lambda path: path.name == MARKER):
            if path.name not in NEUTRAL:
                _remove_one(path)
        folder.rmdir()
    except OSError as error:
        if error.errno in {errno.EBUSY, errno.ENOTEMPTY} and not _foreign(folder):
            return False
        raise _told(folder, error) from error
    return True


def _remove_one(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _reason_to_keep(folder: Path, homes: frozenset[str]) -> tuple[str, str] | None:
    if folder.is_symlink():
        return "is a symbolic link", "name the folder it leads to, if that is the one to remove"
    if not folder.is_dir():
        return "is not there", "there is nothing to remove; `ollascope paths` tells what lies where"
    whole = folder.resolve()
    kept = {Path("/"), *(Path(home).resolve() for home in homes if home)}
    if any(whole == path or whole in path.parents for path in kept):
        return "is the root, a home folder or a folder above one", "name the data folder with --data"
    if not _is_marked(folder):
        return f"has no {MARKER} file, so it may not be Ollascope's", "remove it by hand if you are sure"
    if foreign := _foreign(folder):
        return f"holds things that are not Ollascope's: {_listed(foreign)}", "move them elsewhere, then try again"
    return None


def _is_marked(folder: Path) -> bool:
    try:
        return stat.S_ISREG(os.lstat(folder / MARKER).st_mode)
    except FileNotFoundError:
        return False


def _mark(folder: Path) -> None:
    try:
        descriptor = os.open(folder / MARKER, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:  # another process was faster
        return
    with os.fdopen(descriptor, "w") as file:
        file.write(MARKER_TEXT)


def _foreign(folder: Path) -> list[str]:
    known = {MARKER, *NEUTRAL, *(place.name for place in PLACES)}
    return sorted({path.name for path in folder.iterdir()} - known)


def _all_below(path: Path) -> Iterator[os.stat_result]:
    waiting = [path]
    while waiting:
        top = waiting.pop()
        try:
            facts = os.lstat(top)
            if stat.S_ISDIR(facts.st_mode):
                waiting.extend(top.iterdir())
            else:
                yield facts
        except OSError:  # gone meanwhile, or not ours to look into: it has no size for us
            continue


def _listed(names: list[str]) -> str:
    told = ", ".join(printable(name, limit=40) for name in names[:3])
    return told + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _named(folder: Path) -> str:
    return f"folder {printable(str(folder))}"


def _told(folder: Path, error: OSError | ValueError) -> StorageTrouble:
    number = error.errno if isinstance(error, OSError) else None
    if number in {errno.ENOSPC, errno.EDQUOT}:
        return DiskFull(f"no room for {_named(folder)}", hint="free space, or name another disk's folder with --data")
    reason = {
        errno.EEXIST: "is a file, not a folder",
        errno.ENOTDIR: "lies under a file, not a folder",
        errno.EACCES: "may not be written by this user",
        errno.EPERM: "may not be written by this user",
        errno.EROFS: "lies on a disk that is read-only",
    }.get(number or 0, f"cannot be used ({error.strerror if isinstance(error, OSError) else 'not a path'})")
    return FolderUnusable(f"{_named(folder)} {reason}", hint="name another with --data or OLLASCOPE_DATA")
