"""What a GGUF file says before its weights, raw: metadata by key, and the list of tensors. Every claim is checked."""

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from ollascope.registry.gguf.cursor import Cursor
from ollascope.registry.gguf.kinds import (
    ALIGNMENT,
    ARRAY,
    BOOL,
    FILE_MARKS,
    KINDS,
    MAGIC,
    NUMBER_SIZES,
    NUMBERS,
    STRING,
    Kind,
)  # fmt: skip
from ollascope.settings.findings import shown
from ollascope.words.errors import LoadFailed

MOST_KEYS = 65_536
MOST_TENSORS = 65_536
MOST_TEXTS = 4_000_000  # texts in one list: the largest vocabularies in use have half a million merges
LONGEST_KEY = 65_535
LONGEST_NAME = 127  # of a tensor
LONGEST_TEXT = 2**20  # of a value that is kept; longer ones are gone over
KEPT_NUMBERS = 4096  # longer lists of numbers are gone over
LARGEST_ALIGNMENT = 2**20
MOST_DIMENSIONS = 4
MOST_NUMBERS = 2**48  # in one tensor
VERSIONS = (2, 3)  # they differ in what big-endian machines do

Plain = str | bool | int | float
Value = Plain | tuple[int | float | bool, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One tensor as the file lists it."""

    name: str
    shape: tuple[int, ...]
    kind: Kind

    @property
    def numbers(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)

    @property
    def size(self) -> int:
        """The bytes that it takes."""
        return self.kind.bytes_of(self.numbers)


@dataclass(slots=True, kw_only=True)
class Directory:
    """All that stands before the weights; of long lists only the length is kept."""

    version: int
    values: dict[str, Value] = field(default_factory=dict)
    lengths: dict[str, int] = field(default_factory=dict)
    tensors: list[Entry] = field(default_factory=list)
    start: int = 0  # where the weights start


def read_directory(cursor: Cursor) -> Directory:
    """Read from the first byte to the weights; refuses what llama.cpp would refuse, or worse."""
    found = Directory(version=_version(cursor))
    tensors, keys = cursor.count(), cursor.count()
    if tensors > MOST_TENSORS or keys > MOST_KEYS:
        raise cursor.broken(f"{tensors:,} tensors and {keys:,} settings are announced: no model has so many")
    for _ in range(keys):
        _read_value(cursor, found)
    alignment = _alignment(cursor, found.values)
    _read_tensors(cursor, found, tensors, alignment)
    return found


def _version(cursor: Cursor) -> int:
    if cursor.size == 0:
        raise cursor.broken("the file is empty")
    first = cursor.take(min(cursor.size, len(MAGIC)))
    if first != MAGIC:
        raise _foreign(cursor, first + cursor.take(min(cursor.left, 32)))
    version = cursor.count("I")
    if version in VERSIONS:
        return version
    if version & 0xFFFF == 0 and version:
        raise cursor.broken("the file is for big-endian machines", "convert it for this machine")
    if version > VERSIONS[-1]:
        raise cursor.broken(f"GGUF version {version} is newer than {VERSIONS[-1]}", "update Ollascope")
    raise cursor.broken(f"GGUF version {version} is too old", "convert the model again with a current llama.cpp")


def _foreign(cursor: Cursor, first: bytes) -> LoadFailed:
    for mark, what, hint in FILE_MARKS:
        if first.lstrip().lower().startswith(mark):
            return cursor.broken(f"this is no GGUF file but {what}", hint)
    return cursor.broken("this is no GGUF file", "name a file that starts with the letters GGUF")


def _read_value(cursor: Cursor, found: Directory) -> None:
    key = _text(cursor, LONGEST_KEY, "the name of a setting")
    if not key or key in found.lengths or key in found.values:
        raise cursor.broken(f"the setting {shown(key)} is there twice" if key else "a setting has no name")
    kind = cursor.count("I")
    if kind == ARRAY:
        _read_list(cursor, found, key)
    elif kind == STRING:
        _read_text(cursor, found, key)
    elif kind in NUMBERS:
        found.values[key] = _number(cursor, kind, key)
    else:
        raise cursor.broken(f"the setting {shown(key)} has the unknown type {kind}")


def _number(cursor: Cursor, kind: int, key: str) -> int | float | bool:
    if kind == BOOL and (value := cursor.count("B")) > 1:
        raise cursor.broken(f"the setting {shown(key)} is neither true nor false but {value}")
    return bool(value) if kind == BOOL else cursor.number(NUMBERS[kind])


def _read_text(cursor: Cursor, found: Directory, key: str) -> None:
    length = cursor.count()
    if length <= LONGEST_TEXT:
        found.values[key] = cursor.take(length).decode("utf-8", "replace")
    else:
        cursor.skip(length)
        found.lengths[key] = length


def _read_list(cursor: Cursor, found: Directory, key: str) -> None:
    kind, count = cursor.count("I"), cursor.count()
    found.lengths[key] = count
    if kind == STRING:
        if count > MOST_TEXTS:
            raise cursor.broken(f"{shown(key)} lists {count:,} texts: no model has so many")
        cursor.skip_strings(count)
    elif kind in NUMBERS:
        size = NUMBER_SIZES[kind] * count
        if count <= KEPT_NUMBERS:
            found.values[key] = struct.unpack(f"<{count}{NUMBERS[kind]}", cursor.take(size))
        else:
            cursor.skip(size)
    else:
        raise cursor.broken(f"{shown(key)} is a list of the unknown type {kind}")


def _alignment(cursor: Cursor, values: Mapping[str, Value]) -> int:
    alignment = values.get("general.alignment", ALIGNMENT)
    if not isinstance(alignment, int) or not 0 < alignment <= LARGEST_ALIGNMENT or alignment & (alignment - 1):
        raise cursor.broken("general.alignment is no power of two up to a million")
    return alignment


def _read_tensors(cursor: Cursor, found: Directory, count: int, alignment: int) -> None:
    names: set[str] = set()
    end = 0
    for _ in range(count):
        entry, place = _entry(cursor)
        if entry.name in names:
            raise cursor.broken(f"the tensor {shown(entry.name)} is there twice")
        if place != end + -end % alignment:
            raise cursor.broken(f"the tensor {shown(entry.name)} does not stand behind the one before it")
        names.add(entry.name)
        found.tensors.append(entry)
        end = place + entry.size
    found.start = cursor.position + -cursor.position % alignment
    if found.start + end > cursor.size and count:
        raise cursor.broken(f"the file is cut short: {cursor.size:,} of {found.start + end:,} bytes are there")


def _entry(cursor: Cursor) -> tuple[Entry, int]:
    name = _text(cursor, LONGEST_NAME, "the name of a tensor")
    dimensions = cursor.count("I")
    if not 1 <= dimensions <= MOST_DIMENSIONS:
        raise cursor.broken(f"the tensor {shown(name)} has {dimensions} dimensions")
    shape = tuple(cursor.count() for _ in range(dimensions))
    number, place = cursor.count("I"), cursor.count()
    if not all(shape) or math.prod(shape) > MOST_NUMBERS:
        raise cursor.broken(f"the tensor {shown(name)} has an impossible shape")
    kind = KINDS.get(number)
    if kind is None:
        raise cursor.broken(
            f"the tensor {shown(name)} has the unknown type {number}",
            "update Ollascope, or choose another quantisation",
        )
    if shape[0] % kind.numbers:
        raise cursor.broken(f"the tensor {shown(name)} has rows that {kind.name} cannot pack")
    return Entry(name=name, shape=shape, kind=kind), place


def _text(cursor: Cursor, longest: int, what: str) -> str:
    length = cursor.count()
    if length > longest:
        raise cursor.broken(f"{what} is {length:,} bytes long")
    try:
        return cursor.take(length).decode()
    except UnicodeDecodeError as error:
        raise cursor.broken(f"{what} is no text") from error
