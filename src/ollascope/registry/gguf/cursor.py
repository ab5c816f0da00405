"""A place in a model file that only moves forward, within the file and within bounds."""

import os
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ollascope.settings.findings import printable
from ollascope.words.errors import LoadFailed, ModelMissing, StorageTrouble

HEAD_LIMIT = 64 * 2**20  # all that stands before the weights; the largest vocabularies in use take 20 MB
CHUNK = 2**18
AGAIN = "download or convert the file again"


class Cursor:
    """Reads a file from its start in pieces that the caller bounds; what is missing is an error of the file."""

    def __init__(self, file: BinaryIO, *, name: str, size: int) -> None:
        self._file = file
        self._buffer = b""
        self._at = 0  # in the buffer
        self._base = 0  # where in the file the buffer starts
        self.name = name
        self.size = size

    @property
    def position(self) -> int:
        """How many bytes of the file lie behind."""
        return self._base + self._at

    @property
    def left(self) -> int:
        """How many bytes of the file lie ahead."""
        return self.size - self.position

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        self._want(count)
        piece = self._buffer[self._at : self._at + count]
        self._at += count
        return piece

    def number(self, code: str) -> int | float | bool:
        """The next number, packed as `code` says."""
        layout = struct.Struct("<" + code)
        value: int | float | bool = layout.unpack(self.take(layout.size))[0]
        return value

    def count(self, code: str = "Q") -> int:
        """The next number, which counts something."""
        return int(self.number(code))

    def skip(self, count: int) -> None:
        """Go over `count` bytes without reading them."""
        self._check(count)
        if self._at + count <= len(self._buffer):
            self._at += count
        else:
            self._move(self.position + count)

    def skip_strings(self, count: int) -> None:
        """Go over `count` texts, each behind its length."""
        length_of = struct.Struct("<Q").unpack_from
        for _ in range(count):
            if self._at + 8 > len(self._buffer):
                self._want(8)
            length = length_of(self._buffer, self._at)[0]
            self._at += 8
            if self._at + length <= len(self._buffer):
                self._at += length
            else:
                self.skip(length)

    def broken(self, what: str, hint: str = AGAIN) -> LoadFailed:
        """The error that this file is, with its name."""
        return LoadFailed(f"{self.name}: {what}", hint=hint)

    def _want(self, count: int) -> None:
        self._check(count)
        if self._at + count > len(self._buffer):
            self._move(self.position)
            self._buffer = self._file.read(max(count, CHUNK))
            if len(self._buffer) < count:  # it has become shorter since it was opened
                raise self.broken("the file changed while it was read", "wait until its download has ended")

    def _check(self, count: int) -> None:
        if count > self.left:
            raise self.broken(f"the file is cut short: {self.size:,} bytes, and more were announced")
        if self.position + count > HEAD_LIMIT:
            raise self.broken(f"more than {HEAD_LIMIT // 2**20} MB before the weights: no model has that")

    def _move(self, position: int) -> None:
        self._file.seek(position)
        self._buffer, self._at, self._base = b"", 0, position


@contextmanager
def opened(path: Path) -> Iterator[Cursor]:
    """A cursor at the start of a plain file."""
    name = printable(str(path))
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe must not make us wait
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ModelMissing(f"there is no file {name}", hint="check the path") from error
    except (OSError, ValueError) as error:  # a ValueError is a NUL in the path
        raise _unreadable(name, error) from error
    facts = os.fstat(descriptor)
    if not stat.S_ISREG(facts.st_mode):
        os.close(descriptor)
        kind = "a folder" if stat.S_ISDIR(facts.st_mode) else "no plain file"
        raise StorageTrouble(f"{name} is {kind}", hint="name a GGUF file")
    with os.fdopen(descriptor, "rb") as file:
        try:
            yield Cursor(file, name=name, size=facts.st_size)
        except OSError as error:
            raise _unreadable(name, error) from error


def _unreadable(name: str, error: OSError | ValueError) -> StorageTrouble:
    reason = error.strerror if isinstance(error, OSError) else "no possible file name"
    return StorageTrouble(f"{name} cannot be read: {reason}", hint="check the path and who may read it")
