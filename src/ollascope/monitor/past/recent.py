"""The Calls of the last minutes, kept in memory and brought up to date by reading only what was added."""

import time
from collections.abc import Callable
from pathlib import Path

from ollascope.ledger.reading import Following, read_calls
from ollascope.ledger.select import Where
from ollascope.words.call import Call

FORGET_EVERY_S = 10.0


class Recent:
    """Calls that ended within the last `keep_s` seconds; one thread at a time looks."""

    def __init__(self, ledger: Path, keep_s: float, wall: Callable[[], float] = time.time) -> None:
        self._ledger = ledger
        self._keep_s = keep_s
        self._wall = wall
        self._following = Following(ledger, Where(), wall)  # begun first: nothing falls between the two
        now = wall()
        older = read_calls(ledger, Where(since=now - 2 * keep_s))
        self._calls = {call.id: call for call in older if ended_at(call) >= now - keep_s}
        self._forgot = now

    @property
    def since(self) -> float:
        """From here on nothing is missing."""
        return self._forgot - self._keep_s

    def look(self) -> list[Call]:
        """All of them, with those that came since the last look, in the order they were written."""
        self._calls.update((call.id, call) for call in self._following.look())
        now = self._wall()
        if now - self._forgot >= FORGET_EVERY_S or now < self._forgot:
            self._calls = {number: call for number, call in self._calls.items() if ended_at(call) >= now - self._keep_s}
            self._forgot = now
        return list(self._calls.values())

    def between(self, since: float, until: float) -> list[Call]:
        """The Calls sent between two instants, from the files where memory does not reach so far back."""
        known = self.look()
        if since < self.since:
            return list(read_calls(self._ledger, Where(since=since, until=until)))
        return [call for call in known if since <= call.sent_at < until]


def ended_at(call: Call) -> float:
    """When a Call ended, as far as it is known."""
    return call.sent_at + (call.end_s or 0.0)
