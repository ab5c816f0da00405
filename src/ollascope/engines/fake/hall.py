"""Where requests wait: for a slot of their model, and for the model to be loaded; models are unloaded when unused."""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from ollascope.apis.errors import busy
from ollascope.apis.ollama_request import FOREVER
from ollascope.engines.fake.plan import SECOND, Plan
from ollascope.engines.fake.settings import Fake


class Turnstile(Protocol):
    """Whoever waits for a slot: a future, of whatever kind."""

    def done(self) -> bool: ...
    def set_result(self, result: None, /) -> None: ...


@dataclass(slots=True, kw_only=True)
class Seat:
    """A model that is loaded or being loaded, and who uses it."""

    model: str
    context: int
    ready: int  # when it is loaded
    expires: float = FOREVER
    users: int = 0  # who waits for it or runs on it
    running: int = 0
    waiting: deque["Turnstile"] = field(default_factory=deque)
    said: str = ""  # the last prompt: what is cached


class Hall:
    """All models of one fake, with their queues."""

    def __init__(self, settings: Fake, clock: Callable[[], int] = time.monotonic_ns) -> None:
        self._settings = settings
        self._clock = clock
        self._seats: OrderedDict[str, Seat] = OrderedDict()

    def loaded(self) -> list[Seat]:
        """The models that are in memory now; one that is being loaded is not."""
        self._sweep()
        now = self._clock()
        return [seat for seat in reversed(self._seats.values()) if seat.ready <= now]

    def unload(self, model: str) -> None:
        self._seats.pop(model, None)

    async def enter(self, model: str, plan: Plan) -> Seat:
        """Waits for the model and for a slot of it; raises EngineBusy when too many wait already."""
        seat = self.arrive(model, plan)
        try:
            await self._wait_until(seat.ready)
            await self._wait_for_slot(seat)
        except asyncio.CancelledError:
            self.abandon(seat)
            raise
        seat.expires = self._clock() + plan.lifetime_s * SECOND
        return seat

    def arrive(self, model: str, plan: Plan) -> Seat:
        """Counts one more at the model, which may have to be loaded; then comes the wait for a slot."""
        self._sweep()
        seat = self._seats.get(model)
        if seat is not None and seat.context != plan.context and not seat.users:
            seat = None  # another context needs another load
        if seat is None:
            seat = self._load(model, plan)
        else:
            self._check_crowd(seat)
        seat.users += 1
        return seat

    def leave(self, seat: Seat, lifetime_s: float) -> None:
        """Gives the slot back; the model stays for its lifetime from now."""
        seat.users -= 1
        seat.expires = self._clock() + lifetime_s * SECOND
        self.pass_on(seat)
        if lifetime_s <= 0 and not seat.users:
            self._drop(seat)

    def take_slot(self, seat: Seat) -> bool:
        """Takes a slot if one is free."""
        slots = self._settings.queue.slots
        free = not slots or (seat.running < slots and not seat.waiting)
        seat.running += free
        return free

    def pass_on(self, seat: Seat) -> None:
        """A slot is free: the next who waits gets it."""
        seat.running -= 1
        while seat.waiting:
            following = seat.waiting.popleft()
            if not following.done():
                seat.running += 1
                following.set_result(None)
                return

    def _load(self, model: str, plan: Plan) -> Seat:
        loading = self._settings.loading
        seat = Seat(model=model, context=plan.context, ready=self._clock() + round(loading.load_s * SECOND))
        self._seats.pop(model, None)
        idle = [other for other in self._seats.values() if not other.users]
        if loading.most and len(self._seats) >= loading.most and idle:
            self._drop(min(idle, key=lambda other: other.expires))
        self._seats[model] = seat
        return seat

    def _check_crowd(self, seat: Seat) -> None:
        queue = self._settings.queue
        loading = seat.ready > self._clock()
        if queue.manners == "ollama":
            crowd, room = (seat.users, queue.depth + 1) if loading else (0, 1)
        else:
            slots = queue.slots or (1 if loading else 0)
            crowd, room = (seat.users, queue.depth + slots) if slots else (0, 1)
        if crowd >= room:
            raise busy()

    async def _wait_until(self, ready: int) -> None:
        while (left := ready - self._clock()) > 0:
            await asyncio.sleep(left / SECOND)

    async def _wait_for_slot(self, seat: Seat) -> None:
        if self.take_slot(seat):
            return
        turn = asyncio.get_running_loop().create_future()
        seat.waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                seat.waiting.remove(turn)
            else:  # the slot was given and is not wanted any more
                self.pass_on(seat)
            raise

    def abandon(self, seat: Seat) -> None:
        """Who leaves while a model loads for nobody else ends the loading."""
        seat.users -= 1
        if not seat.users and seat.ready > self._clock():
            self._drop(seat)

    def _sweep(self) -> None:
        now = self._clock()
        for seat in [seat for seat in self._seats.values() if not seat.users and seat.expires <= now]:
            self._drop(seat)

    def _drop(self, seat: Seat) -> None:
        if self._seats.get(seat.model) is seat:
            del self._seats[seat.model]


def shared(said: str, text: str) -> int:
    """How many characters two prompts begin with in common."""
    low, high = 0, min(len(said), len(text))
    while low < high:
        middle = (low + high + 1) // 2
        if text.startswith(said[:middle]):
            low = middle
        else:
            high = middle - 1
    return low
