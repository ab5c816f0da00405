"""Bodies inside a byte stream: where each ends, and how a piece is framed as a chunk."""

import re
from collections.abc import Callable
from typing import Protocol

from ollascope.pipe.heads import CHUNKED, Crooked
from ollascope.pipe.limits import Sizes

END = b"0\r\n\r\n"
LONGEST_LINE = 1024
SIZE_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})(;[\t\x20-\x7e\x80-\xff]*)?")
SIZE_START = re.compile(rb"[0-9A-Fa-f]{0,16}(;[\t\x20-\x7e\x80-\xff]*)?\r?\Z")
TRAILER_LINE = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*")
TRAILER_START = re.compile(rb"[\t\x20-\x7e\x80-\xff]*\r?\Z")

LARGEST = 4096
"""Reads of fewer bytes are looked up: is this one whole chunk?"""
STARTS: list[tuple[bytes, ...] | bytes] = [()] * LARGEST
"""What one whole chunk of so many bytes, framing and all, starts with; nothing where there is no such chunk."""
BODIES: list[int] = [0] * LARGEST
"""The bytes of the body in it."""


def _know(size: int) -> None:
    line = b"%x\r\n" % size
    count = len(line) + size + 2
    if count < LARGEST:
        STARTS[count] = line if line == line.upper() else (line, line.upper())
        BODIES[count] = size


for _size in range(1, LARGEST):
    _know(_size)


def frame(data: bytes) -> bytes:
    """One chunk; `data` must not be empty."""
    return b"%x\r\n%b\r\n" % (len(data), data)


class Intake(Protocol):
    """Takes what is read and gives back the bytes of the body in it."""

    between: bool
    """The next byte is the first of a chunk's size line."""
    done: bool
    """The body is complete; `rest` is what came after it."""
    rest: bytes
    plain: bool
    """The last bytes fed may be passed on as read: whole chunks, no extension, no trailer, nothing behind the end."""

    def feed(self, data: bytes) -> bytes: ...


def intake(length: int, sizes: Sizes, most: int) -> Intake:
    """What reads a body of this announced length, `most` bytes at most (0: any number)."""
    if length == CHUNKED:
        return Chunks(sizes, most)
    return Counted(length) if length >= 0 else Open()


class Counted:
    """A body of a known number of bytes."""

    __slots__ = ("_left", "between", "done", "plain", "rest")

    def __init__(self, length: int) -> None:
        self.between = False
        self._left = length
        self.done = not length
        self.rest = b""
        self.plain = True

    def feed(self, data: bytes) -> bytes:
        left = self._left = self._left - len(data)
        if left > 0:
            return data
        self.done = True
        if left == 0:
            return data
        self.plain = False
        self.rest = data[left:]
        return data[:left]


class Open:
    """A body that ends with its connection."""

    __slots__ = ("between", "done", "plain", "rest")

    def __init__(self) -> None:
        self.between = False
        self.done = False
        self.rest = b""
        self.plain = True

    def feed(self, data: bytes) -> bytes:
        return data


class Chunks:
    """A chunked body; extensions and trailers are checked, counted and dropped."""

    __slots__ = (
        "_extensions",
        "_held",
        "_left",
        "_most",
        "_room",
        "_step",
        "_total",
        "between",
        "done",
        "plain",
        "rest",
    )

    def __init__(self, sizes: Sizes, most: int) -> None:
        self._step: Callable[[Chunks, bytes, int, list[bytes]], int] = Chunks._size_line
        self.between = True
        self._held = b""
        self._left = 0
        self._total = 0
        self._most = most
        self._extensions = sizes.line
        self._room = sizes.trailer
        self.done = False
        self.rest = b""
        self.plain = True

    def feed(self, data: bytes) -> bytes:
        if self.between:
            # The way a stream usually comes: one read is one whole chunk.
            count = len(data)
            if count < LARGEST and data.startswith(STARTS[count]) and data.endswith(b"\r\n"):
                size = BODIES[count]
                self._count(size)
                self.plain = True
                return data[-size - 2 : -2]
            self.plain = True
        else:
            self.plain = False
        found = self._walk(data)
        self.between = self._step is Chunks._size_line and not self._held
        if not (self.done or self.between) or self.rest:
            self.plain = False
        return found[0] if len(found) == 1 else b"".join(found)

    def _walk(self, data: bytes) -> list[bytes]:
        if self._held:
            data = self._held + data
            self._held = b""
        found: list[bytes] = []
        at = 0
        while not self.done:
            after = self._step(self, data, at, found)
            if after < 0:
                break
            at = after
        else:
            self.rest = data[at:]
        return found

    def _count(self, size: int) -> None:
        self._total += size
        if self._most and self._total > self._most:
            raise Crooked(413, "the body is too long")

    # Each step reads one element at `at` and returns where it ends, or -1 when more bytes are needed.

    def _size_line(self, data: bytes, at: int, _found: list[bytes]) -> int:
        end = data.find(b"\r\n", at, at + LONGEST_LINE)
        if end < 0:
            return self._hold(data, at, SIZE_START, LONGEST_LINE)
        line = SIZE_LINE.fullmatch(data, at, end)
        if line is None:
            raise Crooked(400, "not a chunk size")
        if line[2] is not None:
            self.plain = False
            self._extensions -= len(line[2])
            if self._extensions < 0:
                raise Crooked(400, "too many bytes of chunk extensions")
        size = int(line[1], 16)
        if size:
            self._count(size)
            self._left = size
            self._step = Chunks._payload
        else:
            self._step = Chunks._trailer_line
        return end + 2

    def _payload(self, data: bytes, at: int, found: list[bytes]) -> int:
        if at == len(data):
            return -1
        piece = data[at : at + self._left]
        found.append(piece)
        self._left -= len(piece)
        if not self._left:
            self._step = Chunks._payload_end
        return at + len(piece)

    def _payload_end(self, data: bytes, at: int, _found: list[bytes]) -> int:
        end = data[at : at + 2]
        if end == b"\r\n":
            self._step = Chunks._size_line
            return at + 2
        if end not in {b"", b"\r"}:
            raise Crooked(400, "a chunk is longer than its size")
        self._held = end
        return -1

    def _trailer_line(self, data: bytes, at: int, _found: list[bytes]) -> int:
        end = data.find(b"\r\n", at)
        if (end if end >= 0 else len(data)) - at > self._room:
            raise Crooked(431, "the trailers are too long")
        if end < 0:
            return self._hold(data, at, TRAILER_START, self._room)
        if end == at:
            self.done = True
            return end + 2
        if not TRAILER_LINE.fullmatch(data, at, end):
            raise Crooked(400, "not a trailer line")
        self.plain = False
        self._room -= end + 2 - at
        return end + 2

    def _hold(self, data: bytes, at: int, start: re.Pattern[bytes], most: int) -> int:
        """Keeps an unfinished line, unless it can no longer become a good one."""
        if len(data) - at > most or not start.match(data, at):
            raise Crooked(400, "a line between chunks breaks the grammar")
        self._held = data[at:]
        return -1
