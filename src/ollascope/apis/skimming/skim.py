"""One streamed answer read in heaps: rows of usual pieces are found by one pattern, the rest is read in full."""

import re
from array import array
from collections.abc import Sequence
from typing import Final

from ollascope.apis.formats import answer_reader
from ollascope.apis.routes import Action, Api
from ollascope.apis.skimming.usual import BETWEEN, usual_of
from ollascope.words.chunk import Chunk

MODEL: Final = re.compile(rb'"model": ?"([^"\\]{1,300})"')
HEAD: Final = 2000  # bytes of the first piece in which the model is named


class Heard:
    """When what came of one answer, and its last Chunk.

    What says or thinks nothing is no piece: neither the first one nor the end of a pause.
    """

    def __init__(self, *, keeps_text: bool = False) -> None:
        self.first: int | None = None  # the first piece that said or thought something
        self.answered: int | None = None  # the first one of the answer itself
        self.stamps = array("q")  # of every piece; who has counted the pauses may take away all but the last
        self.pieces = 0
        self.final: Chunk | None = None
        self.ended: int | None = None
        self.model: str | None = None
        self.text: list[str] = []
        self._keeps_text = keeps_text

    def take(self, chunk: Chunk, at: int) -> None:
        """One Chunk and when it came."""
        speaks = bool(chunk.text or chunk.tool_calls or chunk.vectors)
        if speaks or chunk.thinking:
            self.stamps.append(at)
            self.pieces += 1
        if self.first is None and (speaks or chunk.thinking or chunk.done):
            self.first = at
        if self.answered is None and speaks:
            self.answered = at
        if self._keeps_text and chunk.text:
            self.text.append(chunk.text)
        if chunk.done:
            self.final = chunk
            self.ended = at


class Skim(Heard):
    """The same out of stamped bytes: what the answer's full reader finds, piece by piece.

    A piece counts from the stamp of the read that completed it; pieces of one read have one stamp.
    """

    def __init__(self, api: Api, action: Action, content_type: str, *, keeps_text: bool = False) -> None:
        super().__init__(keeps_text=keeps_text)
        self.read_at = 0  # the stamp of what was read last: where a Trouble was found
        self._reader = answer_reader(api, action, content_type)
        self._usual = None if keeps_text else usual_of(api, content_type)
        self._end = self._usual.end if self._usual is not None else BETWEEN
        self._closed = self._clear = True  # the reader holds no half frame; nor an error behind good pieces
        self._thinks = False
        self._begun = False

    def feed(self, pieces: Sequence[bytes], stamps: Sequence[int]) -> None:
        """Some pieces and when each of them came; a Trouble says what is wrong with the answer."""
        if not self._begun and pieces:
            self._begin(pieces[0])
        joined = BETWEEN.join(pieces) + BETWEEN if self._usual is not None else b""
        number = place = 0
        if joined.count(BETWEEN) == len(pieces):
            while number < len(pieces):
                found = self._row(joined, place) if self._clear and self.final is None else None
                if found is None:
                    self._read(pieces[number], stamps[number])
                    place += len(pieces[number]) + 1
                    number += 1
                else:
                    count = joined.count(BETWEEN, place, found.end())
                    frames = joined.count(self._end, place, found.end())
                    self._count(pieces[number : number + count], stamps[number : number + count], frames)
                    number += count
                    place = found.end()
        for piece, at in zip(pieces[number:], stamps[number:], strict=True):
            self._read(piece, at)

    def finish(self, at: int) -> None:
        """The body is complete; a Trouble says if the answer is not."""
        self.read_at = at
        for chunk in self._reader.finish():
            self.take(chunk, at)

    def _begin(self, piece: bytes) -> None:
        self._begun = True
        if named := MODEL.search(piece, 0, HEAD):
            self.model = named[1].decode("utf-8", "replace")

    def _row(self, joined: bytes, place: int) -> "re.Match[bytes] | None":
        """The usual pieces from here on; whether they say or think changes rarely."""
        usual = self._usual
        assert usual is not None
        patterns = (usual.thought, usual.said) if self._thinks else (usual.said, usual.thought)
        for pattern in patterns:
            if found := pattern.match(joined, place):
                self._thinks = pattern is usual.thought
                return found
        return None

    def _count(self, pieces: Sequence[bytes], stamps: Sequence[int], frames: int) -> None:
        """Pieces that hold nothing but usual frames, so many of them."""
        if frames == len(pieces):
            self.stamps.extend(stamps)
        else:
            for piece, at in zip(pieces, stamps, strict=True):
                self.stamps.extend([at] * piece.count(self._end))
        self.pieces += frames
        self.read_at = stamps[-1]
        if self.first is None:
            self.first = stamps[0]
        if self.answered is None and not self._thinks:
            self.answered = stamps[0]

    def _read(self, piece: bytes, at: int) -> None:
        self.read_at = at
        closed = self._closed
        self._closed = piece.endswith(self._end)
        self._clear = closed and self._closed and piece.count(self._end) == 1
        for chunk in self._reader.feed(piece):
            self.take(chunk, at)
