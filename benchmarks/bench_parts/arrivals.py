"""Open loops: whether requests are sent when they are due."""

from array import array
from collections.abc import Iterator
from itertools import accumulate, pairwise
from random import Random
from statistics import fmean, pstdev

from pipe_parts.settings import Settings
from pipe_parts.table import Row
from scipy.stats import kstest

from bench_parts.runs import Run, opened
from bench_parts.server import Server

RATES = (20, 100)
SECONDS, QUICK_S = 15.0, 5.0


def measure(settings: Settings) -> Iterator[Row]:
    """Constant and Poisson, by the times of sending."""
    seconds = QUICK_S if settings.quick else SECONDS
    with Server(ttft_s=0.01, gap_s=0.001, streams=500) as server:
        for rate in RATES:
            due = array("d", (number / rate for number in range(int(rate * seconds))))
            runs = [opened(server.url, due, tokens=4) for _ in range(settings.rounds)]
            cv = min(pstdev(gaps) / fmean(gaps) for gaps in map(_gaps, runs))
            late = min(_late_ms(run) for run in runs)
            yield Row(name=f"{rate}/s constant: variation of the gaps", figure=cv, unit="", most=0.05)
            yield Row(name=f"{rate}/s constant: late p99", figure=late, unit="ms")
            chance = Random(7)
            due = array("d", accumulate(chance.expovariate(rate) for _ in range(int(rate * seconds))))
            chances = [kstest(_gaps(run), "expon", (0, 1 / rate)).pvalue for run in _several(server, due, settings)]
            yield Row(name=f"{rate}/s Poisson: KS", figure=max(chances), unit="p", least=0.01)


def _several(server: Server, due: "array[float]", settings: Settings) -> list[Run]:
    return [opened(server.url, due, tokens=4) for _ in range(settings.rounds)]


def _gaps(run: Run) -> list[float]:
    times = sorted(float(str(call.extra["at_s"])) for call in run.calls)
    return [after - before for before, after in pairwise(times)]


def _late_ms(run: Run) -> float:
    late = sorted(-(call.due_s or 0.0) for call in run.calls)
    return 1e3 * late[int(len(late) * 0.99)]
