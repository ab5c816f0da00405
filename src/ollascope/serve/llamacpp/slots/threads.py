"""How many threads a model decodes with: as many as help, measured once for each file in this process."""

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from ollascope.host.groups import Groups

SLOW_S = 0.05  # one token takes longer than that on all cores: a large model, which all cores help
GAIN = 1.08  # more threads must be this much faster, for they disturb others
ROUNDS = 3

Measure = Callable[[int], tuple[float, float]]  # threads -> seconds for one token, seconds for a batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Threads:
    """For batches of one token, and for longer ones."""

    one: int
    many: int


def choose_threads(measure: Measure, counts: list[int]) -> Threads:
    """The fewest threads that are nearly as fast as any number of them; `counts` rises."""
    most = counts[-1]
    if len(counts) == 1:
        return Threads(one=most, many=most)
    found = {most: measure(most)}
    if found[most][0] > SLOW_S:
        return Threads(one=most, many=most)
    for count in counts[:-1]:
        found[count] = measure(count)
    for count in counts * (ROUNDS - 1):  # the best of several, in turn, as other programs come and go
        found[count] = _better(found[count], measure(count))
    return Threads(one=_fewest(counts, found, 0), many=_fewest(counts, found, 1))


def possible_counts(root: Path = Path("/")) -> list[int]:
    """Numbers of threads worth trying: up to the cores that we may use, the control group's quota kept."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    share = Groups(root).share()
    most = max(1, min(allowed, math.ceil(share.cores) if share else allowed))
    physical = min(most, psutil.cpu_count(logical=False) or most)
    doubled = [2**power for power in range(physical.bit_length()) if 2**power <= physical]
    return sorted({*doubled, physical, most})


def _fewest(counts: list[int], found: dict[int, tuple[float, float]], which: int) -> int:
    chosen = counts[0]
    for count in counts[1:]:
        if found[chosen][which] > found[count][which] * GAIN:
            chosen = count
    return chosen


def _better(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    return min(one[0], other[0]), min(one[1], other[1])
