"""Section `host`, and when a reading counts as too high or too low: only if it lasts, and back only with room."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ollascope.words.sample import Sample
from ollascope.words.setting import setting, subsection

Side = Literal["above", "below"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """When a reading of the machine is worth a warning; null switches one off."""

    cpu_ratio: float | None = setting(0.95, "share of CPU time in use", minimum=0, maximum=1)
    cpu_steal_ratio: float | None = setting(0.1, "share of CPU time that other machines on the same host took",
                                            minimum=0, maximum=1)  # fmt: skip
    cpu_temperature_celsius: float | None = setting(95.0, "temperature of the processor", minimum=0)
    memory_available_ratio: float | None = setting(0.05, "least share of memory that is still free",
                                                   minimum=0, maximum=1)  # fmt: skip
    memory_pressure_ratio: float | None = setting(0.2, "share of time in which something waited for memory",
                                                  minimum=0, maximum=1)  # fmt: skip
    swap_used_ratio: float | None = setting(0.5, "share of swap in use", minimum=0, maximum=1)
    disk_free_ratio: float | None = setting(0.05, "least share of the data folder's disk that is still free",
                                            minimum=0, maximum=1)  # fmt: skip
    gpu_temperature_celsius: float | None = setting(90.0, "temperature of a graphics processor", minimum=0)
    gpu_memory_ratio: float | None = setting(0.98, "share of a graphics processor's memory in use",
                                             minimum=0, maximum=1)  # fmt: skip
    hold_s: float = setting(30.0, "how long a reading must stay beyond its threshold, or back, to count", minimum=0)
    margin_ratio: float = setting(0.05, "how far a reading must come back to count, as a share of the threshold",
                                  minimum=0, maximum=0.5)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """Readings of the machine: how often, of which processes, and when they warn."""

    interval_s: float = setting(5.0, "seconds between two readings", minimum=0.5, maximum=3600)
    engine_names: tuple[str, ...] = setting(
        ("ollama", "llama-server", "vllm"), "programs that are model servers; their processes are read one by one"
    )
    search_s: float = setting(10.0, "seconds between two searches for processes of model servers", minimum=1)
    runners: bool = setting(True, "ask the runners of model servers for their /slots and /metrics, where they answer")
    thresholds: Thresholds = subsection(Thresholds, "when a reading of the machine is worth a warning")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One reading's limit and the point from which it counts as back."""

    reading: str
    side: Side
    at: float
    back: float
    hold_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Whether a limit is crossed, and since when the reading has been saying otherwise."""

    crossed: bool = False
    turning_since: float | None = None


def limits(thresholds: Thresholds) -> tuple[Limit, ...]:
    """The limits that are switched on."""
    found = (_limit(thresholds, reading, side, value) for reading, side, value in _sides(thresholds))
    return tuple(limit for limit in found if limit is not None)


def readings(sample: Sample) -> dict[str, float | None]:
    """What the limits look at: shares and temperatures; of several processors the worst."""
    heats = [gpu.temperature_celsius for gpu in sample.gpus if gpu.temperature_celsius is not None]
    fillings = [_share(gpu.memory_used_bytes, gpu.memory_total_bytes) for gpu in sample.gpus]
    return {
        "cpu_ratio": sample.cpu_ratio,
        "cpu_steal_ratio": sample.cpu_steal_ratio,
        "cpu_temperature_celsius": sample.cpu_temperature_celsius,
        "memory_available_ratio": _share(sample.memory_available_bytes, sample.memory_total_bytes),
        "memory_pressure_ratio": sample.memory_pressure_ratio,
        "swap_used_ratio": _share(sample.swap_used_bytes, sample.swap_total_bytes),
        "disk_free_ratio": _share(sample.disk_free_bytes, sample.disk_total_bytes),
        "gpu_temperature_celsius": max(heats, default=None),
        "gpu_memory_ratio": max((filling for filling in fillings if filling is not None), default=None),
    }


def judge(
    known: Sequence[Limit], standings: Mapping[str, Standing], values: Mapping[str, float | None], at: float
) -> dict[str, Standing]:
    """Every limit's standing after one more reading."""
    return {limit.reading: step(limit, standings.get(limit.reading, Standing()), values.get(limit.reading), at)
            for limit in known}  # fmt: skip


def step(limit: Limit, standing: Standing, value: float | None, at: float) -> Standing:
    """One more reading of one limit; a reading that is absent says nothing and changes nothing."""
    if value is None:
        return standing
    says_otherwise = _is_back(limit, value) if standing.crossed else _is_beyond(limit, value)
    if not says_otherwise:
        return Standing(crossed=standing.crossed)
    since = standing.turning_since
    if since is None or at < since:  # the clock was set back: the time begins anew
        since = at
    if at - since >= limit.hold_s:
        return Standing(crossed=not standing.crossed)
    return Standing(crossed=standing.crossed, turning_since=since)


def _sides(thresholds: Thresholds) -> tuple[tuple[str, Side, float | None], ...]:
    return (
        ("cpu_ratio", "above", thresholds.cpu_ratio),
        ("cpu_steal_ratio", "above", thresholds.cpu_steal_ratio),
        ("cpu_temperature_celsius", "above", thresholds.cpu_temperature_celsius),
        ("memory_available_ratio", "below", thresholds.memory_available_ratio),
        ("memory_pressure_ratio", "above", thresholds.memory_pressure_ratio),
        ("swap_used_ratio", "above", thresholds.swap_used_ratio),
        ("disk_free_ratio", "below", thresholds.disk_free_ratio),
        ("gpu_temperature_celsius", "above", thresholds.gpu_temperature_celsius),
        ("gpu_memory_ratio", "above", thresholds.gpu_memory_ratio),
    )


def _limit(thresholds: Thresholds, reading: str, side: Side, at: float | None) -> Limit | None:
    if at is None:
        return None
    away = at * thresholds.margin_ratio
    return Limit(
        reading=reading, side=side, at=at, back=at - away if side == "above" else at + away, hold_s=thresholds.hold_s
    )


def _is_beyond(limit: Limit, value: float) -> bool:
    return value > limit.at if limit.side == "above" else value < limit.at


def _is_back(limit: Limit, value: float) -> bool:
    return value <= limit.back if limit.side == "above" else value >= limit.back


def _share(part: int | None, whole: int | None) -> float | None:
    return None if part is None or not whole else part / whole
