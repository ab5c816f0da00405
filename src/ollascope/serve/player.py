"""Plays an answer whose times are known: each piece is written when it is due, as the shared wheel calls."""

import asyncio
import time
from bisect import bisect_right
from collections.abc import Callable
from typing import Final

from ollascope.pipe import Answer
from ollascope.pipe.framing import frame
from ollascope.serve.delivery import Delivery, Planned
from ollascope.serve.source import Turn
from ollascope.serve.wheel import Wheel
from ollascope.words.chunk import Chunk
from ollascope.words.errors import Trouble

AHEAD: Final = 32  # pieces that are made ready at a time: cheaper than one by one
LATE: Final = 2_000_000  # nanoseconds behind its time from which on a stream catches up
BURST: Final = 64  # pieces of one stream that are written in a row; then the others have their turn


class Player:
    """One answer being played."""

    __slots__ = (
        "_answer", "_at", "_delivery", "_done", "_dues", "_ending", "_framed", "_last", "_note", "_planned", "_ready",
        "_said_last", "_steps", "_stopped", "_wheel", "_write",
    )  # fmt: skip

    def __init__(self, turn: Turn, delivery: Delivery, answer: Answer, wheel: Wheel, planned: Planned) -> None:
        self._answer = answer
        self._delivery = delivery
        self._planned = planned
        self._wheel = wheel
        self._note = turn.note
        self._write: Callable[[bytes], bool] = self._open
        self._steps = turn.steps()
        self._done: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._dues: list[int] = []
        self._ready: list[bytes] = []
        self._framed = False
        self._ending: Chunk | Trouble | None = None  # what the last of the pieces made ready is
        self._said_last = b""
        self._at = 0
        self._last = -1  # where the end of the answer is among them
        self._stopped = False

    async def play(self) -> str:
        """Until the answer has ended: `ok` or the code of what went wrong."""
        self._answer.when_ready(self._resume)
        self._prepare()
        if due := self._turn(time.monotonic_ns()):
            self._wheel.add(due, self._turn)
        try:
            return await self._done
        finally:
            self.stop()

    def stop(self) -> None:
        """Nothing more is written: the answer is over, or nobody is there to read it."""
        self._stopped = True
        self._answer.when_ready(None)

    def _prepare(self) -> None:
        """The next pieces as bytes, each stamped with the time it is due."""
        planned, encode = self._planned, self._delivery.encode
        dues: list[int] = []
        ready: list[bytes] = []
        for due, piece in self._steps:
            dues.append(due)
            planned.due = due
            if isinstance(piece, Trouble) or (isinstance(piece, Chunk) and piece.done):
                self._ending = piece
                self._said_last = b"" if isinstance(piece, Trouble) else encode(piece)
                break
            ready.append(piece if isinstance(piece, bytes) else encode(piece))
            if len(dues) == AHEAD:
                break
        self._dues, self._at = dues, 0
        self._ready = [*map(_framed, ready)] if self._framed else ready
        self._last = len(dues) - 1 if self._ending is not None else -1

    def _turn(self, now: int) -> int:
        at = self._at
        for _ in range(BURST):
            if self._stopped:
                return 0
            due = self._dues[at]
            if due > now:
                self._at = at
                return due
            if at == self._last:
                self._end(due)
                return 0
            if now - due > LATE:
                flows, at = self._catch_up(at, now)
            else:
                self._note(due, time.monotonic_ns())
                flows, at = self._write(self._ready[at]), at + 1
            if at == len(self._dues):
                self._prepare()
                at = 0
            if not flows:
                self._at = at
                return 0  # `_resume` goes on when the client has caught up
        self._at = at
        return self._dues[at]

    def _catch_up(self, at: int, now: int) -> tuple[bool, int]:
        """Writes all that is due at once: a write for each would make an overloaded server later still."""
        end = bisect_right(self._dues, now, at)
        if self._last >= 0:
            end = min(end, self._last)
        written = time.monotonic_ns()
        for due in self._dues[at:end]:
            self._note(due, written)
        return self._write(b"".join(self._ready[at:end])), end

    def _open(self, data: bytes) -> bool:
        """The first bytes bring the head; from then on pieces are framed ahead and written as they are."""
        flows = self._delivery.send(data)
        if self._answer.chunked:
            self._framed = True
            self._write = self._answer.writer()
            self._ready = [*map(_framed, self._ready)]
        return flows

    def _end(self, due: int) -> None:
        self._note(due, time.monotonic_ns())
        ending = self._ending
        if isinstance(ending, Trouble):
            self._delivery.fail(ending)
        else:
            self._delivery.finish(self._said_last)
        self._stopped = True
        if not self._done.done():
            self._done.set_result(ending.code if isinstance(ending, Trouble) else "ok")

    def _resume(self) -> None:
        if not self._stopped:
            self._wheel.add(self._dues[self._at], self._turn)


def _framed(data: bytes) -> bytes:
    """A piece of nothing must not end the answer."""
    return frame(data) if data else b""
