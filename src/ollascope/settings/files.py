"""Reading a settings or secret file: whole, bounded, and never waiting for one that is no plain file."""

import codecs
import errno
import os
import stat
from pathlib import Path

from ollascope.settings.findings import printable
from ollascope.words.errors import BadSettings, BadUsage, DiskFull, FolderUnusable

LARGEST = 256 * 1024
LARGEST_SECRET = 64 * 1024

_REASONS = {
    errno.ENOENT: ("there is no such file", "check the name, or write one with `ollascope settings init`"),
    errno.ENOTDIR: ("a part of the path is no folder", "check the path"),
    errno.EACCES: ("may not be read", "give the user who runs Ollascope the right to read it"),
    errno.EPERM: ("may not be read", "give the user who runs Ollascope the right to read it"),
    errno.ELOOP: ("is a symbolic link that leads back to itself", "replace the link by the file"),
    errno.ENAMETOOLONG: ("has a name longer than the file system allows", "check the path"),
    errno.ENXIO: ("is a socket, not a file", "name a plain file"),
}


def read(path: Path, *, largest: int = LARGEST) -> bytes:
    """The bytes of a plain file of at most `largest` bytes."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe must not make us wait
    except OSError as error:
        raise _told(error) from error
    except ValueError as error:  # a NUL in the path
        raise BadSettings("is no possible file name", hint="check the path") from error
    try:
        _refuse_odd(os.fstat(descriptor), largest)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            data = file.read(largest + 1)
    except OSError as error:
        raise _told(error) from error
    finally:
        os.close(descriptor)
    if len(data) > largest:
        raise _huge(len(data), largest)
    return data


def is_absent(path: Path) -> bool:
    """Whether nothing lies at that path: neither a file nor a link that leads nowhere."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return False
    return False


def is_empty(path: Path) -> bool:
    """Whether a file that can be read has nothing but blanks in it."""
    return not read(path).removeprefix(codecs.BOM_UTF8).strip()


def write(path: Path, text: str, *, overwrite: bool) -> None:
    """Put a text into a file that only its owner may read, whole or not at all; a link stays and leads to it."""
    try:
        if os.path.lexists(path) and not overwrite:
            raise BadUsage(f"{printable(str(path))} is there already", hint="--force overwrites it; or name another")
        if os.path.lexists(path) and not path.is_file():
            raise BadUsage(f"{printable(str(path))} is not a file", hint="name another")
        _replace(path.resolve(), text)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no possible file name"
        what = f"{printable(str(path))} cannot be written: {reason}"
        if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFull(what, hint="free space, or name a file on another disk") from error
        raise FolderUnusable(what, hint="make its folder first, or name another file") from error


def _replace(path: Path, text: str) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def line_of(data: bytes, position: int) -> int:
    """The line, counted from 1, that a byte stands on."""
    before = data[:position].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return before.count(b"\n") + 1


def _refuse_odd(facts: os.stat_result, largest: int) -> None:
    if stat.S_ISDIR(facts.st_mode):
        raise BadSettings("is a folder, not a file", hint="name the file inside it")
    if not stat.S_ISREG(facts.st_mode):
        raise BadSettings("is a pipe or a device, not a plain file", hint="save it as a plain file and name that")
    if facts.st_size > largest:
        raise _huge(facts.st_size, largest)


def _huge(size: int, largest: int) -> BadSettings:
    return BadSettings(
        f"is too large: {size:,} bytes, allowed are {largest:,}", hint="is it the right file? settings take a few KB"
    )


def _told(error: OSError) -> BadSettings:
    what, hint = _REASONS.get(error.errno or 0, ("cannot be read", "check the file and its disk"))
    known = error.errno in _REASONS
    return BadSettings(what if known else f"{what} ({error.strerror})", hint=hint)
