"""Reading: records day by day, lazily, whatever state the files are in; amendments merged."""

import errno
import heapq
import io
import os
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TypeVar

from ollascope.ledger.appending import is_in_use
from ollascope.ledger.codec import Amendment, decode, decode_call, decode_row
from ollascope.ledger.segment import DAY_S, RAW, SEALED, Kind, Segment, day_start, days, segments, told
from ollascope.ledger.select import Where
from ollascope.words.call import Call
from ollascope.words.errors import RecordInvalid
from ollascope.words.ids import id_time
from ollascope.words.sample import Sample

Value = TypeVar("Value", Call, Sample, Amendment)

RAW_PIECE = 1 << 20
SEALED_PIECE = 1 << 14  # what lies within one such piece before a damaged place is not read
LONGEST_LINE = 1 << 20
HEAD = b'{"ollascope":'


@dataclass(slots=True, kw_only=True)
class Tally:
    """What reading came across: lines, lines that are no records or of another day, torn last lines, damaged files."""

    lines: int = 0
    invalid: int = 0
    misplaced: int = 0
    torn: int = 0
    damaged: int = 0


def read_calls(ledger: Path, where: Where | None = None, tally: Tally | None = None) -> Iterator[Call]:
    """The Calls that are meant, day by day; within a day by the time they were sent, as far as the files allow.

    A process writes its Calls as they end, so one may come later than its turn by as long as it took.
    """
    where, tally = where or Where(), tally or Tally()
    for day in days(ledger, where.since, where.until):
        amended = _amendments(ledger, day, tally)
        streams = [
            _meant(segment, where, tally) for segment in segments(ledger, day, "calls")
        ]  # fmt: skip
        for call in heapq.merge(*streams, key=lambda call: call.sent_at):
            more = amended.get(call.id)
            yield call if more is None else replace(call, flags=tuple(dict.fromkeys((*call.flags, *more))))


def read_samples(
    ledger: Path, since: float | None = None, until: float | None = None, tally: Tally | None = None
) -> Iterator[Sample]:
    """The Samples of a span of time, in order as far as the files allow."""
    tally = tally or Tally()
    for day in days(ledger, since, until):
        found = segments(ledger, day, "samples")
        streams = [_records(segment, lambda line: decode(Sample, line), tally) for segment in found]
        for sample in heapq.merge(*streams, key=lambda sample: sample.at):
            if (since is None or sample.at >= since) and (until is None or sample.at < until):
                yield sample


def read_rows(ledger: Path, where: Where, tally: Tally | None = None) -> Iterator[Call]:
    """The Calls that are meant, in no order and without amendments, good for figures alone: the cheapest way."""
    tally = tally or Tally()
    for day in days(ledger, where.since, where.until):
        for segment in segments(ledger, day, "calls"):
            for lines, _ in blocks(segment, tally=tally):
                yield from rows(lines, where, tally)


def rows(lines: list[bytes], where: Where, tally: Tally) -> Iterator[Call]:
    """The lines that are meant, as rows."""
    needles, is_meant = where.needles(), where.test()
    for line in lines:
        if needles and not all(needle in line for needle in needles):
            continue
        try:
            row = decode_row(line)
        except RecordInvalid:
            _count_invalid(line, tally)
            continue
        if is_meant(row):
            yield row


def last_calls(ledger: Path, where: Where, count: int, tally: Tally | None = None) -> list[Call]:
    """The last Calls that are meant, by the time they were sent; days are read back from the newest."""
    found: list[Call] = []
    for day in reversed(days(ledger, where.since, where.until)):
        if len(found) >= count:
            break
        first = day_start(day)
        since = first if where.since is None else max(first, where.since)
        until = first + DAY_S if where.until is None else min(first + DAY_S, where.until)
        of_day = deque(read_calls(ledger, replace(where, since=since, until=until), tally), maxlen=count)
        found = [*of_day, *found]
    return found[-count:] if count else []


def find_call(ledger: Path, number: str) -> Call | None:
    """The Call of an id; first looked for on the days around the time that the id tells."""
    where = Where(id=number)
    try:
        at = id_time(number)
        near = replace(where, since=at - DAY_S, until=at + DAY_S)
    except ValueError:  # not one of our ids
        near = where
    return next(read_calls(ledger, near), None) or next(read_calls(ledger, where), None)


class Following:
    """What has been written since the last look, for whoever watches."""

    def __init__(self, ledger: Path, where: Where, wall: Callable[[], float] = time.time) -> None:
        self._ledger = ledger
        self._where = where
        self._wall = wall
        self._read: dict[str, int] = {}
        self._over: set[str] = set()  # sealed and read to their end
        for segment in self._recent():
            for _ in self._news(segment):
                pass

    def look(self) -> list[Call]:
        """The Calls that came since the last look, by the time they were sent."""
        found: list[Call] = []
        for segment in self._recent():
            for lines in self._news(segment):
                found.extend(_decoded(lines, decode_call, Tally()))
        return sorted(filter(self._where.test(), found), key=lambda call: call.sent_at)

    def _recent(self) -> Iterator[Segment]:
        for day in days(self._ledger, since=self._wall() - DAY_S):
            yield from segments(self._ledger, day, "calls")

    def _news(self, segment: Segment) -> Iterator[list[bytes]]:
        if segment.id in self._over:
            return
        for lines, end in blocks(segment, self._read.get(segment.id, 0)):
            self._read[segment.id] = end
            yield lines
        if segment.sealed:
            self._over.add(segment.id)


def blocks(segment: Segment, start: int = 0, tally: Tally | None = None) -> Iterator[tuple[list[bytes], int]]:
    """Whole lines from an offset on, many at a time, each time with the offset after them.

    Offsets count the bytes as they were written, so they hold for a raw segment and its sealed twin alike.
    """
    tally = tally or Tally()
    rest, end = bytearray(), start
    for piece in _pieces(segment, start, tally):
        cut = piece.rfind(b"\n") + 1
        if cut == 0:
            rest += piece
            if len(rest) > LONGEST_LINE:
                tally.invalid += 1
                end += len(rest)
                rest.clear()
            continue
        rest += piece[:cut]
        end += len(rest)
        lines = bytes(rest).split(b"\n")
        lines.pop()
        tally.lines += len(lines)
        yield lines, end
        rest = bytearray(piece[cut:])
    if rest and not is_in_use(segment.path):
        tally.torn += 1


def _pieces(segment: Segment, start: int, tally: Tally) -> Iterator[bytes]:
    try:
        with _opened(segment.path) as file:
            if segment.sealed:
                yield from _unsealed(file, start)
                return
            file.seek(start)
            while piece := file.read(RAW_PIECE):
                yield piece
    except FileNotFoundError:
        if not segment.sealed:  # it was sealed since the folder was listed
            twin = segment.path.with_name(segment.path.name.removesuffix(RAW) + SEALED)
            yield from _pieces(replace(segment, path=twin), start, tally)
    except (zlib.error, EOFError):
        tally.damaged += 1
    except OSError as error:
        if error.errno != errno.EIO:
            raise told(segment.path, error) from error
        tally.damaged += 1


def _opened(path: Path) -> IO[bytes]:
    """A file to read; a small one is taken into memory and closed, for a day may have more than may be open at once."""
    file = path.open("rb")
    if os.fstat(file.fileno()).st_size > RAW_PIECE:
        return file
    with file:
        return io.BytesIO(file.read())


def _unsealed(file: IO[bytes], start: int) -> Iterator[bytes]:
    """What a compressed file holds from an offset on; all that lies before a damaged place is told first."""
    skipped = 0
    inflate = zlib.decompressobj(wbits=31)
    while packed := file.read(SEALED_PIECE):
        while packed:
            piece = inflate.decompress(packed)
            packed = inflate.unused_data
            if inflate.eof and packed:
                inflate = zlib.decompressobj(wbits=31)
            if skipped < start:
                jump = min(len(piece), start - skipped)
                skipped += jump
                piece = piece[jump:]
            if piece:
                yield piece
    if not inflate.eof:
        raise EOFError


def _meant(segment: Segment, where: Where, tally: Tally) -> Iterator[Call]:
    needles = where.needles()
    for lines, _ in blocks(segment, tally=tally):
        likely = [line for line in lines if all(needle in line for needle in needles)] if needles else lines
        yield from filter(where.test(), _decoded(likely, decode_call, tally))


def _records(segment: Segment, convert: Callable[[bytes], Value], tally: Tally) -> Iterator[Value]:
    for lines, _ in blocks(segment, tally=tally):
        yield from _decoded(lines, convert, tally)


def _decoded(lines: list[bytes], convert: Callable[[bytes], Value], tally: Tally) -> Iterator[Value]:
    for line in lines:
        try:
            value = convert(line)
        except RecordInvalid:
            _count_invalid(line, tally)
            continue
        yield value


def _count_invalid(line: bytes, tally: Tally) -> None:
    if line.startswith(HEAD):
        tally.lines -= 1
    else:
        tally.invalid += 1


def _amendments(ledger: Path, day: str, tally: Tally) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for segment in segments(ledger, day, "amendments"):
        for amendment in _records(segment, lambda line: decode(Amendment, line), tally):
            found[amendment.id] = (*found.get(amendment.id, ()), *amendment.flags)
    return found


def count_lines(segment: Segment) -> Tally:
    """How many records a segment holds, and what is wrong with it."""
    tally = Tally()
    first = day_start(segment.day)
    time_of = _TIMES[segment.kind]
    for lines, _ in blocks(segment, tally=tally):
        for line in lines:
            try:
                tally.misplaced += not first <= time_of(line) < first + DAY_S
            except RecordInvalid:
                _count_invalid(line, tally)
    return tally


_TIMES: Mapping[Kind, Callable[[bytes], float]] = {
    "calls": lambda line: decode_call(line).sent_at,
    "samples": lambda line: decode(Sample, line).at,
    "amendments": lambda line: decode(Amendment, line).sent_at,
}
