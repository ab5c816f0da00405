"""Ids that sort by the time they were made: 26 characters, 48 bits of milliseconds and 80 of chance."""

import secrets
import threading
import time
from collections.abc import Callable

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # no I, L, O, U: nothing to misread
LENGTH = 26
CHANCE_BITS = 80


class Ids:
    """A source of ids; each is greater than the one before, also when the wall clock stands still or steps back."""

    def __init__(self, wall: Callable[[], float] = time.time, chance: Callable[[int], int] = secrets.randbits) -> None:
        self._wall = wall
        self._chance = chance
        self._lock = threading.Lock()
        self._last = 0

    def next(self) -> str:
        with self._lock:
            fresh = (int(self._wall() * 1000) << CHANCE_BITS) | self._chance(CHANCE_BITS)
            self._last = fresh if fresh >> CHANCE_BITS > self._last >> CHANCE_BITS else self._last + 1
            return _text(self._last)


def id_time(text: str) -> float:
    """The wall-clock second at which an id was made."""
    number = 0
    for letter in text:
        number = number * 32 + ALPHABET.index(letter)
    return (number >> CHANCE_BITS) / 1000


def _text(number: int) -> str:
    return "".join(ALPHABET[(number >> shift) & 31] for shift in range((LENGTH - 1) * 5, -1, -5))
