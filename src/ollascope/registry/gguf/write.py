"""Writes a GGUF file, version 3: metadata, then the list of tensors, then their bytes, one tensor at a time."""

import errno
import math
import os
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ollascope.registry.gguf.kinds import (
    ALIGNMENT,
    ARRAY,
    BOOL,
    F32,
    I32,
    KIND_NAMED,
    MAGIC,
    NUMBERS,
    STRING,
    U32,
    U64,
)
from ollascope.words.errors import DiskFull, StorageTrouble

VERSION = 3

Plain = str | bool | int | float
Value = Plain | Sequence[str] | Sequence[int] | Sequence[float]
Buffer = bytes | memoryview


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """One tensor: `shape` has the fastest dimension last, `kind` names its packing, `data` makes its bytes."""

    name: str
    shape: tuple[int, ...]
    kind: str
    data: Callable[[], Buffer]  # called when its turn comes: never two tensors in memory at once

    @property
    def size(self) -> int:
        """The bytes that it takes in the file, without padding."""
        return KIND_NAMED[self.kind].bytes_of(math.prod(self.shape))


def write_gguf(path: Path, metadata: Mapping[str, Value], tensors: Sequence[Tensor]) -> None:
    """Put a model into the file `path`, whole or not at all; what was there is replaced."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            file.write(_head(metadata, tensors))
            _pad(file)
            for tensor in tensors:
                _write_tensor(file, tensor)
        beside.replace(path)
    except OSError as error:
        raise _told(path, error) from error
    finally:
        beside.unlink(missing_ok=True)


def _head(metadata: Mapping[str, Value], tensors: Sequence[Tensor]) -> bytes:
    parts = [MAGIC, struct.pack("<IQQ", VERSION, len(tensors), len(metadata))]
    for key, value in metadata.items():
        parts += [_string(key), _value(value)]
    parts += _directory(tensors)
    return b"".join(parts)


def _directory(tensors: Iterable[Tensor]) -> Iterable[bytes]:
    place = 0
    for tensor in tensors:
        yield _string(tensor.name)
        yield struct.pack(f"<I{len(tensor.shape)}Q", len(tensor.shape), *reversed(tensor.shape))
        yield struct.pack("<IQ", KIND_NAMED[tensor.kind].number, place)
        place += _aligned(tensor.size)


def _write_tensor(file: BinaryIO, tensor: Tensor) -> None:
    data = memoryview(tensor.data())
    if data.nbytes != tensor.size:
        raise ValueError(f"tensor {tensor.name} has {data.nbytes} bytes where {tensor.size} were announced")
    file.write(data)
    _pad(file)


def _pad(file: BinaryIO) -> None:
    file.write(bytes(-file.tell() % ALIGNMENT))


def _aligned(size: int) -> int:
    return size + -size % ALIGNMENT


def _value(value: Value) -> bytes:
    if isinstance(value, str | bool | int | float):
        kind = _kind_of(value)
        return struct.pack("<I", kind) + _plain(value, kind)
    items: list[Plain] = list(value)
    kind = I32 if isinstance(items[0], int) else _kind_of(items[0])  # llama.cpp wants the kinds of tokens as int32
    return struct.pack("<IIQ", ARRAY, kind, len(items)) + b"".join(_plain(item, kind) for item in items)


def _kind_of(value: Plain) -> int:
    match value:
        case str():
            return STRING
        case bool():
            return BOOL
        case int():
            return U32 if value < 2**32 else U64
        case _:
            return F32


def _plain(value: Plain, kind: int) -> bytes:
    return _string(value) if isinstance(value, str) else struct.pack("<" + NUMBERS[kind], value)


def _string(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _told(path: Path, error: OSError) -> StorageTrouble:
    what = f"{path} cannot be written: {error.strerror}"
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DiskFull(what, hint="free space, or name a file on another disk")
    return StorageTrouble(what, hint="make its folder first, or name another file")
