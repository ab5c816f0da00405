"""A sealed segment as members of gzip: each holds whole lines, and says in its head how long it is and what is in it.

Any gzip reads such a file from end to end; who looks for a few lines hops from head to head and opens what it needs.
"""

import os
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from typing import IO, Final

import orjson

SIZE: Final = 1 << 18  # bytes of lines, as they were written, that a member has at least; the last one has what is left
LEVEL: Final = 6
MOST: Final = ("end_s", "first_chunk_s", "tokens_in", "tokens_out")  # of which a member tells the greatest
HEAD: Final = 2048  # bytes that hold most heads of ours
LONGEST: Final = 3000  # bytes about single models; with more of them no model is told by itself
PIECE: Final = 1 << 16

_MAGIC: Final = b"\x1f\x8b\x08\x04\0\0\0\0\0\xff"  # deflate, with an extra field, of no time and from no system
_MARK: Final = b"OS"
_EXTRA: Final = struct.Struct("<H2sH")  # length of all extra fields, then the mark and the length of ours
_TAIL: Final = struct.Struct("<II")
_NUMBER: Final = rb"\s*(-?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)"
_AT: Final = re.compile(rb'"(?:sent_)?at":' + _NUMBER)


def value_pattern(field: str) -> re.Pattern[bytes]:
    """Finds the value of a field in lines; a text cannot be taken for it, as its quotation marks have a backslash."""
    return re.compile(b'"' + field.encode() + b'":' + _NUMBER)


_GREATEST: Final = tuple(map(value_pattern, MOST))


@dataclass(frozen=True, slots=True)
class Content:
    """What can be said of lines without reading them one by one: never less than what they hold."""

    first: float  # the times of the records lie between these two
    last: float
    most: tuple[float, ...]  # in the order of MOST
    models: bytes = b""  # JSON: the same of each model; empty where that is not told

    def most_of(self, model: str | None) -> tuple[float, ...] | None:
        """The greatest values of a model's Calls, or of all; None where that model has none."""
        if model is None or not self.models:
            return self.most
        try:
            if orjson.dumps(model) not in self.models:
                return None
        except TypeError:  # half a character, which JSON may write in more than one way
            return self.most
        told = orjson.loads(self.models).get(model)
        return None if told is None else tuple(-inf if value is None else value for value in told)


@dataclass(frozen=True, slots=True)
class Member:
    """Where a member lies in its file, which bytes it holds as they were written, and what is in them."""

    packed: int
    length: int
    start: int
    size: int
    content: Content

    @property
    def end(self) -> int:
        """The offset after its last line."""
        return self.start + self.size


def content_of(lines: bytes | bytearray, end: int | None = None) -> Content:
    """What is in lines, as far as their end."""
    stop = len(lines) if end is None else end
    times = list(map(float, _AT.findall(lines, 0, stop)))
    most = tuple(max(map(float, each.findall(lines, 0, stop)), default=-inf) for each in _GREATEST)
    return Content(min(times, default=inf), max(times, default=-inf), most)


def write_members(file: IO[bytes], out: IO[bytes]) -> None:
    """Compress a whole file."""
    rest = bytearray()
    while piece := file.read(PIECE):
        rest += piece
        cut = rest.rfind(b"\n") + 1
        if cut >= SIZE:
            out.write(_member(bytes(rest[:cut])))
            del rest[:cut]
    out.write(_member(bytes(rest)))


def read_members(file: IO[bytes], begin: Member | None = None) -> Iterator[Member]:
    """The members of a file from one on, or from its first; ends early at what is no head of ours."""
    packed, start = (0, 0) if begin is None else (begin.packed + begin.length, begin.end)
    descriptor, length = file.fileno(), os.fstat(file.fileno()).st_size
    while packed < length:
        member = _read_head(_head(descriptor, packed), packed, start)
        if member is None or packed + member.length > length:
            return
        yield member
        packed, start = packed + member.length, member.end


def read_member(file: IO[bytes], member: Member) -> bytes:
    """The lines of a member; nothing of a damaged one."""
    try:
        return zlib.decompress(os.pread(file.fileno(), member.length, member.packed), wbits=31)
    except zlib.error:
        return b""


def _head(descriptor: int, packed: int) -> bytes:
    head = os.pread(descriptor, HEAD, packed)
    if len(head) < HEAD or not head.startswith(_MAGIC):
        return head
    longer = len(_MAGIC) + 2 + _EXTRA.unpack_from(head, len(_MAGIC))[0]
    return head if longer <= HEAD else os.pread(descriptor, longer, packed)


def _member(lines: bytes) -> bytes:
    deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, -15)
    body = deflate.compress(lines) + deflate.flush()
    content = content_of(lines)
    known = {"first": content.first, "last": content.last, **dict(zip(MOST, content.most, strict=True))}
    told: dict[str, object] = {name: number for name, number in known.items() if abs(number) != inf}
    if models := _models(lines):
        told["models"] = orjson.Fragment(models)
    text = orjson.dumps(told | {"packed": len(body), "size": len(lines)})
    head = _MAGIC + _EXTRA.pack(4 + len(text), _MARK, len(text)) + text
    return head + body + _TAIL.pack(zlib.crc32(lines), len(lines) & 0xFFFFFFFF)


def _models(lines: bytes) -> bytes:
    """The greatest values of each model as JSON; nothing where a line cannot be read, or there are too many."""
    found: dict[str, list[float | None]] = {}
    for line in lines.splitlines():
        try:
            facts = orjson.loads(line)
            model = facts.get("model")
            values = [facts.get(name) for name in MOST]
        except (orjson.JSONDecodeError, AttributeError):
            return b""
        if not isinstance(model, str):
            continue
        most = found.setdefault(model, [None] * len(MOST))
        for place, value in enumerate(values):
            if isinstance(value, int | float) and (most[place] is None or value > most[place]):  # type: ignore[operator]
                most[place] = value
    text = orjson.dumps(found) if found else b""
    return text if len(text) <= LONGEST else b""


def _read_head(head: bytes, packed: int, start: int) -> Member | None:
    """The member whose head this is; None of any other."""
    fixed = len(_MAGIC) + _EXTRA.size
    if len(head) < fixed or not head.startswith(_MAGIC):
        return None
    extra, mark, length = _EXTRA.unpack_from(head, len(_MAGIC))
    if mark != _MARK or extra != length + 4 or fixed + length > len(head):
        return None
    try:
        told = orjson.loads(head[fixed : fixed + length])
        body, size = told["packed"], told["size"]
        content = Content(
            float(told.get("first", inf)), float(told.get("last", -inf)),
            tuple(float(told.get(name, -inf)) for name in MOST), _read_models(told.get("models")),
        )  # fmt: skip
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError):
        return None
    if type(body) is not int or type(size) is not int or body < 0 or size < 0:
        return None
    return Member(packed, fixed + length + body + _TAIL.size, start, size, content)


def _read_models(told: object) -> bytes:
    """What was told of single models, if it has the form it should."""
    if not isinstance(told, dict):
        return b""
    for values in told.values():
        if not isinstance(values, list) or len(values) != len(MOST):
            return b""
        if not all(value is None or type(value) in {int, float} for value in values):
            return b""
    return orjson.dumps(told)
