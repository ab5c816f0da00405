"""The folder of a run: its id, who holds it, and files in it that are written whole or not at all."""

import errno
import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import orjson

from ollascope.bench import folder as names
from ollascope.bench.asked import Asked
from ollascope.processes.files import private_folder, trouble, write_whole
from ollascope.words.errors import BadUsage, FolderUnusable, StorageTrouble
from ollascope.words.record import Json, to_json

LONGEST: Final = 40  # letters of a name that go into an id
TRIES: Final = 1000
ALLOWED: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def run_id(asked: Asked, at: float) -> str:
    """An id that sorts by time and says what was measured: 20261121-101530-qwen3-0.6b."""
    words = asked.name or asked.target.model
    plain = re.sub(r"[^A-Za-z0-9.]+", "-", words.removesuffix(":latest")).strip("-.")[:LONGEST].strip("-.")
    return f"{datetime.fromtimestamp(at, UTC):%Y%m%d-%H%M%S}-{plain or 'run'}".lower()


def check_id(wanted: str | None) -> None:
    """Raise BadUsage where the id of a run could lead elsewhere."""
    if wanted is not None and not ALLOWED.fullmatch(wanted):
        raise BadUsage(f"{wanted!r} cannot be the id of a run", hint="use letters, digits, dots and dashes")


def make_folder(data: Path, wanted: str, *, exactly: bool = False) -> Path:
    """A folder of its own for a run; where the id is taken, another with a number behind it."""
    check_id(wanted)
    top = names.results(data)
    private_folder(top)
    for number in range(1, TRIES):
        path = top / (wanted if number == 1 else f"{wanted}-{number}")
        try:
            path.mkdir(mode=0o700)
        except FileExistsError:
            if exactly:
                break
            continue
        except OSError as error:
            raise trouble(path, error) from error
        return path
    raise FolderUnusable(
        f"there is a run {wanted} already", hint="choose another id; `ollascope bench list` shows them"
    )


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Be the only one who writes a run's folder, as long as this lasts or until this process ends."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise trouble(folder, error) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in {errno.EAGAIN, errno.EACCES}:
                raise trouble(folder, error) from error
            hint = f"`ollascope bench stop {folder.name}` ends it gently"
            raise FolderUnusable(f"the run {folder.name} is under way", hint=hint) from error
        yield
    finally:
        os.close(descriptor)


def is_held(folder: Path) -> bool:
    """Whether a process is writing this run now."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno in {errno.EAGAIN, errno.EACCES}
    finally:
        os.close(descriptor)
    return False


def under_way(data: Path) -> list[str]:
    """The runs of this data folder that are being carried out now."""
    live = names.results(data).glob(f"*/{names.LIVE}")
    return sorted(path.parent.name for path in live if is_held(path.parent))


def save(path: Path, value: object) -> None:
    """A value as JSON, written whole or not at all."""
    save_json(path, to_json(value))


def save_json(path: Path, facts: Json) -> None:
    """Facts as JSON, written whole or not at all."""
    save_bytes(path, orjson.dumps(facts, option=orjson.OPT_INDENT_2) + b"\n")


def save_bytes(path: Path, data: bytes) -> None:
    """A file, written whole or not at all; a full disk keeps nothing of it."""
    try:
        write_whole(path, data)
    except OSError as error:
        with suppress(OSError):
            path.with_name(f"{path.name}.new").unlink()
        raise trouble(path, error) from error


def try_save(path: Path, value: object) -> StorageTrouble | None:
    """Write what the next seconds replace anyway; a full disk must not end a measurement."""
    try:
        save(path, value)
    except StorageTrouble as found:
        return found
    return None


def discard_unused(folder: Path) -> None:
    """Remove the folder of a run that has no Call."""
    if any(path.stat().st_size for path in folder.glob(names.CALLS.replace(".", "*."))):
        return
    for path in folder.iterdir():
        path.unlink(missing_ok=True)
    folder.rmdir()
