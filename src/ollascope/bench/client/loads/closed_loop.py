"""A closed loop: users who each ask, wait for the answer, think, and ask again."""

import asyncio
import math
import time
from collections import deque
from collections.abc import Sequence
from functools import partial
from typing import Final

from ollascope.bench.client.bodies import Bodies, Talk
from ollascope.bench.client.flight import Flight, Shot
from ollascope.bench.client.loads.alarm import Alarm
from ollascope.bench.client.loads.load import length_s, own_share, phase_of
from ollascope.bench.client.sender import Gun
from ollascope.bench.plan import Plan
from ollascope.bench.schedule import Stage

APART_S: Final = 0.001  # between two users who begin: to take a connection and a request costs a server its time
WHOLE_S: Final = 0.5  # until all of them have begun
FAILED_S: Final = 0.02  # a user whose request failed asks again at the earliest so long after it


class ClosedLoad:
    """One worker's users."""

    def __init__(self, plan: Plan, gun: Gun, bodies: Bodies) -> None:
        self.stage = 0
        self._stages = plan.schedule.stages
        self._apart = plan.schedule.apart
        self._think_s = plan.schedule.think_s
        self._worker, self._workers, self._skip = plan.worker, plan.workers, plan.skip
        self._gun = gun
        self._bodies = bodies
        self._talks: dict[int, Talk] | None = {} if bodies.talks else None
        self._loop = asyncio.get_running_loop()
        self._alarm = Alarm(self._ring)
        self._bases = _bases(self._stages)
        self._base = 0  # number of the stage's first shot
        self._next = plan.worker
        self._go_ns = self._begun_ns = 0
        self._over = self._stopped = False
        self._idle = set(range(own_share(_most_users(self._stages), plan.worker, plan.workers)))
        self._beginning: deque[int] = deque()
        self._together = 1
        self._begins: asyncio.TimerHandle | None = None

    def start(self, at_ns: int) -> None:
        """Then the users of the first stage begin; of a run that is taken up again those of the stage it is in."""
        self._go_ns = at_ns
        self._alarm.set(at_ns)

    def begin_stage(self, at_ns: int) -> None:
        """The next stage of a sweep."""
        if not self.is_last:
            self._loop.call_later(max(0.0, (at_ns - time.monotonic_ns()) / 1e9), self._enter, self.stage + 1, at_ns)

    def stop(self) -> None:
        """Nobody asks again."""
        self._stopped = True
        self._alarm.close()
        if self._begins is not None:
            self._begins.cancel()

    def give_up(self) -> None:
        """Nothing waits: who asks has been answered."""

    @property
    def waiting(self) -> int:
        return 0

    @property
    def is_spent(self) -> bool:
        if self._stopped or (self._begun_ns and self._over):
            return True
        follows = not self._apart and self.stage + 1 < len(self._stages)
        return bool(self._begun_ns) and not follows and self._peek() is None

    @property
    def is_last(self) -> bool:
        return self._stopped or not self._apart or self.stage + 1 >= len(self._stages)

    @property
    def waits_long(self) -> bool:
        return not self._stopped and not self._over

    def _ring(self) -> None:
        """The go, the beginning of the next stage, or the end of this one."""
        if self._stopped:
            return
        if not self._begun_ns:
            self._enter(self._stage_now(), self._go_ns)
        elif not self._apart and self.stage + 1 < len(self._stages):
            following = self._stages[self.stage + 1]
            self._enter(self.stage + 1, self._go_ns + round((following.starts_s or 0.0) * 1e9))
        else:
            self._over = True

    def _stage_now(self) -> int:
        if self._apart:
            return 0
        gone_s = (time.monotonic_ns() - self._go_ns) / 1e9
        return max((one.number for one in self._stages if (one.starts_s or 0.0) <= gone_s), default=0)

    def _enter(self, number: int, at_ns: int) -> None:
        self.stage = number
        stage = self._stages[number]
        self._begun_ns = at_ns if self._apart else self._go_ns + round((stage.starts_s or 0.0) * 1e9)
        self._over = False
        base = self._bases[number]
        self._base = self._next - self._worker if base is None else base
        self._next = max(self._next, self._base + (self._worker - self._base) % self._workers)
        self._set_end(stage)
        users = self._users
        self._beginning.extend(sorted(user for user in self._idle if user < users))
        self._idle.difference_update(self._beginning)
        self._together = math.ceil(len(self._beginning) * APART_S * self._workers / WHOLE_S)
        if self._begins is None:
            self._begin()

    def _set_end(self, stage: Stage) -> None:
        length = length_s(stage)
        if not self._apart and stage.number + 1 < len(self._stages):
            following = self._stages[stage.number + 1].starts_s
            self._alarm.set(self._go_ns + round((following or 0.0) * 1e9))
        elif length is not None:
            self._alarm.set(self._begun_ns + round((length + stage.cool_down_s) * 1e9))
        else:
            self._alarm.clear()

    @property
    def _users(self) -> int:
        return own_share(self._stages[self.stage].level.users or 0, self._worker, self._workers)

    def _begin(self) -> None:
        """Users begin in quick succession: at the same instant they would wait for one another at the server's door."""
        self._begins = None
        for _ in range(min(self._together, len(self._beginning))):
            self._ask(self._beginning.popleft())
        if self._beginning and not self._stopped:
            self._begins = self._loop.call_later(APART_S * self._workers, self._begin)

    def _ask(self, user: int) -> None:
        number = self._peek() if user < self._users and not self._over and not self._stopped else None
        if number is None:
            self._idle.add(user)
            return
        self._next = number + self._workers
        stage = self._stages[self.stage]
        since = (time.monotonic_ns() - self._begun_ns) / 1e9
        phase = phase_of(stage, since, number - self._base)
        talk = self._talk(user, number)
        whose = user * self._workers + self._worker
        shot = Shot(number, self.stage, phase, None, whose, None if talk is None else talk.turn)
        self._gun.send(shot, talk, partial(self._landed, user))

    def _peek(self) -> int | None:
        """The number of the next shot; none if the stage has no more."""
        shots = self._stages[self.stage].shots
        while self._next in self._skip:
            self._next += self._workers
        return self._next if shots is None or self._next < self._base + shots else None

    def _talk(self, user: int, number: int) -> Talk | None:
        if self._talks is None:
            return None
        talk = self._talks.get(user)
        if talk is None:
            talk = self._talks[user] = self._bodies.talk(number)
        return talk

    def _landed(self, user: int, flight: Flight) -> None:
        if self._talks is not None:
            self._go_on(self._talks, user, flight)
        pause_s = self._think_s
        if flight.trouble is not None:
            pause_s = max(pause_s, FAILED_S - (flight.ended_ns - flight.sent_ns) / 1e9)
        if pause_s > 0:
            self._loop.call_later(pause_s, self._ask, user)
        else:
            self._ask(user)

    def _go_on(self, talks: dict[int, Talk], user: int, flight: Flight) -> None:
        """The next question stands behind the answer; one that failed ends its conversation."""
        talk = talks[user]
        if flight.trouble is None and flight.heard is not None and talk.goes_on:
            talk.hear("".join(flight.heard.text))
        else:
            del talks[user]


def _most_users(stages: Sequence[Stage]) -> int:
    return max((stage.level.users or 0 for stage in stages), default=0)


def _bases(stages: Sequence[Stage]) -> list[int | None]:
    """The number of each stage's first shot, where all stages before it have a number of shots."""
    bases: list[int | None] = []
    base: int | None = 0
    for stage in stages:
        bases.append(base)
        base = None if base is None or stage.shots is None else base + stage.shots
    return bases
