"""When a request is sent again: only before its first piece, after a wait, and within a budget."""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from ollascope.engines.settings import Retrying
from ollascope.words.errors import StaleConnection, Trouble

BURST: Final = 10.0  # retries that may be saved up


@dataclass(slots=True)
class Retries:
    """Decides on retries for all requests of one engine; threads share it."""

    settings: Retrying = field(default_factory=Retrying)
    chance: Callable[[], float] = random.random
    _saved: float = BURST
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def earn(self) -> None:
        """A request was sent: it adds its share to the budget."""
        with self._lock:
            self._saved = min(BURST, self._saved + self.settings.budget)

    def wait_s(self, trouble: Trouble, made: int, asked_s: float | None = None) -> float | None:
        """How long to wait before the next attempt when `made` have failed; None: that was the last."""
        settings = self.settings
        if not trouble.retryable or made >= settings.attempts:
            return None
        if isinstance(trouble, StaleConnection):  # the server is well: only the kept connection was not
            return 0.0
        wait = min(settings.longest_s, settings.wait_s * 2.0 ** (made - 1)) * (0.5 + self.chance() / 2)
        if asked_s is not None:
            if asked_s > settings.longest_s:
                return None
            wait = max(wait, asked_s)
        return wait if self._spend() else None

    def _spend(self) -> bool:
        with self._lock:
            if self._saved < 1:
                return False
            self._saved -= 1
            return True
