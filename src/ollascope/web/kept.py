"""The last answer to a question that may take long: asked in a thread of its own, so that no page waits for it."""

import logging
import threading
from collections.abc import Callable
from time import monotonic
from typing import Generic, TypeVar

from ollascope.words.errors import Trouble

Value = TypeVar("Value")

log = logging.getLogger(__name__)


class Kept(Generic[Value]):
    """Asks again when its answer is older than `every_s` and somebody wants to know."""

    def __init__(self, name: str, ask: Callable[[], Value], every_s: float) -> None:
        self._name = name
        self._ask = ask
        self._every_s = every_s
        self._value: Value | None = None
        self._asked_at = float("-inf")
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def read(self, wait_s: float = 0.0) -> Value | None:
        """The last answer, or None while there is none; at most `wait_s` is waited for a first one."""
        with self._lock:
            due = monotonic() - self._asked_at >= self._every_s
            if due and (self._thread is None or not self._thread.is_alive()):
                self._asked_at = monotonic()
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            thread = self._thread
        if wait_s and self._value is None and thread is not None:
            thread.join(wait_s)
        return self._value

    def forget(self) -> None:
        """Ask anew the next time somebody wants to know."""
        self._asked_at = float("-inf")

    def _run(self) -> None:
        try:
            self._value = self._ask()
        except Trouble as error:
            log.warning("%s cannot be told: %s", self._name, error.message)
        except Exception:  # a bug in one question must not stay silent, nor take the page with it
            log.exception("%s cannot be told", self._name)
