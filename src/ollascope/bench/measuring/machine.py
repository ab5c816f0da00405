"""The machine beside the run: readings on its time axis, and what the run took of it."""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Final, TypeVar

from ollascope.bench.about import About
from ollascope.bench.measuring.frames import Frame
from ollascope.bench.result import Reading, Use
from ollascope.words.sample import Process, Sample

CLIENT: Final = "client"
MOST: Final = 1000  # readings that a Result keeps

Number = TypeVar("Number", int, float)
Timed = tuple[float, Sample]  # in seconds from the start of the run


def timed(samples: Sequence[Sample], about: About) -> list[Timed]:
    """By the monotonic clock where a Sample tells it."""
    found = []
    for sample in samples:
        at = sample.extra.get("at_s")
        found.append((float(at) if isinstance(at, int | float) else sample.at - about.started_at, sample))
    return sorted(found, key=lambda pair: pair[0])


def readings_of(samples: Sequence[Timed], about: About) -> tuple[Reading, ...]:
    """One reading a Sample; shares of processes are those since the one before."""
    found = [_reading(before, after, about) for before, after in pairwise(samples)]
    step = -(-len(found) // MOST) or 1
    return tuple(found[::step])


def use_of(samples: Sequence[Timed], about: About, frame: Frame, tokens: int | None) -> Use:
    """Over the time in which requests counted."""
    within = [pair for pair in samples if frame.since_s <= pair[0] <= frame.until_s]
    if len(within) < 2:
        return Use()
    held = [sample for _, sample in within]
    found = [_reading(before, after, about) for before, after in pairwise(within)]
    joules = _grown(sample.energy_joules for sample in held)
    swap = [sample.swap_used_bytes for sample in held if sample.swap_used_bytes is not None]
    hertz = [sample.cpu_hertz for sample in held if sample.cpu_hertz is not None]
    cpu = [reading.cpu_ratio for reading in found if reading.cpu_ratio is not None]
    return Use(
        server_cpu_s=_spent(held, lambda process: _is_server(process, about)),
        server_rss_peak_bytes=_most(reading.server_rss_bytes for reading in found),
        cpu_ratio_mean=sum(cpu) / len(cpu) if cpu else None,
        steal_ratio_max=_most(reading.steal_ratio for reading in found),
        swap_grown_bytes=max(swap) - swap[0] if swap else None,
        cpu_hertz_min=min(hertz, default=None),
        cpu_hertz_max=max(hertz, default=None),
        joules=joules,
        joules_per_token=joules / tokens if joules is not None and tokens else None,
        gpu_joules=_gpu_joules(within),
        others_cpu_ratio_max=_lasting(reading.others_cpu_ratio for reading in found),
        throttled=_throttled(held),
    )


def _reading(before: Timed, after: Timed, about: About) -> Reading:
    (earlier, old), (at, new) = before, after
    seconds = at - earlier
    server = _busy(old, new, seconds, lambda process: _is_server(process, about))
    client = _busy(old, new, seconds, _is_client)
    joules = _grown((old.energy_joules, new.energy_joules))
    return Reading(
        at_s=at,
        cpu_ratio=new.cpu_ratio,
        server_cpu_ratio=server,
        client_cpu_ratio=client,
        server_rss_bytes=_rss(new, lambda process: _is_server(process, about)),
        client_rss_bytes=_rss(new, _is_client),
        memory_available_bytes=new.memory_available_bytes,
        swap_used_bytes=new.swap_used_bytes,
        steal_ratio=new.cpu_steal_ratio,
        cpu_hertz=new.cpu_hertz,
        cpu_temperature_celsius=new.cpu_temperature_celsius,
        watts=joules / seconds if joules is not None and seconds > 0 else None,
        gpu_ratio=_most(gpu.used_ratio for gpu in new.gpus),
        gpu_memory_bytes=_sum([gpu.memory_used_bytes for gpu in new.gpus]),
        gpu_watts=_sum([gpu.power_watts for gpu in new.gpus]),
        others_cpu_ratio=_others(new, server, client),
    )


def _is_client(process: Process) -> bool:
    return process.role == CLIENT


def _is_server(process: Process, about: About) -> bool:
    pids = about.server.pids
    return not _is_client(process) and (process.pid in pids or (not pids and about.server.same_host))


def _busy(old: Sample, new: Sample, seconds: float, mine: Callable[[Process], bool]) -> float | None:
    """Of one core."""
    spent = _spent((old, new), mine)
    return spent / seconds if spent is not None and seconds > 0 else None


def _spent(samples: Sequence[Sample], mine: Callable[[Process], bool]) -> float | None:
    """Seconds of CPU between the first and the last, of each process from where it was first seen."""
    if not any(mine(process) for sample in samples for process in sample.processes):
        return None
    spent = 0.0
    known: dict[int, float] = {}
    for sample in samples:
        for process in sample.processes:
            if not mine(process) or process.cpu_s is None:
                continue
            spent += max(0.0, process.cpu_s - known.get(process.pid, process.cpu_s))
            known[process.pid] = process.cpu_s
    return spent


def _rss(sample: Sample, mine: Callable[[Process], bool]) -> int | None:
    return _sum([process.rss_bytes for process in sample.processes if mine(process)])


def _others(sample: Sample, server: float | None, client: float | None) -> float | None:
    """What neither server nor client took; unknown where either cannot be read."""
    if sample.cpu_ratio is None or not sample.cpu_cores or server is None or client is None:
        return None
    return min(1.0, max(0.0, sample.cpu_ratio - (server + client) / sample.cpu_cores))


def _lasting(values: Iterable[float | None]) -> float | None:
    """The most that two readings one after the other show: a single one may catch what lasts a moment."""
    known = [value for value in values if value is not None]
    return max((min(pair) for pair in pairwise(known)), default=None)


def _gpu_joules(samples: Sequence[Timed]) -> float | None:
    """By the counters, or by power over time where there are none."""
    first, last = samples[0][1], samples[-1][1]
    ends = {gpu.index: gpu.energy_joules for gpu in last.gpus}
    counted = [_grown((gpu.energy_joules, ends.get(gpu.index))) for gpu in first.gpus]
    if counted and None not in counted:
        return _sum(counted)
    spent = 0.0
    for (earlier, _), (at, sample) in pairwise(samples):
        watts = _sum([gpu.power_watts for gpu in sample.gpus])
        if watts is None:
            return None
        spent += watts * (at - earlier)
    return spent


def _throttled(samples: Sequence[Sample]) -> bool | None:
    """Whether a processor was held back: a graphics one says so, of the other a limit took time away."""
    told = [gpu.throttled for sample in samples for gpu in sample.gpus if gpu.throttled is not None]
    taken = _grown(sample.cpu_throttled_s for sample in samples)
    if not told and taken is None:
        return None
    return any(told) or (taken or 0.0) > 0


def _grown(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return max(0.0, known[-1] - known[0]) if len(known) >= 2 else None


def _most(values: Iterable[Number | None]) -> Number | None:
    return max((value for value in values if value is not None), default=None)


def _sum(values: Sequence[Number | None]) -> Number | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
