"""Answers from bytes, cut anywhere: lines, server-sent events or one whole body, each to its Chunks."""

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final, Protocol

from ollascope.apis.body import malformed
from ollascope.words.chunk import Chunk
from ollascope.words.errors import TooLarge, Trouble

LINE_LIMIT: Final = 8 * 1024 * 1024
BODY_LIMIT: Final = 64 * 1024 * 1024
FIELD: Final = re.compile(rb"[a-z-]{0,20}", re.IGNORECASE)  # a comment's is empty
SPACE: Final = 32  # every byte up to it is white or a control


class Frames(Protocol):
    """Cuts a stream of bytes into the payloads that each hold one JSON text."""

    def feed(self, data: bytes) -> Iterable[bytes]: ...

    def rest(self) -> Iterator[bytes]: ...


class Format(Protocol):
    """Makes Chunks of payloads; knows one wire format."""

    def take(self, payload: bytes, chunks: list[Chunk]) -> None:
        """Append what this payload holds; a Trouble says what went wrong."""

    def end(self, chunks: list[Chunk]) -> None:
        """Append what was held back; a Trouble if the answer has no end."""


class Reader:
    """The bytes of one answer to its Chunks.

    Feed it what arrives and call `finish` when the body is complete. An error behind good Chunks in one piece is raised
    by the next call, so that no Chunk is lost and every cut of the stream gives the same Chunks and the same error.
    """

    def __init__(self, frames: Frames, format: Format) -> None:  # noqa: A002 - the word for it
        self._frames = frames
        self._format = format
        self._trouble: Trouble | None = None

    def feed(self, data: bytes) -> list[Chunk]:
        if self._trouble is not None:
            raise self._trouble
        chunks: list[Chunk] = []
        take = self._format.take
        try:
            for payload in self._frames.feed(data):
                take(payload, chunks)
        except Trouble as trouble:
            self._trouble = trouble
            if not chunks:
                raise
        return chunks

    def read(self, pieces: Iterable[bytes]) -> Iterator[Chunk]:
        """The Chunks of a whole body, each as soon as its bytes are there."""
        return chain.from_iterable(chain(map(self.feed, pieces), self._at_end()))

    def finish(self) -> list[Chunk]:
        if self._trouble is not None:
            raise self._trouble
        chunks: list[Chunk] = []
        try:
            for payload in self._frames.rest():
                self._format.take(payload, chunks)
            self._format.end(chunks)
        except Trouble as trouble:
            self._trouble = trouble
            raise
        return chunks

    def _at_end(self) -> Iterator[list[Chunk]]:
        yield self.finish()


def replay(reader: Reader, pieces: Iterable[tuple[float, bytes]]) -> Iterator[tuple[float, Chunk]]:
    """Pieces stamped when they came and parsed later: each Chunk with the time of the piece that completed it."""
    at = 0.0
    for at, data in pieces:
        for chunk in reader.feed(data):
            yield at, chunk
    for chunk in reader.finish():
        yield at, chunk


class Lines:
    """One payload a line."""

    def __init__(self, limit: int = LINE_LIMIT) -> None:
        self._limit = limit
        self._held = bytearray()

    def feed(self, data: bytes) -> Iterable[bytes]:
        if not self._held and 1 < len(data) <= self._limit and data.find(b"\n") == len(data) - 1 and data[0] > SPACE:
            return (data,)  # most pieces are just one line
        return filter(bytes.strip, self.split(data))

    def rest(self) -> Iterator[bytes]:
        if self._held.strip():
            yield self._joined(b"")

    @property
    def holds(self) -> bool:
        """The beginning of a line waits for its end."""
        return bool(self._held)

    def split(self, data: bytes) -> Iterable[bytes]:
        """Every complete line, the empty ones too; the incomplete last one is held."""
        end = data.rfind(b"\n")
        if end < 0 or len(self._held) + len(data) > self._limit:
            return self._slowly(data)
        whole = bytes(self._held) + data[:end] if self._held else data[:end]
        self._held = bytearray(data[end + 1 :])
        return whole.split(b"\n")

    def _slowly(self, data: bytes) -> Iterator[bytes]:
        """The same with a look at the length of each line."""
        start = 0
        while (end := data.find(b"\n", start)) >= 0:
            line = data[start:end]
            yield self._joined(line) if self._held or len(line) > self._limit else line
            start = end + 1
        if start < len(data):
            self._held += data[start:]
            if len(self._held) > self._limit:
                raise _too_large(self._limit)

    def _joined(self, line: bytes) -> bytes:
        if len(self._held) + len(line) > self._limit:
            raise _too_large(self._limit)
        self._held += line
        joined = bytes(self._held)
        self._held = bytearray()
        return joined


class Events:
    """The data of each server-sent event; event names repeat what the data says, comments keep connections alive."""

    def __init__(self, limit: int = LINE_LIMIT) -> None:
        self._lines = Lines(limit)
        self._limit = limit
        self._data = bytearray()
        self._open = False

    def feed(self, data: bytes) -> Iterable[bytes]:
        plain = data.startswith(b"data: ") and data.find(b"\n") == len(data) - 2 and data.endswith(b"\n\n")
        if plain and not self._open and not self._lines.holds and len(data) <= self._limit:
            return (data[6:-2],)  # most pieces are just one event
        return self._split(data)

    def _split(self, data: bytes) -> Iterator[bytes]:
        lines = iter(self._lines.split(data))
        for line in lines:
            if not self._open and line.startswith(b"data: "):
                if (behind := next(lines, None)) == b"":  # most events are one line
                    yield line[6:]
                    continue
                held = (line,) if behind is None else (line, behind)
            else:
                held = (line,)
            for one in held:
                if (payload := self._take(one)) is not None:
                    yield payload

    def rest(self) -> Iterator[bytes]:
        for line in self._lines.rest():
            if (payload := self._take(line)) is not None:
                yield payload
        if (payload := self._take(b"")) is not None:
            yield payload

    def _take(self, line: bytes) -> bytes | None:
        if line.endswith(b"\r"):
            line = line[:-1]
        if line.startswith(b"data:"):
            self._add(line[6:] if line[5:6] == b" " else line[5:])
        elif not line and self._open:
            payload = bytes(self._data)
            self._data.clear()
            self._open = False
            return payload
        elif line.startswith(b"error:"):  # llama.cpp's way to fail in mid-stream
            return b'{"error":' + line[6:] + b"}"
        elif line and not FIELD.fullmatch(line.partition(b":")[0]):
            raise malformed("the answer holds a line that is no part of an event")
        return None

    def _add(self, data: bytes) -> None:
        if len(self._data) + len(data) > self._limit:
            raise _too_large(self._limit)
        if self._open:
            self._data += b"\n"
        self._data += data
        self._open = True


class Whole:
    """The body as one payload."""

    def __init__(self, limit: int = BODY_LIMIT) -> None:
        self._limit = limit
        self._held = bytearray()

    def feed(self, data: bytes) -> Iterable[bytes]:
        self._held += data
        if len(self._held) > self._limit:
            raise _too_large(self._limit)
        return ()

    def rest(self) -> Iterator[bytes]:
        if self._held.strip():
            yield bytes(self._held)


def _too_large(limit: int) -> TooLarge:
    return TooLarge(
        f"the answer holds a piece of more than {limit} bytes",
        hint="is this the address of a model server? ask for less at once, such as fewer texts to embed",
    )
