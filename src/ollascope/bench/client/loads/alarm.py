"""A timer that is right to some ten microseconds where the system has one, and to a millisecond elsewhere."""

import asyncio
import contextlib
import ctypes
import os
import struct
import sys
import time
from collections.abc import Callable
from typing import Final

MONOTONIC: Final = 1
NONBLOCK: Final = 0o4000 | 0o2000000  # and closed on exec
ABSOLUTE: Final = 1
COARSE_S: Final = 0.001  # what the loop's own timers are right to


class Alarm:
    """Calls once at the time that was set last; a time that has passed is soon."""

    def __init__(self, then: Callable[[], None]) -> None:
        self._then = then
        self._loop = asyncio.get_running_loop()
        self._library = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
        self._descriptor = -1
        self._handle: asyncio.Handle | None = None
        self._at_ns = 0
        if self._library is not None:
            with contextlib.suppress(AttributeError):  # a C library without it
                self._descriptor = self._library.timerfd_create(MONOTONIC, NONBLOCK)
        if self._descriptor >= 0:
            self._loop.add_reader(self._descriptor, self._rang)

    def set(self, at_ns: int) -> None:
        """Call at this time of the monotonic clock."""
        self._at_ns = at_ns
        if self._descriptor >= 0:
            assert self._library is not None
            at_ns = max(at_ns, 1)
            when = struct.pack("qqqq", 0, 0, at_ns // 1_000_000_000, at_ns % 1_000_000_000)
            self._library.timerfd_settime(self._descriptor, ABSOLUTE, when, None)
            return
        self._cancel()
        late = (at_ns - time.monotonic_ns()) / 1e9 - COARSE_S
        self._handle = self._loop.call_later(late, self._near) if late > 0 else self._loop.call_soon(self._near)

    def clear(self) -> None:
        """Do not call, until it is set again."""
        self._cancel()
        if self._descriptor >= 0:
            assert self._library is not None
            self._library.timerfd_settime(self._descriptor, ABSOLUTE, bytes(32), None)

    def close(self) -> None:
        """Never calls again."""
        self._cancel()
        if self._descriptor >= 0:
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1

    def _rang(self) -> None:
        try:
            os.read(self._descriptor, 8)
        except BlockingIOError:  # it was set anew meanwhile
            return
        self._then()

    def _near(self) -> None:
        """At most a millisecond is left: the loop goes round until it is over."""
        if time.monotonic_ns() >= self._at_ns:
            self._handle = None
            self._then()
        else:
            self._handle = self._loop.call_soon(self._near)

    def _cancel(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
