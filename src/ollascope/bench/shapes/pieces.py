"""Stretches of a load by rate, filled with due times: a straight line each, one after the other without a seam."""

import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, islice

ROUNDING = 1e-12  # share of a time below which a difference is the computer's, not the load's


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A rate that goes to another in a straight line and stays there; it ends after its seconds or its shots."""

    rate: float
    until_rate: float
    ramp_s: float = 0.0  # how long the line is
    seconds: float = math.inf
    shots: int | None = None

    def passed(self, time_s: float) -> float:
        """How many requests are due on average up to a time."""
        sloped = min(time_s, self.ramp_s)
        line = self.rate * sloped + (self.until_rate - self.rate) * sloped * sloped / (2 * self.ramp_s or 1)
        return line + self.until_rate * max(0.0, time_s - self.ramp_s)

    def when(self, passed: float) -> float:
        """The time up to which so many requests are due on average."""
        line = (self.rate + self.until_rate) * self.ramp_s / 2
        if passed >= line:
            return self.ramp_s + (passed - line) / self.until_rate
        slope = (self.until_rate - self.rate) / self.ramp_s
        return 2 * passed / (self.rate + math.sqrt(max(0.0, self.rate * self.rate + 2 * slope * passed)))


class Filling:
    """Due times in the making; what is left of the gap at a piece's end goes on in the next one.

    A process of unit rate is laid onto the rate's integral, so that a changing rate keeps the character of the process:
    Poisson stays Poisson, and constant has exactly one request for each one that is due. A piece of chance that ends by
    time has exactly as many requests as are due in it: what was asked for does not itself depend on luck.
    """

    def __init__(self, gaps: Iterator[float], *, even: bool) -> None:
        self.due: array[float] = array("d")
        self._gaps = gaps
        self._even = even
        self._left = next(gaps)  # in requests due on average, to the next one

    def fill(self, piece: Piece, starts_s: float) -> float:
        """Add a piece's due times; returns its length: its seconds, or where the request after its last one is due."""
        if piece.shots is None and not self._even:
            return self._fill_whole(piece, starts_s)
        due, gaps, when = self.due, self._gaps, piece.when
        edge = piece.seconds * (1 - ROUNDING)
        last = len(due) + piece.shots if piece.shots is not None else -1
        passed = self._left
        while (time_s := when(passed)) < edge:
            if len(due) == last:
                self._left = 0.0
                return time_s
            due.append(starts_s + time_s)
            passed += next(gaps)
        self._left = max(0.0, passed - piece.passed(piece.seconds))
        return piece.seconds

    def _fill_whole(self, piece: Piece, starts_s: float) -> float:
        """Gaps stretched so that the wanted number fits: with Poisson's, times that are uniform within the piece."""
        passed = piece.passed(piece.seconds)
        places = list(accumulate(islice(self._gaps, max(1, round(passed)) + 1)))
        stretch = passed / (places.pop() or 1.0)
        edge = piece.seconds * (1 - ROUNDING)
        self.due.extend(starts_s + min(edge, piece.when(place * stretch)) for place in places)
        self._left = next(self._gaps)
        return piece.seconds
