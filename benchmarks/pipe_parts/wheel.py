"""A timer wheel of one millisecond, shared by every stream of a process, so that timing costs next to nothing."""

import asyncio
from collections.abc import Callable

TICK_S = 0.001
SLOTS = 1 << 14  # about sixteen seconds ahead


class Wheel:
    """Calls each step in the tick it asked for, or as soon after it as the loop can."""

    __slots__ = ("loop", "origin", "past", "running", "slots", "waiting")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.origin = loop.time()
        self.past = 0
        self.waiting = 0
        self.running = False
        self.slots: list[list[Callable[[], object]]] = [[] for _ in range(SLOTS)]

    def now(self) -> int:
        """The tick the clock shows."""
        return int((self.loop.time() - self.origin) / TICK_S)

    def at(self, tick: int, step: Callable[[], object]) -> None:
        """Have `step` called at `tick`; a tick that has passed means the next one."""
        if not self.running:
            self.running = True
            self.past = self.now()
            self.loop.call_later(TICK_S, self._turn)
        self.waiting += 1
        self.slots[(tick if tick > self.past else self.past + 1) % SLOTS].append(step)

    def sleep(self, tick: int) -> asyncio.Future[None]:
        """A future that is done at `tick`: what `at` is for a coroutine."""
        future: asyncio.Future[None] = self.loop.create_future()

        def wake() -> None:
            if not future.done():
                future.set_result(None)

        self.at(tick, wake)
        return future

    def _turn(self) -> None:
        now = self.now()
        while self.past < now:
            self.past += 1
            place = self.past % SLOTS
            due, self.slots[place] = self.slots[place], []
            self.waiting -= len(due)
            for step in due:
                step()
        if self.waiting:
            self.loop.call_later(TICK_S, self._turn)  # less than a tick would be rounded to nothing, and spin
        else:
            self.running = False
