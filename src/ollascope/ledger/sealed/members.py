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
HEAD: Final = 512  # bytes that hold any head of ours
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
        member = _read_head(os.pread(descriptor, HEAD, packed), packed, start)
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


def _member(lines: bytes) -> bytes:
    deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, -15)
    body = deflate.compress(lines) + deflate.flush()
    content = content_of(lines)
    told = {"packed": len(body), "size": len(lines)}
    known = {"first": content.first, "last": content.last, **dict(zip(MOST, content.most, strict=True))}
    text = orjson.dumps(told | {name: number for name, number in known.items() if abs(number) != inf})
    head = _MAGIC + _EXTRA.pack(4 + len(text), _MARK, len(text)) + text
    return head + body + _TAIL.pack(zlib.crc32(lines), len(lines) & 0xFFFFFFFF)


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
            tuple(float(told.get(name, -inf)) for name in MOST),
        )  # fmt: skip
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError):
        return None
    if type(body) is not int or type(size) is not int or body < 0 or size < 0:
        return None
    return Member(packed, fixed + length + body + _TAIL.size, start, size, content)
