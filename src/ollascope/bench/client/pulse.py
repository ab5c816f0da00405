"""How the worker itself fares: lateness of its loop, CPU, memory, and whether the wall clock was set."""

import asyncio
import gc
import resource
import sys
import time
from array import array
from pathlib import Path
from typing import Final

from ollascope.host.files import pairs

EVERY_S: Final = 0.02
MOST_LAGS: Final = 200_000  # over an hour; of a longer run every second one is kept, then every fourth
KB: Final = 1024
GROWN: Final = 32 * KB * KB  # so much more memory is worth a look for what nobody can reach any more
SEARCH_S: Final = 5.0
SELF: Final = Path("/proc/self/status")


class Pulse:
    """Looks at the clock fifty times a second from `start` on."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._lags = array("f")
        self._every = 1
        self._beats = 0
        self._worst = 0.0
        self._due = 0.0
        self._cpu_s = self._drift = 0.0
        self._searched = (0, 0.0)  # memory in use and time when garbage was last looked for

    def start(self) -> None:
        """What is counted counts from here."""
        self._cpu_s, self._drift = cpu_s(), time.time() - time.monotonic()
        self._searched = (memory()[0] or 0, time.monotonic())
        self._beat_in()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    @property
    def cpu_s(self) -> float:
        """Seconds of CPU since the start."""
        return cpu_s() - self._cpu_s

    @property
    def wall_step_s(self) -> float:
        """How far the wall clock has moved against the monotonic one."""
        return time.time() - time.monotonic() - self._drift

    @property
    def lag_p99_s(self) -> float | None:
        lags = sorted(self._lags)
        return lags[min(len(lags) - 1, int(len(lags) * 0.99))] if lags else None

    def take_worst(self) -> float:
        """The worst lag since this was asked last."""
        worst, self._worst = self._worst, 0.0
        return worst

    def tidy(self, used: int | None) -> None:
        """Collection is off while measuring; what only a collection frees is looked for when memory has grown."""
        before, at = self._searched
        if used is not None and used > before + GROWN and time.monotonic() > at + SEARCH_S:
            gc.collect()
            self._searched = (memory()[0] or 0, time.monotonic())

    def _beat_in(self) -> None:
        self._due = time.monotonic() + EVERY_S
        self._timer = self._loop.call_later(EVERY_S, self._beat)

    def _beat(self) -> None:
        lag = max(0.0, time.monotonic() - self._due)
        self._worst = max(self._worst, lag)
        self._beats += 1
        if self._beats % self._every == 0:
            self._lags.append(lag)
            if len(self._lags) >= MOST_LAGS:
                del self._lags[::2]
                self._every *= 2
        self._beat_in()


def cpu_s() -> float:
    """Seconds of CPU that this process has used."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def memory() -> tuple[int | None, int | None]:
    """Bytes of memory in use now and at most; of Linux's own count, since a child inherits its parent's peak."""
    known = pairs(SELF)
    if "VmRSS" in known:
        return known["VmRSS"] * KB, known.get("VmHWM", 0) * KB or None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return None, peak if sys.platform == "darwin" else peak * KB
