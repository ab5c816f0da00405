"""One coarse timer for all deadlines: connections are looked at a few times a second instead of each keeping timers."""

import asyncio
import time
from typing import Protocol

from ollascope.pipe.limits import Waits

SLOWEST = 0.25
FASTEST = 0.01
PART = 32
"""How many are looked at in one go, unless a round would take more than so many parts."""
PARTS = 16


class Watched(Protocol):
    def check(self, now: int) -> None:
        """Called every tick with the monotonic time in nanoseconds; ends what has run out of time."""


def tick_of(waits: Waits) -> float:
    """How often to look, for the shortest of these waits to be kept to within a quarter of it."""
    limits = (waits.connect, waits.head, waits.body, waits.idle, waits.write, waits.whole, waits.linger, waits.kept)
    shortest = min((limit for limit in limits if limit), default=4 * SLOWEST)
    return min(SLOWEST, max(FASTEST, shortest / 4))


class Sweep:
    """The timer runs only while something is watched.

    A round looks at everything once a tick, in parts spread over it, so that no piece waits until a thousand
    connections have been looked at.
    """

    __slots__ = ("_left", "_loop", "_part", "_pause", "_tick", "_timer", "_watched")

    def __init__(self, tick: float) -> None:
        self._tick = self._pause = tick
        self._watched: set[Watched] = set()
        self._left: list[Watched] = []
        self._part = PART
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def add(self, one: Watched) -> None:
        self._watched.add(one)
        if self._timer is None:
            self._loop = asyncio.get_running_loop()
            self._timer = self._loop.call_later(self._tick, self._look)

    def drop(self, one: Watched) -> None:
        self._watched.discard(one)
        if not self._watched:
            self._left.clear()

    def hurry(self, tick: float) -> None:
        """Looks at least this often from now on."""
        self._tick = min(self._tick, max(FASTEST, tick))

    def _look(self) -> None:
        assert self._loop is not None
        left, watched = self._left, self._watched
        if not left:
            left.extend(watched)
            parts = min(PARTS, -(-len(left) // PART)) or 1
            self._part = -(-len(left) // parts)
            self._pause = self._tick / parts
        self._timer = self._loop.call_later(self._pause, self._look) if watched else None
        now = time.monotonic_ns()
        for _ in range(min(self._part, len(left))):
            one = left.pop()
            if one in watched:
                one.check(now)
            if not left:
                break
