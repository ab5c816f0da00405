"""One reading of the machine: the Sample."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ollascope.words.record import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """One graphics processor at one instant."""

    index: int
    name: str | None = None
    used_ratio: float | None = None
    memory_used_bytes: int | None = None
    memory_total_bytes: int | None = None
    power_watts: float | None = None
    temperature_celsius: float | None = None
    clock_hertz: float | None = None
    throttled: bool | None = None
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process of a model server at one instant."""

    role: str
    pid: int
    cpu_s: float | None = None
    rss_bytes: int | None = None
    threads: int | None = None
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """CPU, memory, swap, disk, network, GPU, energy and engine processes at one instant; absent means not measured."""

    at: float
    cpu_ratio: float | None = None
    cpu_core_ratios: tuple[float, ...] = ()
    cpu_steal_ratio: float | None = None
    cpu_hertz: float | None = None
    cpu_temperature_celsius: float | None = None
    load_1min: float | None = None
    memory_available_bytes: int | None = None
    memory_total_bytes: int | None = None
    swap_used_bytes: int | None = None
    disk_free_bytes: int | None = None
    disk_total_bytes: int | None = None
    disk_read_bytes: int | None = None
    disk_written_bytes: int | None = None
    network_received_bytes: int | None = None
    network_sent_bytes: int | None = None
    open_files: int | None = None
    energy_joules: float | None = None
    gpus: tuple[Gpu, ...] = ()
    processes: tuple[Process, ...] = ()
    extra: Mapping[str, Json] = field(default_factory=dict)
