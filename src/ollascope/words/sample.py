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
    power_limit_watts: float | None = None
    energy_joules: float | None = None
    temperature_celsius: float | None = None
    clock_hertz: float | None = None
    memory_clock_hertz: float | None = None
    throttled: bool | None = None
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process of a model server at one instant."""

    role: str
    pid: int
    name: str | None = None
    cpu_s: float | None = None
    rss_bytes: int | None = None
    threads: int | None = None
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """CPU, memory, swap, disk, network, GPU, energy and engine processes at one instant; absent means not measured.

    Where a container or service is allowed less than the machine has, CPU and memory are those of its limit. Ratios go
    from 0 to 1. Bytes read, written, received and sent, seconds and joules count up from some start: differences tell.
    """

    at: float
    cpu_ratio: float | None = None
    cpu_core_ratios: tuple[float, ...] = ()
    cpu_steal_ratio: float | None = None
    cpu_cores: float | None = None
    cpu_throttled_s: float | None = None
    cpu_hertz: float | None = None
    cpu_temperature_celsius: float | None = None
    cpu_pressure_ratio: float | None = None
    load_1min: float | None = None
    load_5min: float | None = None
    load_15min: float | None = None
    memory_available_bytes: int | None = None
    memory_total_bytes: int | None = None
    memory_pressure_ratio: float | None = None
    memory_pressure_full_ratio: float | None = None
    swap_used_bytes: int | None = None
    swap_total_bytes: int | None = None
    disk_free_bytes: int | None = None
    disk_total_bytes: int | None = None
    disk_read_bytes: int | None = None
    disk_written_bytes: int | None = None
    disk_busy_s: float | None = None
    disk_pressure_ratio: float | None = None
    network_received_bytes: int | None = None
    network_sent_bytes: int | None = None
    open_files: int | None = None
    open_files_limit: int | None = None
    energy_joules: float | None = None
    gpus: tuple[Gpu, ...] = ()
    processes: tuple[Process, ...] = ()
    extra: Mapping[str, Json] = field(default_factory=dict)
