"""What a worker has counted so far, for its status lines."""

from collections import Counter
from typing import Final

from ollascope.words.errors import Cancelled

MOST_TOLD: Final = 200  # first pieces in one line


class Counts:
    """Plain numbers that only grow, but for what is in flight."""

    def __init__(self) -> None:
        self.sent = self.ended = self.failed = 0
        self.in_flight = self.peak = 0
        self.tokens = 0
        self.outcomes: Counter[str] = Counter()
        self._firsts: list[float] = []

    def begin(self) -> None:
        """A request is on its way."""
        self.sent += 1
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)

    def land(self) -> None:
        """Nothing more will come of one."""
        self.in_flight -= 1

    def settle(self, outcome: str) -> None:
        """What became of one."""
        self.ended += 1
        self.outcomes[outcome] += 1
        if outcome not in {"ok", Cancelled.code}:
            self.failed += 1

    def tell_first(self, seconds: float) -> None:
        """The first piece of an answer came so long after its request."""
        if len(self._firsts) < MOST_TOLD:
            self._firsts.append(round(seconds, 6))

    def take_firsts(self) -> tuple[float, ...]:
        """The first pieces since this was asked last."""
        firsts, self._firsts = tuple(self._firsts), []
        return firsts
