"""NVIDIA graphics processors by NVML, where nvidia-ml-py and a driver are there; else what the driver tells."""

import contextlib
import importlib
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar, cast

from ollascope.host.files import names, text
from ollascope.words.sample import Gpu

Value = TypeVar("Value")

SENSOR_GPU = 0
CLOCK_SM, CLOCK_MEMORY = 1, 2
SLOWED_BY_LIMITS = 0x04 | 0x08 | 0x20 | 0x40 | 0x80  # power cap, hardware, heat by software and hardware, power brake
VERSION = re.compile(r"Kernel Module(?: for \S+)?\s+(\d+[\d.]*)")


class Usage(Protocol):
    """Percents of the time."""

    gpu: int


class Filling(Protocol):
    """Bytes of graphics memory."""

    used: int
    total: int


class Nvml(Protocol):
    """The functions of the package `pynvml` that are used."""

    NVMLError: type[Exception]

    def nvmlInit(self) -> None: ...  # noqa: N802 - NVML names it so
    def nvmlShutdown(self) -> None: ...  # noqa: N802
    def nvmlSystemGetDriverVersion(self) -> str | bytes: ...  # noqa: N802
    def nvmlSystemGetCudaDriverVersion_v2(self) -> int: ...  # noqa: N802
    def nvmlDeviceGetCount(self) -> int: ...  # noqa: N802
    def nvmlDeviceGetHandleByIndex(self, index: int) -> object: ...  # noqa: N802
    def nvmlDeviceGetName(self, device: object) -> str | bytes: ...  # noqa: N802
    def nvmlDeviceGetUtilizationRates(self, device: object) -> Usage: ...  # noqa: N802
    def nvmlDeviceGetMemoryInfo(self, device: object) -> Filling: ...  # noqa: N802
    def nvmlDeviceGetPowerUsage(self, device: object) -> int: ...  # noqa: N802
    def nvmlDeviceGetEnforcedPowerLimit(self, device: object) -> int: ...  # noqa: N802
    def nvmlDeviceGetTotalEnergyConsumption(self, device: object) -> int: ...  # noqa: N802
    def nvmlDeviceGetTemperature(self, device: object, sensor: int) -> int: ...  # noqa: N802
    def nvmlDeviceGetClockInfo(self, device: object, clock: int) -> int: ...  # noqa: N802
    def nvmlDeviceGetCurrentClocksThrottleReasons(self, device: object) -> int: ...  # noqa: N802


def find_nvml() -> Nvml | None:
    """The package, if it is installed."""
    try:
        return cast("Nvml", importlib.import_module("pynvml"))
    except ImportError:
        return None


class Nvidia:
    """The NVIDIA processors of this machine; without package or driver there are none to read."""

    def __init__(self, nvml: Nvml | None) -> None:
        self._nvml = nvml
        self._devices: Sequence[object] = ()
        if nvml is not None:
            with contextlib.suppress(nvml.NVMLError):  # no driver, or none that answers
                nvml.nvmlInit()
                self._devices = [nvml.nvmlDeviceGetHandleByIndex(index) for index in range(nvml.nvmlDeviceGetCount())]

    def read(self) -> tuple[Gpu, ...]:
        """One reading of each; what a model or a container does not tell is absent."""
        return tuple(self._gpu(index, device) for index, device in enumerate(self._devices))

    def driver(self) -> str | None:
        """The driver's version."""
        nvml = self._nvml
        said = self._ask(nvml.nvmlSystemGetDriverVersion) if nvml and self._devices else None
        return None if said is None else _decoded(said)

    def cuda(self) -> str | None:
        """The newest CUDA that the driver can run."""
        nvml = self._nvml
        said = self._ask(nvml.nvmlSystemGetCudaDriverVersion_v2) if nvml and self._devices else None
        return None if said is None else f"{said // 1000}.{said % 1000 // 10}"

    def close(self) -> None:
        """Give the library back."""
        if self._nvml is not None and self._devices:
            self._devices = ()
            with contextlib.suppress(self._nvml.NVMLError):
                self._nvml.nvmlShutdown()

    def _gpu(self, index: int, device: object) -> Gpu:
        nvml = cast("Nvml", self._nvml)
        usage = self._ask(lambda: nvml.nvmlDeviceGetUtilizationRates(device))
        memory = self._ask(lambda: nvml.nvmlDeviceGetMemoryInfo(device))
        name = self._ask(lambda: nvml.nvmlDeviceGetName(device))
        temperature = self._ask(lambda: nvml.nvmlDeviceGetTemperature(device, SENSOR_GPU))
        reasons = self._ask(lambda: nvml.nvmlDeviceGetCurrentClocksThrottleReasons(device))
        return Gpu(
            index=index,
            name=None if name is None else _decoded(name),
            used_ratio=None if usage is None else usage.gpu / 100,
            memory_used_bytes=None if memory is None else int(memory.used),
            memory_total_bytes=None if memory is None else int(memory.total),
            power_watts=self._times(0.001, lambda: nvml.nvmlDeviceGetPowerUsage(device)),
            power_limit_watts=self._times(0.001, lambda: nvml.nvmlDeviceGetEnforcedPowerLimit(device)),
            energy_joules=self._times(0.001, lambda: nvml.nvmlDeviceGetTotalEnergyConsumption(device)),
            temperature_celsius=None if temperature is None else float(temperature),
            clock_hertz=self._times(1e6, lambda: nvml.nvmlDeviceGetClockInfo(device, CLOCK_SM)),
            memory_clock_hertz=self._times(1e6, lambda: nvml.nvmlDeviceGetClockInfo(device, CLOCK_MEMORY)),
            throttled=None if reasons is None else bool(reasons & SLOWED_BY_LIMITS),
        )

    def _times(self, unit: float, ask: Callable[[], int]) -> float | None:
        said = self._ask(ask)
        return None if said is None else said * unit

    def _ask(self, ask: Callable[[], Value]) -> Value | None:
        nvml = cast("Nvml", self._nvml)
        try:
            return ask()
        except nvml.NVMLError:  # not supported by this model, or not allowed to this user
            return None


def told_driver(root: Path) -> str | None:
    """The version that the loaded driver tells without NVML."""
    found = VERSION.search(text(root / "proc/driver/nvidia/version"))
    return found.group(1) if found else None


def told_gpus(root: Path) -> tuple[Gpu, ...]:
    """The names of the processors that the driver knows; without NVML nothing else about them can be read."""
    folder = root / "proc/driver/nvidia/gpus"
    models = [_model(text(folder / name / "information")) for name in names(folder)]
    return tuple(Gpu(index=index, name=model) for index, model in enumerate(models))


def _model(said: str) -> str | None:
    return next((line.partition(":")[2].strip() for line in said.splitlines() if line.startswith("Model:")), None)


def _decoded(said: str | bytes) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said
