"""What an operator wants counted: connections, requests, bytes, and how late the event loop is."""

import asyncio
from dataclasses import asdict, dataclass


@dataclass(slots=True)
class Counters:
    """Plain numbers that only grow, except `connections_open` and `requests_open`."""

    connections: int = 0
    connections_open: int = 0
    connections_refused: int = 0
    requests: int = 0
    requests_open: int = 0
    refused: int = 0
    left: int = 0
    cut: int = 0
    timed_out: int = 0
    stale: int = 0
    bytes_in: int = 0
    bytes_out: int = 0

    def snapshot(self) -> dict[str, int]:
        return asdict(self)


class Lag:
    """How late the event loop comes to its timers, in seconds: the time a stream waits for somebody else's work."""

    __slots__ = ("_due", "_period", "_timer", "last", "worst")

    def __init__(self, period: float = 0.25) -> None:
        self.last = 0.0
        self.worst = 0.0
        self._period = period
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        if self._timer is None:
            self._schedule(asyncio.get_running_loop())

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def reset(self) -> None:
        """Forgets the worst, so that it covers the time until it is read again."""
        self.worst = 0.0

    def _schedule(self, loop: asyncio.AbstractEventLoop) -> None:
        self._due = loop.time() + self._period
        self._timer = loop.call_at(self._due, self._measure, loop)

    def _measure(self, loop: asyncio.AbstractEventLoop) -> None:
        self.last = max(0.0, loop.time() - self._due)
        self.worst = max(self.worst, self.last)
        self._schedule(loop)
