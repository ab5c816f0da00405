"""A segment as blocks of which each tells the time its Calls were sent in, so that few of them need to be read."""

import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ollascope.ledger.segment import Segment, told

BLOCK: Final = 1 << 20  # bytes as they were written
PIECE: Final = 1 << 16
BLOCKS_A_MARK: Final = 8  # from one place where inflating may begin to the next: 40 KiB of memory each
_SENT: Final = re.compile(rb'"sent_at":\s*(-?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)')


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Whole lines from one offset to another, and when the first and the last of their Calls were sent."""

    start: int
    end: int
    first: float
    last: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a compressed file from which it can be inflated on."""

    inflate: "zlib._Decompress | None"  # None where a file begins
    packed: int
    offset: int


class Layout:
    """The blocks of one segment, found by one pass that may pause and goes on where it was."""

    def __init__(self, segment: Segment) -> None:
        self.segment = segment
        self.is_whole = False  # whether it was read to its end; a segment that is being written may grow on
        self._blocks: list[Block] = []
        self._open: Block | None = None  # of a segment that is being written: what follows the last full block
        self._marks: list[Mark] = []
        self._rest = bytearray()
        self._packed = 0
        self._offset = 0  # where the next piece begins
        self._inflate: zlib._Decompress | None = None

    @property
    def marks(self) -> int:
        """How much memory it takes."""
        return len(self._marks)

    @property
    def blocks(self) -> list[Block]:
        """Those that are known."""
        return self._blocks if self._open is None else [*self._blocks, self._open]

    def extend(self, go_on: Callable[[], bool]) -> None:
        """Find further blocks for as long as that is wanted."""
        if self.is_whole and self.segment.sealed:
            return
        self.is_whole, self._open = False, None
        try:
            with self.segment.path.open("rb") as file:
                while go_on():
                    file.seek(self._packed)
                    packed = file.read(PIECE)
                    if not packed or not self._take(packed):
                        self.is_whole = True
                        break
        except FileNotFoundError:
            raise
        except OSError as error:
            raise told(self.segment.path, error) from error
        if self.is_whole:
            self._finish()

    def read(self, block: Block) -> list[bytes]:
        """The lines of a block."""
        try:
            with self.segment.path.open("rb") as file:
                if not self.segment.sealed:
                    file.seek(block.start)
                    return file.read(block.end - block.start).split(b"\n")
                mark = max((one for one in self._marks if one.offset <= block.start), key=lambda one: one.offset)
                inflate = _fresh() if mark.inflate is None else mark.inflate.copy()
                packed, parts, offset = mark.packed, [], mark.offset
                while offset < block.end:
                    file.seek(packed)
                    some = file.read(PIECE)
                    if not some:
                        break
                    piece = inflate.decompress(some)
                    packed += len(some) - len(inflate.unused_data)
                    inflate = _fresh() if inflate.eof else inflate
                    offset += len(piece)
                    if offset > block.start:
                        parts.append(piece)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise told(self.segment.path, error) from error
        except zlib.error:  # damaged since it was looked through
            return []
        whole = b"".join(parts)
        begin = block.start - (offset - len(whole))
        return whole[begin : begin + block.end - block.start].split(b"\n")

    def _take(self, packed: bytes) -> bool:
        """One more piece of the file; false where it is damaged."""
        if not self.segment.sealed:
            self._packed += len(packed)
            self._add(packed, None)
            return True
        inflate = self._inflate or _fresh()
        mark = Mark(inflate.copy(), self._packed, self._offset)
        if not self._marks:
            self._marks.append(Mark(None, 0, 0))
        try:
            piece = inflate.decompress(packed)
        except zlib.error:
            return False
        self._packed += len(packed) - len(inflate.unused_data)
        self._inflate = None if inflate.eof else inflate
        self._add(piece, mark)
        return True

    def _add(self, piece: bytes, mark: Mark | None) -> None:
        self._rest += piece
        self._offset += len(piece)
        if len(self._rest) < BLOCK or b"\n" not in piece:
            return
        cut = self._rest.rfind(b"\n") + 1
        self._blocks.append(self._block(cut))
        del self._rest[:cut]
        if mark is not None and len(self._blocks) % BLOCKS_A_MARK == 0:
            self._marks.append(mark)

    def _block(self, cut: int) -> Block:
        start = self._offset - len(self._rest)
        times = list(map(float, _SENT.findall(self._rest, 0, cut)))
        first, last = (min(times), max(times)) if times else (float("inf"), float("-inf"))
        return Block(start=start, end=start + cut, first=first, last=last)

    def _finish(self) -> None:
        """What is left at the end; half a line of a segment that is being written comes the next time."""
        cut = self._rest.rfind(b"\n") + 1
        self._open = self._block(cut) if cut else None
        if self.segment.sealed:
            self._rest.clear()
            self._inflate = None


def _fresh() -> "zlib._Decompress":
    return zlib.decompressobj(wbits=31)
