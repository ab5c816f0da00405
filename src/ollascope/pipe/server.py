"""The server: listens, hands requests to an application, drains and stops."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from ollascope.pipe.asking.ask import Address
from ollascope.pipe.counters import Counters, Lag
from ollascope.pipe.door import Application, Door, House
from ollascope.pipe.limits import Limits
from ollascope.pipe.lines import Refuse, plain_refusal
from ollascope.pipe.places import BACKLOG, Place, open_sockets, remove_socket, room_for
from ollascope.pipe.sweep import Sweep, tick_of

log = logging.getLogger("ollascope.pipe")

T = TypeVar("T")


class Server:
    """One application behind any number of listeners, on one event loop."""

    def __init__(self, application: Application, *, limits: Limits | None = None, refuse: Refuse = plain_refusal,
                 debug: bool = False) -> None:  # fmt: skip
        limits = limits or Limits()
        self._house = House(
            application=application,
            limits=limits,
            refuse=refuse,
            sweep=Sweep(tick_of(limits.waits)),
            debug=debug,
            room=limits.connections,
        )
        self._listeners: list[asyncio.Server] = []
        self._paths: list[tuple[str, int]] = []
        self.lag = Lag()

    @property
    def counters(self) -> Counters:
        return self._house.counters

    async def listen(self, *places: Place) -> list[Address]:
        """Starts to accept; gives back what was bound, port 0 filled in."""
        self.lag.start()
        self._house.room = room_for(self._house.limits.connections)
        if self._house.room < self._house.limits.connections:
            log.warning(
                "file descriptors allow only %d of %d connections", self._house.room, self._house.limits.connections
            )
        bound: list[Address] = []
        for place in places or (Place(),):
            for one in open_sockets(place):
                await self._accept(one, place)
                bound.append(self._note(one, place))
        return bound

    async def close(self, drain: float | None = None) -> bool:
        """Stops accepting, lets running answers finish, then cuts the rest; True when none had to be cut."""
        house = self._house
        house.draining = True
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()
        for path, inode in self._paths:
            remove_socket(path, inode)
        self._paths.clear()
        for door in tuple(house.doors):
            door.drain()
        clean = await self._empty(house.limits.waits.drain if drain is None else drain)
        if not clean:
            for door in tuple(house.doors):
                door.stop()
            await self._empty(house.limits.waits.linger or 1.0)
        self.lag.stop()
        return clean

    async def _accept(self, one: socket.socket, place: Place) -> None:
        loop = asyncio.get_running_loop()
        waits = self._house.limits.waits
        tls: dict[str, Any] = {}
        if place.tls is not None:
            tls = {
                "ssl": place.tls,
                "ssl_handshake_timeout": waits.head or 60.0,
                "ssl_shutdown_timeout": waits.linger or 30.0,
            }
        make = loop.create_unix_server if place.unix else loop.create_server
        # Out of file descriptors, asyncio logs every accept it tries in a row; uvloop hangs up on the caller.
        row = 1 if isinstance(loop, asyncio.BaseEventLoop) else BACKLOG
        listener = await make(lambda: Door(self._house), sock=one, backlog=row, **tls)
        one.listen(BACKLOG)
        self._listeners.append(listener)

    def _note(self, one: socket.socket, place: Place) -> Address:
        if place.unix:
            self._paths.append((place.unix, Path(place.unix).stat().st_ino))
            return Address(unix=place.unix)
        host, port = one.getsockname()[:2]
        return Address(host=host, port=port, tls=place.tls is not None)

    async def _empty(self, seconds: float) -> bool:
        house = self._house
        if not house.doors:
            return True
        done = asyncio.get_running_loop().create_future()
        house.emptied = lambda: None if done.done() else done.set_result(None)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(done, seconds)
        house.emptied = None
        return not house.doors


def run(main: Coroutine[Any, Any, T]) -> T:
    """Runs a program on uvloop, or on plain asyncio where uvloop is not installed."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(main)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 - not on every platform
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
