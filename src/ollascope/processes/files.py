"""Files that are ours alone: folders 0700, files 0600, written whole or not at all."""

import errno
import os
from pathlib import Path

from ollascope.words.errors import DiskFull, FolderUnusable, StorageTrouble

ELSEWHERE = "name another folder with --data or OLLASCOPE_DATA"


def private_folder(folder: Path) -> None:
    """Make a folder that only this user may look into, if it is not there."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise trouble(folder, error) from error


def open_private(path: Path, flags: int) -> int:
    """Open a file that only this user may read, made if it is not there; a link is not followed."""
    return os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def write_whole(path: Path, data: bytes) -> None:
    """Replace a file in one step: whoever reads sees the old one or the new one. One writer at a time."""
    fresh = path.with_name(f"{path.name}.new")
    descriptor = open_private(fresh, os.O_WRONLY | os.O_TRUNC)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    fresh.replace(path)


def trouble(path: Path, error: OSError) -> StorageTrouble:
    """What the system said about a path, as an error with a hint."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DiskFull(f"no room for {path}", hint=f"free space, or {ELSEWHERE}")
    return FolderUnusable(f"{path} cannot be used: {error.strerror or error}", hint=ELSEWHERE)
