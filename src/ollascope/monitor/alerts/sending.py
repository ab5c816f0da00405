"""Notices on their way: a thread and a bounded queue for each channel, so that none holds up another."""

import logging
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from ollascope.monitor.alerts.channels.table import Deliver, deliver
from ollascope.monitor.alerts.notices import Notice, for_channel
from ollascope.monitor.alerts.rules import Channel
from ollascope.words.errors import Trouble

log = logging.getLogger(__name__)

WAITING = 50  # notices of one channel; of more, the oldest is given up
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
ATTEMPTS = 8
GIVEN_UP = "notice %s was not delivered: %s; %s; `ollascope alerts test` shows when it works again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """How a channel did so far."""

    sent: int = 0
    failed: int = 0  # given up
    dropped: int = 0  # pushed out of a full queue
    waiting: int = 0
    trouble: str = ""


class Sending:
    """Takes notices at once and delivers them when it can."""

    def __init__(
        self, channels: Iterable[Channel], *, by: Deliver = deliver, first_wait_s: float = FIRST_WAIT_S
    ) -> None:
        self._lines = {channel.name: _Line(channel, by, first_wait_s) for channel in channels}

    def send(self, notice: Notice) -> None:
        """Queue it for every channel that wants it; never waits."""
        for line in self._lines.values():
            part = for_channel(notice, line.channel)
            if part is not None:
                line.add(part)

    def tried(self) -> dict[str, Tried]:
        """How each channel did so far."""
        return {name: line.tried() for name, line in self._lines.items()}

    def close(self, patience_s: float = 0.0) -> bool:
        """Let what waits go out for so long, then end; whether nothing was left."""
        deadline = time.monotonic() + patience_s
        for line in self._lines.values():
            line.leave()
        return all(line.join(max(0.0, deadline - time.monotonic())) for line in self._lines.values())


class _Line:
    """One channel with its queue; the thread begins with the first notice."""

    def __init__(self, channel: Channel, by: Deliver, first_wait_s: float) -> None:
        self.channel = channel
        self._deliver = by
        self._first_wait_s = first_wait_s
        self._queue: deque[Notice] = deque()
        self._change = threading.Condition()
        self._leaving = threading.Event()
        self._thread: threading.Thread | None = None
        self._sent = self._failed = self._dropped = 0
        self._trouble = ""
        self._busy = False

    def add(self, notice: Notice) -> None:
        with self._change:
            if len(self._queue) >= WAITING:
                self._queue.popleft()
                self._dropped += 1
            self._queue.append(notice)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=f"notices-{self.channel.name}", daemon=True)
                self._thread.start()
            self._change.notify()

    def tried(self) -> Tried:
        with self._change:
            waiting = len(self._queue) + self._busy
            return Tried(sent=self._sent, failed=self._failed, dropped=self._dropped, waiting=waiting,
                         trouble=self._trouble)  # fmt: skip

    def leave(self) -> None:
        with self._change:
            self._leaving.set()
            self._change.notify()

    def join(self, patience_s: float) -> bool:
        if self._thread is None:
            return True
        self._thread.join(patience_s)
        return not self._thread.is_alive() and not self._queue

    def _run(self) -> None:
        while (notice := self._next()) is not None:
            try:
                went = self._attempt(notice)
            except Exception:  # a bug in one channel must not end the notices of all
                log.exception("notice %s was not delivered over %s", notice.id, self.channel.name)
                went = False
            with self._change:
                self._busy = False
                self._sent += went
                self._failed += not went

    def _next(self) -> Notice | None:
        with self._change:
            while not self._queue:
                if self._leaving.is_set():
                    return None
                self._change.wait()
            self._busy = True
            return self._queue.popleft()

    def _attempt(self, notice: Notice) -> bool:
        wait_s = self._first_wait_s
        for number in range(1, ATTEMPTS + 1):
            try:
                self._deliver(notice, self.channel)
            except Trouble as error:
                self._trouble = error.message
                if not error.retryable or number == ATTEMPTS or self._leaving.is_set():
                    log.warning(GIVEN_UP, notice.id, error.message, error.hint)
                    return False
            else:
                self._trouble = ""
                return True
            self._leaving.wait(wait_s)
            wait_s = min(LONGEST_WAIT_S, 2 * wait_s)
        return False
