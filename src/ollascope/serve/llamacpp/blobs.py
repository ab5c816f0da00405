"""Files that are sent to the server, and models made from them, in a folder of our own."""

import asyncio
import errno
import hashlib
import os
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

from ollascope.apis.body import refuse
from ollascope.registry.gguf.read import read_header
from ollascope.words.errors import DiskFull, FolderUnusable, LoadFailed

FOLDER = "blobs"
_DIGEST = re.compile(r"sha256[:-]([0-9a-f]{64})")


class Blobs:
    """The files of one models folder; each is whole or not there."""

    def __init__(self, models: Path) -> None:
        self._models = models
        self._folder = models / FOLDER

    def has(self, digest: str) -> bool:
        return self._path(digest).is_file()

    async def take(self, digest: str, pieces: AsyncIterator[bytes]) -> None:
        """A file arrives; its name must be the hash of what it holds."""
        path, found = self._path(digest), hashlib.sha256()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{os.getpid()}.{id(pieces):x}")
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                async for piece in pieces:
                    found.update(piece)
                    await asyncio.to_thread(file.write, piece)
            if f"sha256:{found.hexdigest()}" != digest.replace("-", ":", 1):
                raise refuse(f'digest mismatch, expected "{digest}", got "sha256:{found.hexdigest()}"')
            part.replace(path)
        except OSError as error:
            raise _told(path, error) from error
        finally:
            part.unlink(missing_ok=True)

    async def place(self, digest: str, target: Path) -> None:
        """A file that was sent becomes a model, if it is one."""
        path = self._path(digest)
        if not path.is_file():
            raise refuse(f"open /models/blobs/{digest.replace(':', '-')}: no such file or directory")
        try:
            await asyncio.to_thread(read_header, path)
        except LoadFailed as error:
            raise LoadFailed(error.message, hint=error.hint, status=400) from error
        await asyncio.to_thread(self.link, path, target)

    def link(self, source: Path, target: Path) -> None:
        """The same bytes under another name; a copy where the disk knows no links."""
        try:
            try:
                os.link(source, target)
            except OSError:
                part = target.with_name(f".{target.name}.{os.getpid()}")
                shutil.copyfile(source, part)
                part.replace(target)
        except OSError as error:
            raise _told(target, error) from error

    def remove(self, path: Path) -> None:
        """The file goes, and the one that was sent for it."""
        try:
            facts = path.stat()
            same = [blob for blob in self._folder.glob("sha256-*") if os.path.samestat(blob.stat(), facts)]
            path.unlink()
            if facts.st_nlink == len(same) + 1:  # nobody else has a name for it
                for blob in same:
                    blob.unlink()
        except OSError as error:
            raise _told(path, error) from error

    def _path(self, digest: str) -> Path:
        match = _DIGEST.fullmatch(digest)
        if match is None:
            raise refuse("invalid digest format")
        return self._folder / f"sha256-{match[1]}"


def _told(path: Path, error: OSError) -> DiskFull | FolderUnusable:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DiskFull(f"no room for {path}", hint="free space on that disk")
    return FolderUnusable(f"{path} cannot be written: {error.strerror}", hint="check who may write there")
