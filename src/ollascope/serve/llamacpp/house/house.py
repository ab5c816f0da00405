"""The models in memory: loaded when one is wanted, shared by all who want it, unloaded when nobody does any more."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

from ollascope.apis.errors import busy
from ollascope.apis.ollama_request import FOREVER
from ollascope.serve.llamacpp.house.room import TOGETHER, Limits, Stand, make_place, too_large
from ollascope.serve.llamacpp.wish import Load, Loaded
from ollascope.words.call import LoadCause
from ollascope.words.errors import Interrupted, LoadFailed, Trouble

LONGEST_TIMER_S = 86_400.0

T = TypeVar("T")

Open = Callable[[Path, Load], Loaded]  # blocks until the model is in memory
Weigh = Callable[[str, Path, Load], int]  # bytes that it will take; raises what is wrong with the file


class Run(Protocol):
    """Runs what blocks somewhere else than on the loop."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A model that a request wants in memory, and for how long after it."""

    name: str
    path: Path
    load: Load
    lifetime_s: float = 300.0
    bytes: int = 0  # what it takes, where somebody has said so; 0 asks the file
    version: int = 0  # of the file: another one is another model


@dataclass(slots=True, kw_only=True, eq=False)
class Room:
    """One model that is in memory or on its way there.

    booked ─▶ loading ─▶ open ─▶ gone. A room that is `leaving` takes nobody in; it closes when the last guest left.
    """

    wanted: Wanted
    cause: LoadCause
    bytes: int = 0
    guests: int = 0
    began: float = 0.0  # when its load began
    came: float = 0.0  # when it was in memory
    used: float = 0.0  # when somebody used it last
    expires: float = 0.0
    opened: Loaded | None = None
    failure: Trouble | None = None
    leaving: bool = False
    closing: bool = False
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """Somebody who uses a model: what they waited for, and why it was loaded if they waited for that."""

    model: Loaded
    load: Load
    queue_s: float
    load_s: float
    cause: LoadCause | None


def _nothing(_: Loaded) -> None:
    return


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What a house works with: how a model is opened and weighed, what is free, and where blocking work is done."""

    open: Open
    weigh: Weigh
    free: Callable[[], int | None] = lambda: None
    run: Run = asyncio.to_thread
    clock: Callable[[], float] = time.monotonic
    farewell: Callable[[Loaded], None] = _nothing  # before a model leaves memory


class House:
    """All models of one server; everything but the tools' work happens on the loop."""

    def __init__(self, tools: Tools, limits: Limits) -> None:
        self._tools = tools
        self._limits = limits
        self._rooms: dict[str, Room] = {}
        self._crowd: Counter[str] = Counter()  # requests in the house, by model
        self._slots: dict[str, int] = {}
        self._causes: dict[str, LoadCause] = {}
        self._door = asyncio.Lock()  # one load at a time, in the order they were wanted
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    @asynccontextmanager
    async def guest(self, wanted: Wanted) -> AsyncIterator[Guest]:
        """The model is in memory within the block, and at least `lifetime_s` after it if nothing needs its place.

        Raises EngineBusy when too many wait already, OutOfMemory before anything is loaded, or what the load failed
        with. Who is cancelled while they wait leaves the others alone; a load that has begun is finished.
        """
        name = wanted.name
        self._check_crowd(wanted)
        self._crowd[name] += 1
        self._slots[name] = wanted.load.slots
        try:
            arrived = self._tools.clock()
            room, waited = await self._enter(wanted)
            try:
                yield self._welcomed(room, arrived, waited=waited)
            finally:
                self._leave(room, wanted.lifetime_s)
        finally:
            self._crowd[name] -= 1

    def loaded(self) -> list[Room]:
        """The models in memory, the last used first; one that is being loaded or unloaded is not."""
        open_ = [room for room in self._rooms.values() if room.opened and not room.leaving]
        return sorted(open_, key=lambda room: -room.used)

    def rooms(self) -> list[Room]:
        """Every room, whatever it is about to do."""
        return list(self._rooms.values())

    def waiting(self) -> int:
        """How many requests wait for a slot or a load."""
        return sum(max(0, count - self._slots[name]) for name, count in self._crowd.items())

    def unload(self, name: str) -> None:
        """Out of memory as soon as nobody uses it."""
        if room := self._rooms.get(name):
            self._dismiss(room, "cold")

    def sweep(self) -> None:
        """Unload whatever nobody has used for its lifetime; called by a timer."""
        now = self._tools.clock()
        for room in self._idle():
            if room.expires <= now:
                self._dismiss(room, "cold")
        self._arm()

    async def close(self, patience_s: float = LONGEST_TIMER_S) -> bool:
        """Unload everything, whoever uses it; false if a load is still on its way after so long: it cannot be ended."""
        self._closed = True
        if self._timer:
            self._timer.cancel()
        deadline = time.monotonic() + patience_s
        while self._rooms and (left := deadline - time.monotonic()) > 0:
            for room in self._rooms.values():
                room.leaving = True
                if room.ready.is_set():
                    self._shut(room)
            await asyncio.wait(self._tasks, timeout=left)
        return not self._rooms

    def _check_crowd(self, wanted: Wanted) -> None:
        if self._crowd[wanted.name] >= wanted.load.slots and self.waiting() >= self._limits.depth:
            raise busy()

    async def _enter(self, wanted: Wanted) -> tuple[Room, bool]:
        while not self._closed:
            room = self._rooms.get(wanted.name) or self._book(wanted)
            if room.leaving:
                await room.gone.wait()
            elif not _suits(room, wanted):
                await self._change(room, wanted)
            else:
                return await self._join(room)
        raise Interrupted("the server is ending", hint="ask again when it runs")

    async def _join(self, room: Room) -> tuple[Room, bool]:
        """In the room, and whether its load was waited for."""
        waited = not room.ready.is_set()
        room.guests += 1
        try:
            await room.ready.wait()
            if why := room.failure:
                raise type(why)(why.message, hint=why.hint, status=why.status)
        except BaseException:
            self._leave(room, room.wanted.lifetime_s)
            raise
        return room, waited

    async def _change(self, room: Room, wanted: Wanted) -> None:
        """Another context, adapter or file is another load; one that can never fit leaves what is there in peace."""
        need = await self._need(wanted)
        if need > self._limits.bytes:
            raise too_large(wanted.name, need, self._limits.bytes, TOGETHER)
        same_file = (room.wanted.path, room.wanted.version) == (wanted.path, wanted.version)
        self._dismiss(room, "context-changed" if same_file else "cold")

    def _book(self, wanted: Wanted) -> Room:
        room = Room(wanted=wanted, cause=self._causes.pop(wanted.name, "cold"))
        self._rooms[wanted.name] = room
        self._begin(self._load(room))
        return room

    async def _load(self, room: Room) -> None:
        wanted = room.wanted
        try:
            async with self._door:
                if room.guests and not self._closed:  # else nobody waits for it any more
                    await self._make_place(room)
                    room.began = self._tools.clock()
                    room.opened = await self._tools.run(lambda: self._tools.open(wanted.path, wanted.load))
                    room.came = room.used = self._tools.clock()
                    room.expires = room.came + wanted.lifetime_s
        except Trouble as trouble:
            room.failure = trouble
        finally:
            if room.opened is None:
                room.failure = room.failure or LoadFailed(f"{wanted.name} was not loaded", hint="ask again")
                self._forget(room)
            room.ready.set()
            self._settle(room)

    async def _make_place(self, room: Room) -> None:
        need = await self._need(room.wanted)
        while True:
            others = [other for other in self._rooms.values() if other is not room and other.bytes]
            stands = [_stand(other) for other in others]
            names = make_place(room.wanted.name, need, stands, self._limits, self._tools.free())
            if not names:
                break
            leaving = [other for other in others if other.wanted.name in names]
            for other in leaving:
                self._dismiss(other, "evicted")
            for other in leaving:
                await other.gone.wait()
        room.bytes = need

    async def _need(self, wanted: Wanted) -> int:
        if wanted.bytes:
            return wanted.bytes
        return await self._tools.run(lambda: self._tools.weigh(wanted.name, wanted.path, wanted.load))

    def _welcomed(self, room: Room, arrived: float, *, waited: bool) -> Guest:
        now = self._tools.clock()
        assert room.opened is not None
        load_s = room.came - max(arrived, room.began) if waited else now - arrived
        return Guest(
            model=room.opened, load=room.wanted.load, load_s=load_s, queue_s=max(0.0, now - arrived - load_s),
            cause=room.cause if waited else None,
        )  # fmt: skip

    def _leave(self, room: Room, lifetime_s: float) -> None:
        room.guests -= 1
        if room.opened is not None:
            room.used = self._tools.clock()
            room.expires = room.used + lifetime_s
        self._settle(room)

    def _settle(self, room: Room) -> None:
        """What follows when nobody uses a model: it goes at once, or when its time has come."""
        if room.guests or room.opened is None:
            return
        if room.expires <= self._tools.clock():
            room.leaving = True
        if room.leaving:
            self._shut(room)
        else:
            self._arm()

    def _dismiss(self, room: Room, cause: LoadCause) -> None:
        """It takes nobody in any more and goes when the last guest has left."""
        if not room.leaving:
            room.leaving = True
            self._causes[room.wanted.name] = cause
            self._settle(room)

    def _shut(self, room: Room) -> None:
        if not room.closing:
            room.closing = True
            self._begin(self._close(room))

    async def _close(self, room: Room) -> None:
        assert room.opened is not None
        try:
            self._tools.farewell(room.opened)
            await self._tools.run(room.opened.close)
        finally:
            self._forget(room)

    def _forget(self, room: Room) -> None:
        room.leaving = True
        if self._rooms.get(room.wanted.name) is room:
            del self._rooms[room.wanted.name]
        room.gone.set()

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _idle(self) -> list[Room]:
        return [room for room in self._rooms.values() if room.opened and not room.guests and not room.leaving]

    def _arm(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        next_ = min((room.expires for room in self._idle()), default=FOREVER)
        if next_ < FOREVER and not self._closed:
            left = min(LONGEST_TIMER_S, max(0.0, next_ - self._tools.clock()))
            self._timer = asyncio.get_running_loop().call_later(left, self.sweep)


def _suits(room: Room, wanted: Wanted) -> bool:
    """What is loaded serves a request: the same file and adapter, and a context that is large enough."""
    there = room.wanted
    enough = there.load.context >= wanted.load.context
    same = replace(there.load, context=wanted.load.context) == wanted.load
    return enough and same and (there.path, there.version) == (wanted.path, wanted.version)


def _stand(room: Room) -> Stand:
    """How a room counts when place is made; one that leaves anyway is the first to wait for."""
    if room.leaving:
        return Stand(name=room.wanted.name, bytes=room.bytes, used=-FOREVER)
    return Stand(name=room.wanted.name, bytes=room.bytes, used=room.used, busy=room.guests > 0)
