"""A segment as blocks of which each tells what its Calls are like, so that few of them need to be read."""

import gzip
import zlib
from collections.abc import Callable
from typing import IO, Final

from ollascope.ledger.sealed.members import SIZE, Member, content_of, read_member, read_members
from ollascope.ledger.segment import Damage, Segment, told

PIECE: Final = 1 << 16
Block = Member  # of a file that has no members only the place of its lines counts


class Layout:
    """The blocks of one segment, found by one pass that may pause and goes on where it was.

    A sealed segment tells them in the heads of its members. All others are looked through: one that is being written,
    and one that somebody else compressed, of which each block is found again only by inflating what lies before it.
    """

    def __init__(self, segment: Segment) -> None:
        self.segment = segment
        self.is_whole = False  # whether it was read to its end; a segment that is being written may grow on
        self._blocks: list[Block] = []
        self._open: Block | None = None  # of a segment that is being written: what follows the last full block
        self._has_members = False
        self._foreign: IO[bytes] | None = None  # stays open until its end, as going on in it costs all from its start
        self._rest = bytearray()
        self._offset = 0  # where the next piece begins

    @property
    def blocks(self) -> list[Block]:
        """Those that are known."""
        return self._blocks if self._open is None else [*self._blocks, self._open]

    @property
    def count(self) -> int:
        """How many that are."""
        return len(self._blocks) + (self._open is not None)

    def extend(self, go_on: Callable[[], bool]) -> None:
        """Find further blocks for as long as that is wanted."""
        if self.is_whole and self.segment.sealed:
            return
        self.is_whole, self._open = False, None
        try:
            if self.segment.sealed and self._foreign is None and self._read_members():
                self.is_whole = True
            elif self.segment.sealed:
                self._scan_foreign(go_on)
            else:
                with self.segment.path.open("rb") as file:
                    file.seek(self._offset)
                    self._scan(file, go_on)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise told(self.segment.path, error) from error

    def read(self, block: Block) -> list[bytes]:
        """The lines of a block."""
        try:
            if self._has_members:
                with self.segment.path.open("rb") as packed:
                    return read_member(packed, block).split(b"\n")
            with self.segment.open() as file:
                file.seek(block.start)
                return file.read(block.size).split(b"\n")
        except FileNotFoundError:
            raise
        except (gzip.BadGzipFile, EOFError, zlib.error):  # damaged since it was looked through
            return []
        except OSError as error:
            raise told(self.segment.path, error) from error

    def close(self) -> None:
        """Close what is open."""
        if self._foreign is not None:
            self._foreign.close()

    def _read_members(self) -> bool:
        """All of them at once, from their heads; false where the file does not consist of them."""
        with self.segment.path.open("rb") as file:
            found = list(read_members(file))
        if not found or found[-1].packed + found[-1].length != self.segment.size():
            return False
        self._blocks, self._has_members = found, True
        return True

    def _scan_foreign(self, go_on: Callable[[], bool]) -> None:
        if self._foreign is None:
            self._foreign = self.segment.open()
        try:
            self._scan(self._foreign, go_on)
        except Damage:
            self._finish()
        if self.is_whole:
            self._foreign.close()
            self._rest.clear()

    def _scan(self, file: IO[bytes], go_on: Callable[[], bool]) -> None:
        while go_on():
            piece = file.read(PIECE)
            if not piece:
                self._finish()
                return
            self._rest += piece
            self._offset += len(piece)
            if len(self._rest) >= SIZE and b"\n" in piece:
                cut = self._rest.rfind(b"\n") + 1
                self._blocks.append(self._block(cut))
                del self._rest[:cut]

    def _block(self, cut: int) -> Block:
        return Member(0, 0, self._offset - len(self._rest), cut, content_of(self._rest, cut))

    def _finish(self) -> None:
        """What is left at the end; half a line of a segment that is being written comes the next time."""
        self.is_whole = True
        cut = self._rest.rfind(b"\n") + 1
        self._open = self._block(cut) if cut else None
