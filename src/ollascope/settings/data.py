"""Section `data`, and the one folder that everything Ollascope keeps lies in."""

import errno
import os
import pwd
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ollascope.settings.findings import printable
from ollascope.settings.machine import mounts
from ollascope.words.errors import DiskFull, FolderUnusable, StorageTrouble
from ollascope.words.setting import setting

MARKER = ".ollascope"
MARKER_TEXT = "This folder belongs to Ollascope; `ollascope purge` removes it.\n"
NEUTRAL = frozenset({"lost+found"})  # what a fresh disk has at its top

Identity = tuple[int, int]  # the device and the inode of a folder


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A Place and where it is."""

    place: Place
    path: Path


SETTINGS_FILE = Place(name="settings.yaml", meaning="the settings file that is read when no other is named")

PLACES: tuple[Place, ...] = (  # one line for each thing a room keeps
    SETTINGS_FILE,
    Place(name="run", meaning="who holds this folder and how its processes stand; empty when nothing runs"),
    Place(name="logs", meaning="what each process printed and logged"),
    Place(name="ledger", meaning="what was recorded: Calls, Samples and their sums"),
    Place(name="results", meaning="load tests: what was asked, every Call, what came of it"),
    Place(name="summaries", meaning="a page about each day that is over"),
    Place(name="alerts", meaning="which alerts stand, silences, history, and what the judges have learnt"),
    Place(name="dashboard", meaning="the password of the pages, as a hash, and the key of their cookies"),
    Place(name="probes.json", meaning="hashes of known answers, by which a changed model is noticed"),
    Place(name="models", meaning="model files of the embedded engine"),
    Place(name="engine-probe.json", meaning="whether the embedded engine's build computes right on this processor"),
    Place(name="ollama-log.place", meaning="how far the log of an Ollama has been read"),
)
WHOLE = Place(name="data folder", meaning="everything that Ollascope keeps")
ELSEWHERE = Place(name="settings file", meaning="the settings file in force")
OURS = frozenset({MARKER, *(place.name for place in PLACES)})
MOVE = "move them elsewhere, then try again"


def spots(folder: Path, file: Path | None) -> tuple[Spot, ...]:
    """The data folder, what lies in it, and the settings file in force where that lies elsewhere."""
    inside = [Spot(place=WHOLE, path=folder), *(Spot(place=place, path=folder / place.name) for place in PLACES)]
    if file is None or file in {spot.path for spot in inside}:
        return tuple(inside)
    return Spot(place=ELSEWHERE, path=file), *inside


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


def usual_cache(environ: Mapping[str, str], platform: str) -> Path | None:
    """Where this platform keeps what a program can make again; none for a user without a home folder."""
    named = environ.get("XDG_CACHE_HOME", "")
    if platform != "darwin" and named.startswith("/"):
        return Path(named) / "ollascope"
    home = environ.get("HOME") or user_home()
    if not home.startswith("/"):
        return None
    return Path(home) / ("Library/Caches" if platform == "darwin" else ".cache") / "ollascope"


def user_home() -> str:
    """The home folder that the system knows of this user, or an empty text."""
    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:  # a container run as a number without a name
        return ""


def create(folder: Path, *, in_force: Path | None = None) -> None:
    """Make the data folder ours: there, closed to others when it is made, and marked.

    One that was there without our mark must be empty, but for the settings file in force: the names of our things are
    common ones. How open it is stays as its owner made it.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _is_marked(folder):
            return
        others = _unclaimed(folder, in_force)
        if others and not _is_marked(folder):  # which another process may have done meanwhile
            raise FolderUnusable(
                f"{_named(folder)} is not marked as Ollascope's and holds other things: {_listed(others)}",
                hint="name an empty folder with --data or OLLASCOPE_DATA",
            )
        _mark(folder)
    except (OSError, ValueError) as error:
        raise _told(folder, error) from error


def measure(path: Path) -> Size:
    """How many files lie at or under a path and how big they are; links are counted, not followed."""
    sizes = [facts.st_size for _, facts in _all_below(path) if not stat.S_ISDIR(facts.st_mode)]
    return Size(files=len(sizes), bytes=sum(sizes))


def keep_from_purge(folder: Path, homes: frozenset[str]) -> Identity:
    """Refuse a folder that `purge` must never remove, whatever is not surely ours alone; else say which one it is."""
    try:
        reason = _reason_to_keep(folder, homes)
        found = _identity(os.lstat(folder)) if reason is None else (0, 0)
    except OSError as error:
        raise _told(folder, error) from error
    if reason:
        what, hint = reason
        raise FolderUnusable(f"{_named(folder)} {what}", hint=hint)
    return found


def remove(folder: Path, seen: Identity) -> bool:
    """Remove the data folder and all in it; false if the empty folder itself must stay, as a mounted disk's does.

    Only the folder that `keep_from_purge` has seen is touched: all is done from its descriptor, never by its path.
    """
    try:
        here = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise _replaced(folder) from error
    try:
        if _identity(os.fstat(here)) != seen:
            raise _replaced(folder)
        if foreign := _foreign(_inside(here)):
            raise FolderUnusable(f"{_named(folder)} {_strange(foreign)}", hint=MOVE)
        _empty(here)
        return _remove_itself(folder, here)
    except OSError as error:
        raise _told(folder, error) from error
    finally:
        os.close(here)


def _empty(here: int) -> None:
    """Remove what is ours by name; the mark goes last, so that an interrupted removal can be taken up again."""
    for name in sorted(OURS & _inside(here), key=lambda name: name == MARKER):
        if stat.S_ISDIR(os.stat(name, dir_fd=here, follow_symlinks=False).st_mode):
            shutil.rmtree(name, dir_fd=here)
        else:
            os.unlink(name, dir_fd=here)


def _remove_itself(folder: Path, here: int) -> bool:
    left = sorted(_inside(here) - NEUTRAL)
    if left:
        raise FolderUnusable(f"{_named(folder)} {_strange(left)}", hint=MOVE)
    try:
        if _identity(os.lstat(folder)) != _identity(os.fstat(here)):
            raise _replaced(folder)
        folder.rmdir()
    except OSError as error:
        if error.errno not in {errno.EBUSY, errno.ENOTEMPTY, errno.EACCES, errno.EPERM, errno.EROFS}:
            raise
        return False
    return True


def _reason_to_keep(folder: Path, homes: frozenset[str]) -> tuple[str, str] | None:
    if folder.is_symlink():
        return "is a symbolic link", "name the folder it leads to, if that is the one to remove"
    if not folder.is_dir():
        return "is not there", "there is nothing to remove; `ollascope paths` tells what lies where"
    whole = folder.resolve()
    kept = {Path("/"), *(Path(home).resolve() for home in homes if home)}
    if any(whole == path or whole in path.parents for path in kept):
        return "is the root, a home folder or a folder above one", "name the data folder with --data"
    return _reason_within(folder)


def _reason_within(folder: Path) -> tuple[str, str] | None:
    if not _is_marked(folder):
        return f"has no {MARKER} file of ours, so it may not be Ollascope's", "remove it by hand if you are sure"
    if foreign := _foreign(path.name for path in folder.iterdir()):
        return _strange(foreign), MOVE
    if (mount := _mount_in(folder.resolve())) is not None:
        return f"has another disk or folder mounted in it: {printable(str(mount))}", "unmount that, then try again"
    return None


def _mount_in(whole: Path) -> Path | None:
    """The first thing in a folder that lies elsewhere: a mount, also one of the same disk, or another volume."""
    if mounted := [mount.place for mount in mounts() if whole in mount.place.parents]:
        return mounted[0]
    device = os.lstat(whole).st_dev
    return next((path for path, facts in _all_below(whole) if facts.st_dev != device), None)


def _is_marked(folder: Path) -> bool:
    return _mark_in(folder) == MARKER_TEXT.encode()


def _mark_in(folder: Path) -> bytes | None:
    """What the mark says, at most a byte more than ours; none if it is missing or no plain file."""
    try:
        descriptor = os.open(folder / MARKER, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ELOOP, errno.ENXIO}:
            return None
        raise
    try:
        plain = stat.S_ISREG(os.fstat(descriptor).st_mode)
        return os.read(descriptor, len(MARKER_TEXT) + 1) if plain else None
    finally:
        os.close(descriptor)


def _mark(folder: Path) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(folder / MARKER, flags, 0o600)
    try:
        os.write(descriptor, MARKER_TEXT.encode())  # the same bytes, whoever else is at it
    finally:
        os.close(descriptor)


def _unclaimed(folder: Path, in_force: Path | None) -> list[str]:
    """What lies in a folder without our mark and keeps it from being taken."""
    found = {path.name for path in folder.iterdir()} - NEUTRAL
    begun = _mark_in(folder)
    if begun is not None and MARKER_TEXT.encode().startswith(begun):  # a full disk kept it from being written whole
        found.discard(MARKER)
    if in_force is not None and _is_same(in_force, folder / SETTINGS_FILE.name):
        found.discard(SETTINGS_FILE.name)
    return sorted(found)


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except (OSError, ValueError):
        return False


def _inside(here: int) -> set[str]:
    return set(os.listdir(here))


def _foreign(names: Iterable[str]) -> list[str]:
    return sorted(set(names) - OURS - NEUTRAL)


def _identity(facts: os.stat_result) -> Identity:
    return facts.st_dev, facts.st_ino


def _replaced(folder: Path) -> FolderUnusable:
    hint = "nothing was removed from what is there now; see what it is, then try again"
    return FolderUnusable(f"{_named(folder)} was replaced by something else meanwhile", hint=hint)


def _all_below(path: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """A path and, if it is a folder, everything in it, none of it followed."""
    waiting = [path]
    while waiting:
        top = waiting.pop()
        try:
            facts = os.lstat(top)
            below = list(top.iterdir()) if stat.S_ISDIR(facts.st_mode) else []
        except OSError:  # gone meanwhile, or not ours to look into: it has no size for us
            continue
        waiting.extend(below)
        yield top, facts


def _listed(names: list[str]) -> str:
    told = ", ".join(printable(name, limit=40) for name in names[:3])
    return told + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _strange(names: list[str]) -> str:
    return f"holds things that are not Ollascope's: {_listed(names)}"


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
