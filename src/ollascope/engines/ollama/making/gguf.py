"""A look at a GGUF file before it is sent: one that is cut or damaged ends some servers."""

import math
import mmap
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ollascope.words.errors import FolderUnusable, LoadFailed

MAGIC: Final = b"GGUF"
VERSIONS: Final = (2, 3)
MOST_ENTRIES: Final = 1 << 20  # of keys and of tensors: real files have a few hundred
DEEPEST: Final = 4  # arrays within arrays
MOST_DIMENSIONS: Final = 8
ALIGNMENT: Final = 32
STRING, ARRAY = 8, 9
SIZES: Mapping[int, int] = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
BLOCKS: Mapping[int, tuple[int, int]] = {  # of each type of weights: how many stand in a block of how many bytes
    0: (1, 4), 1: (1, 2), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 30: (1, 2),
    2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 36), 20: (32, 18), 39: (32, 17),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292), 16: (256, 66),
    17: (256, 74), 18: (256, 98), 19: (256, 50), 21: (256, 110), 22: (256, 82), 23: (256, 136), 29: (256, 56),
    34: (256, 54), 35: (256, 66),
}  # fmt: skip
HINT: Final = "the download may have been cut: get the file again and compare its checksum"


def check_gguf(path: Path) -> None:
    """Raises LoadFailed where the file is no GGUF, is damaged or ends too early; its weights are not read."""
    try:
        with path.open("rb") as file:
            if not (data := _mapped(file.fileno(), path)):
                raise _damaged(path, "it is empty")
            with data:
                _Walk(data, path).all()
    except OSError as error:
        raise FolderUnusable(
            f"{path} cannot be read: {error.strerror or error}", hint="name a file that is there and may be read"
        ) from error


def _mapped(file: int, path: Path) -> mmap.mmap | None:
    return mmap.mmap(file, 0, access=mmap.ACCESS_READ) if path.stat().st_size else None


class _Walk:
    """Goes over everything before the weights; whatever points beyond the file is damage."""

    def __init__(self, data: mmap.mmap, path: Path) -> None:
        self._data = data
        self._path = path
        self._size = len(data)
        self._at = 0
        self._alignment = ALIGNMENT

    def all(self) -> None:
        self._head()
        tensors, keys = self._number("<Q"), self._number("<Q")
        if tensors > MOST_ENTRIES or keys > MOST_ENTRIES:
            raise self._wrong(f"it claims {tensors} tensors and {keys} keys")
        for _ in range(keys):
            self._pair()
        ends = max((self._tensor() for _ in range(tensors)), default=0)
        begins = -(-self._at // self._alignment) * self._alignment
        if tensors and begins + ends > self._size:
            raise self._wrong(f"it ends at byte {self._size}, its weights at {begins + ends}")

    def _head(self) -> None:
        if self._data[:4] != MAGIC:
            raise self._wrong("it is no GGUF file")
        self._at = 4
        version = self._number("<I")
        if version not in VERSIONS:
            raise self._wrong(f"its version is {version}, readable are {' and '.join(map(str, VERSIONS))}")

    def _pair(self) -> None:
        name = self._text()
        kind = self._number("<I")
        if name == b"general.alignment" and kind == 4:
            self._alignment = self._number("<I")
            if not 1 <= self._alignment <= 1 << 20:
                raise self._wrong(f"its alignment is {self._alignment}")
        else:
            self._value(kind, 0)

    def _value(self, kind: int, depth: int) -> None:
        if kind in SIZES:
            self._skip(SIZES[kind])
        elif kind == STRING:
            self._skip(self._number("<Q"))
        elif kind == ARRAY and depth < DEEPEST:
            self._array(depth)
        else:
            raise self._wrong(f"it holds a value of the unknown type {kind}")

    def _array(self, depth: int) -> None:
        kind, count = self._number("<I"), self._number("<Q")
        if kind in SIZES:
            self._skip(count * SIZES[kind])
            return
        if count > self._size:
            raise self._wrong(f"it claims a list of {count} values")
        for _ in range(count):
            self._value(kind, depth + 1)

    def _tensor(self) -> int:
        """Where its weights end, counted from the end of the head; one of an unknown type has one byte at least."""
        self._text()
        dimensions = self._number("<I")
        if dimensions > MOST_DIMENSIONS:
            raise self._wrong(f"it holds a tensor of {dimensions} dimensions")
        count = math.prod(self._number("<Q") for _ in range(dimensions))
        kind, begins = self._number("<I"), self._number("<Q")
        block, size = BLOCKS.get(kind, (max(1, count), 1))
        return begins + -(-count // block) * size

    def _text(self) -> bytes:
        length = self._number("<Q")
        begins = self._at
        self._skip(length)
        return self._data[begins : begins + length] if length < 256 else b""

    def _number(self, form: str) -> int:
        begins = self._at
        self._skip(struct.calcsize(form))
        value: int = struct.unpack_from(form, self._data, begins)[0]
        return value

    def _skip(self, count: int) -> None:
        if self._at + count > self._size:
            raise self._wrong(f"it ends at byte {self._size}, where more should follow")
        self._at += count

    def _wrong(self, what: str) -> LoadFailed:
        return _damaged(self._path, what)


def _damaged(path: Path, what: str) -> LoadFailed:
    return LoadFailed(f"{path} cannot be a model: {what}", hint=HINT)
