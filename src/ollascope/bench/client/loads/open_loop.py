"""An open loop: every shot is sent when it is due, whether or not answers are in."""

import time
from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from typing import Final

from ollascope.bench.client.flight import Flight, Shot
from ollascope.bench.client.loads.alarm import Alarm
from ollascope.bench.client.loads.load import own_share, phase_of
from ollascope.bench.client.sender import Gun
from ollascope.bench.plan import Plan
from ollascope.bench.schedule import Stage

BURST: Final = 32  # shots that are sent before the loop may look at what has come


class OpenLoad:
    """One worker's shots of a schedule."""

    def __init__(self, plan: Plan, gun: Gun, miss: Callable[[Shot], None]) -> None:
        self.stage = 0
        self._due = plan.schedule.due
        self._stages = plan.schedule.stages
        self._firsts = [stage.first for stage in self._stages]
        self._apart = plan.schedule.apart
        self._step, self._skip = plan.workers, plan.skip
        self._next = plan.worker
        self._gun = gun
        self._miss = miss
        self._alarm = Alarm(self._ring)
        self._start_ns = 0  # what due times count from
        self._stopped = False
        self._waiting: deque[Shot] = deque()
        self._out = 0
        most = plan.schedule.most_at_once
        self._most = max(1, own_share(most, plan.worker, plan.workers)) if most is not None else None

    def start(self, at_ns: int) -> None:
        """Due times count from here; of a sweep those of its first stage."""
        self._start_ns = at_ns
        self._set()

    def begin_stage(self, at_ns: int) -> None:
        """The next stage of a sweep: its due times count from here."""
        if not self.is_last:
            self.stage += 1
            self.start(at_ns)

    def stop(self) -> None:
        """Nothing new is sent; what was due and had to wait leaves its trace."""
        self._stopped = True
        self._alarm.close()
        self.give_up()

    def give_up(self) -> None:
        while self._waiting:
            self._miss(self._waiting.popleft())

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def is_spent(self) -> bool:
        return self._stopped or self._next >= self._end

    @property
    def is_last(self) -> bool:
        return self._stopped or not self._apart or self.stage + 1 >= len(self._stages)

    @property
    def waits_long(self) -> bool:
        return False

    @property
    def _end(self) -> int:
        """The number behind the last shot that may be sent now."""
        if not self._apart or self.stage + 1 >= len(self._stages):
            return len(self._due)
        return self._firsts[self.stage + 1]

    def _set(self) -> None:
        while self._next < self._end and self._next in self._skip:
            self._next += self._step
        if self._next < self._end and not self._stopped:
            self._alarm.set(self._start_ns + round(self._due[self._next] * 1e9))

    def _ring(self) -> None:
        for _ in range(BURST):
            if self._stopped or self._next >= self._end:
                return
            number = self._next
            due_ns = self._start_ns + round(self._due[number] * 1e9)
            if due_ns > time.monotonic_ns():
                break
            self._next += self._step
            if number not in self._skip:
                self._offer(self._shot(number, due_ns))
        self._set()

    def _shot(self, number: int, due_ns: int) -> Shot:
        if not self._apart:
            self.stage = bisect_right(self._firsts, number) - 1
        stage: Stage = self._stages[self.stage]
        since = self._due[number] - (stage.starts_s or 0.0)
        return Shot(number, self.stage, phase_of(stage, since, number - stage.first), due_ns)

    def _offer(self, shot: Shot) -> None:
        if self._most is not None and self._out >= self._most:
            self._waiting.append(shot)
            return
        self._out += 1
        self._gun.send(shot, None, self._landed)

    def _landed(self, _flight: Flight) -> None:
        self._out -= 1
        if self._waiting and not self._stopped:
            self._offer(self._waiting.popleft())
