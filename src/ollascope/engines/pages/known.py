"""What a page knows without waiting: the last answer to a question that may take long."""

from collections.abc import Callable
from typing import Protocol, TypeVar

Value = TypeVar("Value")
Told_co = TypeVar("Told_co", covariant=True)


class Known(Protocol[Told_co]):
    """An answer that is kept, and asked for again when it is old."""

    def read(self, wait_s: float = 0.0) -> Told_co | None:
        """The last answer, or None while there is none; at most so long is waited for a first one."""

    def forget(self) -> None:
        """Ask anew the next time somebody wants to know."""


class Keep(Protocol):
    """Keeps the answers to a question."""

    def __call__(self, name: str, ask: Callable[[], Value], every_s: float) -> Known[Value]: ...
