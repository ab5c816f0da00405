"""One timer for thousands of streams: whoever is due is called, in order, never before its time."""

import asyncio
import heapq
import time
from collections.abc import Callable
from typing import Final

TICK: Final = 1_000_000  # nanoseconds: the timers of the event loop know no less
SECOND: Final = 1_000_000_000

Call = Callable[[int], int]  # gets the time, gives back when it wants the next call; 0: never


class Wheel:
    """Calls sorted into ticks of a millisecond; a call comes at most a tick after it is due."""

    def __init__(self, clock: Callable[[], int] = time.monotonic_ns) -> None:
        self._clock = clock
        self._ticks: list[int] = []  # a heap
        self._calls: dict[int, list[Call]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._armed = 0
        self._now = 0  # the last tick that was served

    def add(self, due: int, call: Call) -> None:
        """Calls it as soon as that time has come."""
        tick = -(-due // TICK)
        if tick <= self._now:
            tick = self._now + 1
        waiting = self._calls.get(tick)
        if waiting is None:
            self._calls[tick] = [call]
            heapq.heappush(self._ticks, tick)
            if self._timer is None or tick < self._armed:
                self._arm()
        else:
            waiting.append(call)

    def close(self) -> None:
        """Nobody is called any more."""
        self._calls.clear()
        self._ticks.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    @property
    def waiting(self) -> int:
        """How many calls are to come."""
        return sum(map(len, self._calls.values()))

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._armed = self._ticks[0]
        left = max(1, -(-(self._armed * TICK - self._clock()) // TICK))
        self._timer = asyncio.get_running_loop().call_later(left / 1000, self._turn)

    def _turn(self) -> None:
        self._timer = None
        now = self._clock()
        self._now = now // TICK
        while self._ticks and self._ticks[0] <= self._now:
            for call in self._calls.pop(heapq.heappop(self._ticks)):
                if due := call(now):
                    self.add(due, call)
        if self._ticks and self._timer is None:
            self._arm()
