"""Was the machine left to the run?"""

from collections.abc import Iterator
from itertools import pairwise
from statistics import fmean
from typing import Final

from ollascope.bench.result import Reading, Reason
from ollascope.bench.verdict.sayings import reason
from ollascope.bench.verdict.signs import Case
from ollascope.reports.say import digits, share

STOLEN: Final = 0.1
SWAPPED_BYTES: Final = 32 << 20
DROPPED: Final = 0.85  # of its first frequency
HOT_CELSIUS: Final = 80.0
BUSY: Final = 0.2  # of the machine
FULL: Final = 0.95
CLIENT: Final = 0.1  # of the machine
FEW: Final = 3  # readings: of fewer, shares of a core would be those of single ticks


def cpu_stolen(case: Case) -> Iterator[Reason]:
    """What two readings one after the other show: a single one may catch what lasts a moment."""
    found = [reading.steal_ratio for reading in _readings(case) if reading.steal_ratio is not None]
    worst = max((min(pair) for pair in pairwise(found)), default=0.0)
    if worst > STOLEN:
        yield reason("cpu-stolen", "limited", steal=share(worst))


def swapped(case: Case) -> Iterator[Reason]:
    grown = case.result.use.swap_grown_bytes
    if grown is not None and grown > SWAPPED_BYTES:
        yield reason("swapped", "limited", grown=f"{digits(grown / 2**20)} MiB")


def slowed(case: Case) -> Iterator[Reason]:
    if case.signs.gpu_throttled:
        yield reason("throttled", "limited")
    elif case.result.use.throttled:
        yield reason("cpu-limited", "limited")
    early, late, heat = case.signs.hertz_early, case.signs.hertz_late, case.signs.heat_celsius
    if early and late and heat and late < DROPPED * early and heat >= HOT_CELSIUS:
        yield reason("clock-dropped", "limited", early=_hertz(early), late=_hertz(late), heat=f"{digits(heat)} °C")


def others_busy(case: Case) -> Iterator[Reason]:
    others = case.result.use.others_cpu_ratio_max
    if others is not None and others > BUSY:
        yield reason("others-busy", "limited", share=share(others))


def same_host(case: Case) -> Iterator[Reason]:
    if not case.result.server.same_host:
        return
    client = _mean([reading.client_cpu_ratio for reading in _readings(case)])
    server = _mean([reading.server_cpu_ratio for reading in _readings(case)])
    full, cores = case.result.use.cpu_ratio_mean, case.signs.cores
    if full is not None and full >= FULL and client is not None and cores and client / cores > CLIENT:
        yield reason("crowded", "limited", cpu=share(full), client=share(client / cores))
    known = sum(reading.client_cpu_ratio is not None for reading in _readings(case))
    if known < FEW or client is None or server is None:
        yield reason("same-host", "note")
    else:
        yield reason("same-host", "note", client=share(client), server=share(server))


def _readings(case: Case) -> list[Reading]:
    """Those of the time in which requests counted."""
    window = case.result.window
    return [reading for reading in case.result.readings if window.since_s <= reading.at_s <= window.until_s]


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _hertz(value: float) -> str:
    return f"{digits(value / 1e9)} GHz"
