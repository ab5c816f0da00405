"""How requests follow one another: endless gaps with a mean of one, of one stream of chance."""

import math
from collections.abc import Iterator
from itertools import repeat
from random import Random

from ollascope.bench.asked import Arrival
from ollascope.words.errors import BadUsage


def draw_gaps(arrival: Arrival, burstiness: float, chance: Random) -> Iterator[float]:
    """The gaps of an arrival process whose mean is one; the first is the one before the first request."""
    if arrival == "constant":
        return _constant()
    if arrival == "poisson" or (arrival == "gamma" and burstiness == 1):
        return _poisson(chance)
    if arrival == "gamma":
        return _gamma(burstiness, chance)
    raise BadUsage(
        f"requests that arrive as {arrival!r} have no gaps to draw", hint="choose constant, poisson or gamma"
    )


def _constant() -> Iterator[float]:
    yield 0.0
    yield from repeat(1.0)


def _poisson(chance: Random) -> Iterator[float]:
    draw, log = chance.random, math.log
    while True:
        yield -log(1.0 - draw())


def _gamma(burstiness: float, chance: Random) -> Iterator[float]:
    """Marsaglia and Tsang's method; a shape below one is drawn at one more and shrunk by a power of chance."""
    shape = 1 / burstiness
    raised = shape + 1 if shape < 1 else shape
    third, draw, log, exp = raised - 1 / 3, chance.random, math.log, math.exp
    slope = 1 / math.sqrt(9 * third)
    for normal in _normals(chance):
        cube = (1 + slope * normal) ** 3
        if cube <= 0:
            continue
        if log(1.0 - draw()) < 0.5 * normal * normal + third * (1 - cube + log(cube)):
            gap = third * cube * burstiness
            yield gap * exp(log(1.0 - draw()) * burstiness) if shape < 1 else gap


def _normals(chance: Random) -> Iterator[float]:
    draw, log, sqrt, cos, sin = chance.random, math.log, math.sqrt, math.cos, math.sin
    while True:
        length, angle = sqrt(-2.0 * log(1.0 - draw())), math.tau * draw()
        yield length * cos(angle)
        yield length * sin(angle)
