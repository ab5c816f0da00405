"""Where a body ends within what the socket gives: by length, by chunks, or with the connection."""

from typing import Final, Protocol

LONGEST_LINE: Final = 4096  # bytes of a chunk's size line or of a trailer
MOST_TRAILERS: Final = 100
HEX: Final = frozenset(b"0123456789abcdefABCDEF")


class Crooked(Exception):
    """The bytes do not follow the framing that was announced."""


class Frame(Protocol):
    """Takes what arrived and gives the body's bytes in it."""

    done: bool
    """The body is complete."""
    clean: bool
    """Nothing came behind its end: the connection can serve again."""
    endless: bool
    """The end of the connection is the end of the body."""

    def feed(self, data: bytes) -> bytes: ...


class Counted:
    """A body of a known length."""

    __slots__ = ("_left", "clean", "done", "endless")

    def __init__(self, length: int) -> None:
        self._left = length
        self.done = not length
        self.clean, self.endless = True, False

    def feed(self, data: bytes) -> bytes:
        left = self._left = self._left - len(data)
        if left > 0:
            return data
        self.done = True
        if left < 0:
            self.clean = False
            return data[:left]
        return data


class Open:
    """A body that goes on until the connection ends."""

    __slots__ = ("clean", "done", "endless")

    def __init__(self) -> None:
        self.done, self.clean, self.endless = False, True, True

    def feed(self, data: bytes) -> bytes:
        return data


class Chunks:
    """A body in chunks, cut anywhere."""

    __slots__ = ("_held", "_left", "_trailers", "clean", "done", "endless")

    def __init__(self) -> None:
        self._held = b""  # the beginning of a line
        self._left = 0  # bytes of the chunk that are still to come, with the line's end behind it
        self._trailers = -1  # lines since the last chunk; before it -1
        self.done, self.clean, self.endless = False, True, False

    def feed(self, data: bytes) -> bytes:
        if not self._left and not self._held and self._trailers < 0:
            end = data.find(b"\r\n", 0, 20)
            if end > 0 and (size := _size(data[:end])) and len(data) == end + size + 4 and data.endswith(b"\r\n"):
                return data[end + 2 : -2]  # most pieces are just one chunk
        return self._walk(self._held + data if self._held else data)

    def _walk(self, data: bytes) -> bytes:
        parts: list[bytes] = []
        at = 0
        self._held = b""
        while at < len(data) and not self.done:
            if self._left:
                at = self._take(data, at, parts)
            else:
                end = data.find(b"\n", at, at + LONGEST_LINE)
                if end < 0:
                    self._hold(data[at:])
                    break
                self._read_line(data[at : end + 1])
                at = end + 1
        if self.done and at < len(data):
            self.clean = False
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _take(self, data: bytes, at: int, parts: list[bytes]) -> int:
        """The bytes of the chunk at hand, and where it goes on; the two bytes of its line end are checked."""
        body = self._left - 2
        if body > 0:
            part = data[at : at + body]
            parts.append(part)
            self._left -= len(part)
            return at + len(part)
        if data[at] != (13 if self._left == 2 else 10):
            raise Crooked("a chunk is longer than it says")
        self._left -= 1
        return at + 1

    def _hold(self, line: bytes) -> None:
        if len(line) >= LONGEST_LINE:
            raise Crooked("a line between two chunks has no end")
        if self._trailers < 0 and line[0] not in HEX:
            raise Crooked(f"{line[:20]!r} is no chunk size")
        self._held = line

    def _read_line(self, line: bytes) -> None:
        if not line.endswith(b"\r\n"):
            raise Crooked("a line between two chunks does not end as it must")
        if self._trailers >= 0:
            self._trailers += 1
            self.done = line == b"\r\n"
            if self._trailers > MOST_TRAILERS:
                raise Crooked("too many trailers")
            return
        size = _size(line[:-2].partition(b";")[0].rstrip(b"\t "))
        if size is None:
            raise Crooked(f"{line[:20]!r} is no chunk size")
        if size:
            self._left = size + 2
        else:
            self._trailers = 0


def _size(text: bytes) -> int | None:
    """The number that a chunk begins with, or None where that is none."""
    return int(text, 16) if 0 < len(text) <= 16 and HEX.issuperset(text) else None
