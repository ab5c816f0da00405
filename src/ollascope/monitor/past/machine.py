"""How much of the machine was in use over a stretch of time: what Samples add up to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ollascope.words.sample import Gpu, Sample

STEP_S = 300.0  # a longer hole between two readings belongs to nobody


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """One reading over time; `n` counts the Samples that have it."""

    n: int
    mean: float
    least: float
    most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What was measured of the machine; a reading that no Sample has is absent."""

    samples: int = 0
    gauges: Mapping[str, Gauge] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)  # of graphics processors, by the beginning of their readings
    energy_joules: float | None = None


def use_of(samples: Iterable[Sample]) -> Use:
    """Mean, least and most of each reading, and the energy used where it is counted."""
    tracks: dict[str, _Track] = {}
    names: dict[str, str] = {}
    count, energy, last = 0, None, None
    for sample in samples:
        count += 1
        for name, value in _readings(sample):
            if value is not None:
                tracks.setdefault(name, _Track()).add(value)
        names.update({f"gpu{gpu.index}": gpu.name for gpu in sample.gpus if gpu.name})
        if (used := _energy(last, sample)) is not None:
            energy = used + (energy or 0.0)
        last = sample
    gauges = {name: track.gauge() for name, track in tracks.items()}
    return Use(samples=count, gauges=gauges, names=names, energy_joules=energy)


class _Track:
    """One reading, value by value."""

    __slots__ = ("count", "least", "most", "total")

    def __init__(self) -> None:
        self.count = 0
        self.total = 0.0
        self.least, self.most = float("inf"), float("-inf")

    def add(self, value: float) -> None:
        self.count += 1
        self.total += value
        self.least, self.most = min(self.least, value), max(self.most, value)

    def gauge(self) -> Gauge:
        return Gauge(n=self.count, mean=self.total / self.count, least=self.least, most=self.most)


def _readings(sample: Sample) -> list[tuple[str, float | None]]:
    found = [
        ("cpu_ratio", sample.cpu_ratio),
        ("memory_ratio", _used(sample.memory_available_bytes, sample.memory_total_bytes)),
        ("swap_used_bytes", sample.swap_used_bytes),
        ("disk_free_bytes", sample.disk_free_bytes),
        ("cpu_temperature_celsius", sample.cpu_temperature_celsius),
    ]
    for gpu in sample.gpus:
        found += [(f"gpu{gpu.index}_{name}", value) for name, value in _gpu(gpu)]
    return found


def _gpu(gpu: Gpu) -> list[tuple[str, float | None]]:
    return [
        ("used_ratio", gpu.used_ratio),
        ("memory_used_bytes", gpu.memory_used_bytes),
        ("power_watts", gpu.power_watts),
        ("temperature_celsius", gpu.temperature_celsius),
    ]


def _used(free: int | None, total: int | None) -> float | None:
    return None if free is None or not total else 1 - free / total


def _energy(last: Sample | None, sample: Sample) -> float | None:
    """What processor and graphics processors used between two readings; a counter that fell began anew."""
    if last is None or not 0 <= sample.at - last.at <= STEP_S:
        return None
    pairs = [(last.energy_joules, sample.energy_joules)]
    known = {gpu.index: gpu.energy_joules for gpu in last.gpus}
    pairs += [(known.get(gpu.index), gpu.energy_joules) for gpu in sample.gpus]
    steps = [now - before for before, now in pairs if before is not None and now is not None and now >= before]
    return sum(steps) if steps else None
