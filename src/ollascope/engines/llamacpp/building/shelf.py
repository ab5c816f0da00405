"""The wheels that were built for this user, kept outside every checkout and data folder; one builder at a time."""

import errno
import fcntl
import os
import shutil
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from packaging.tags import sys_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from ollascope.engines.llamacpp.building.failure import no_room
from ollascope.words.errors import FolderUnusable, Interrupted, StorageTrouble

NAME = "wheels"
LIBRARY = "llama_cpp/lib/"
LOOK_S = 0.1
ELSEWHERE = "set XDG_CACHE_HOME to a folder that only you can write"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One wheel on the shelf."""

    recipe: str
    wheel: Path
    bytes: int


class Shelf:
    """A folder with a folder for each recipe, and the wheel of that recipe in it."""

    def __init__(self, cache: Path) -> None:
        self.folder = cache / NAME

    def find(self, recipe: str) -> Path | None:
        """The whole wheel of a recipe that this Python can install."""
        found = sorted((self.folder / recipe).glob("*.whl"))
        return next((wheel for wheel in found if fits(wheel) and is_whole(wheel)), None)

    def kept(self) -> list[Kept]:
        """All that is kept, whole or not."""
        found = sorted(self.folder.glob("*/*.whl"))
        return [Kept(recipe=wheel.parent.name, wheel=wheel, bytes=wheel.stat().st_size) for wheel in found]

    def keep(self, recipe: str, wheel: Path) -> Path:
        """Put a wheel on the shelf in one step; whoever looks meanwhile sees the one before, or none."""
        place = self.folder / recipe / wheel.name
        with self._told(place):
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh = place.with_name(f".{wheel.name}.{os.getpid()}.new")
            try:
                shutil.copyfile(wheel, fresh)
                with fresh.open("rb") as file:
                    os.fsync(file.fileno())
                fresh.replace(place)
            finally:
                fresh.unlink(missing_ok=True)
        return place

    def open(self) -> None:
        """Make the folder if it is not there; one that others may write is refused, since its wheels are run."""
        with self._told(self.folder):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self.folder.stat().st_mode & 0o002:
                raise FolderUnusable(f"every user may write into {self.folder}", hint=f"chmod o-w it, or {ELSEWHERE}")
            if not os.access(self.folder, os.W_OK | os.X_OK):
                raise FolderUnusable(f"{self.folder} may not be written by this user", hint=ELSEWHERE)

    @contextmanager
    def hold(self, recipe: str, stop: Event, waiting: Callable[[], None]) -> Iterator[None]:
        """Be the only builder of a recipe; `waiting` is called once if another one is at it."""
        with self._told(self.folder):
            descriptor = os.open(self.folder / f"{recipe}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if _wait(descriptor, stop, waiting):
                self._sweep(recipe)
            yield
        finally:
            os.close(descriptor)

    @contextmanager
    def work(self, recipe: str) -> Iterator[Path]:
        """A folder to build in, on the shelf's own disk, gone afterwards."""
        with self._told(self.folder):
            folder = Path(tempfile.mkdtemp(prefix=_work_name(recipe), dir=self.folder))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _sweep(self, recipe: str) -> None:
        """Remove what a builder that was killed has left; called only by whoever holds the lock."""
        for folder in self.folder.glob(f"{_work_name(recipe)}*"):
            shutil.rmtree(folder, ignore_errors=True)
        for file in (self.folder / recipe).glob(".*.new"):
            with suppress(OSError):
                file.unlink()

    @contextmanager
    def _told(self, path: Path) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise _trouble(path, error) from error


def fits(wheel: Path) -> bool:
    """Whether this Python may install a wheel of that name."""
    try:
        tags = parse_wheel_filename(wheel.name)[3]
    except InvalidWheelFilename:
        return False
    return any(tag in tags for tag in sys_tags())


def is_whole(wheel: Path) -> bool:
    """Whether every byte of the wheel is as it was packed, and the library is in it."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            return archive.testzip() is None and any(name.startswith(LIBRARY) for name in archive.namelist())
    except (OSError, zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, NotImplementedError, RuntimeError):
        return False


def is_unpacked(wheel: Path, package: Path) -> bool:
    """Whether the libraries of a package folder are those of a whole wheel, byte for byte."""
    with zipfile.ZipFile(wheel) as archive:
        members = [member for member in archive.infolist() if member.filename.startswith(LIBRARY)]
    try:
        return all(zlib.crc32((package.parent / member.filename).read_bytes()) == member.CRC for member in members)
    except OSError:
        return False


def _work_name(recipe: str) -> str:
    """Short, because the paths of a build are deep and some tools bound them."""
    return f"work-{recipe.rpartition('-')[2]}-"


def _wait(descriptor: int, stop: Event, waiting: Callable[[], None]) -> bool:
    """Whether the lock was had; a file system without locks builds without one, since keeping is one step anyway."""
    told = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in {errno.EAGAIN, errno.EACCES}:
                return False
        else:
            return True
        if not told:
            waiting()
            told = True
        if stop.is_set():
            raise Interrupted("the build was stopped", hint="`ollascope engine build` starts it again")
        time.sleep(LOOK_S)


def _trouble(path: Path, error: OSError) -> StorageTrouble:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return no_room(path)
    return FolderUnusable(f"{path} cannot be used: {error.strerror or error}", hint=ELSEWHERE)
