"""NVIDIA processors by NVML: what it does not tell is absent, and without it the driver's own files tell a little."""

from types import SimpleNamespace

import pytest

from ollascope.host.nvidia import Nvidia, told_driver, told_gpus
from tests.host.trees import GIB, write


class NvmlError(Exception):
    """What NVML raises."""


class Nvml:
    """The library with two devices, of which the second tells nothing but its name."""

    NVMLError = NvmlError

    def __init__(self, broken=()):
        self.broken = set(broken)
        self.ended = 0

    def __getattr__(self, name):
        answers = {
            "nvmlInit": lambda: None,
            "nvmlShutdown": self.shut,
            "nvmlSystemGetDriverVersion": lambda: b"550.54.15",
            "nvmlSystemGetCudaDriverVersion_v2": lambda: 12040,
            "nvmlDeviceGetCount": lambda: 2,
            "nvmlDeviceGetHandleByIndex": lambda index: index,
            "nvmlDeviceGetName": lambda device: f"Card {device}",
            "nvmlDeviceGetUtilizationRates": lambda device: SimpleNamespace(gpu=75, memory=10),
            "nvmlDeviceGetMemoryInfo": lambda device: SimpleNamespace(used=GIB, total=8 * GIB, free=7 * GIB),
            "nvmlDeviceGetPowerUsage": lambda device: 123_000,
            "nvmlDeviceGetEnforcedPowerLimit": lambda device: 300_000,
            "nvmlDeviceGetTotalEnergyConsumption": lambda device: 5_000,
            "nvmlDeviceGetTemperature": lambda device, sensor: 66,
            "nvmlDeviceGetClockInfo": lambda device, clock: 1500 if clock == 1 else 9000,
            "nvmlDeviceGetCurrentClocksThrottleReasons": lambda device: 0x1,
        }

        def answer(*words):
            if name in self.broken or (
                words == (1,) and name not in {"nvmlDeviceGetName", "nvmlDeviceGetHandleByIndex"}
            ):
                raise NvmlError("not supported")
            return answers[name](*words)

        return answer

    def shut(self):
        self.ended += 1


def test_without_the_package_there_are_none():
    nvidia = Nvidia(None)
    assert (nvidia.read(), nvidia.driver(), nvidia.cuda()) == ((), None, None)
    nvidia.close()


@pytest.mark.parametrize("broken", ["nvmlInit", "nvmlDeviceGetCount", "nvmlDeviceGetHandleByIndex"])
def test_driver_that_does_not_answer_has_none(broken):
    nvidia = Nvidia(Nvml({broken}))
    assert (nvidia.read(), nvidia.driver()) == ((), None)
    nvidia.close()


def test_library_that_dies_on_the_way_leaves_readings_absent():
    nvml = Nvml()
    nvidia = Nvidia(nvml)
    nvml.broken = {"nvmlDeviceGetUtilizationRates", "nvmlDeviceGetMemoryInfo", "nvmlDeviceGetPowerUsage"}
    gpu = nvidia.read()[0]
    assert (gpu.used_ratio, gpu.memory_total_bytes, gpu.power_watts) == (None, None, None)
    assert gpu.temperature_celsius == 66.0


def test_reading_in_our_units():
    gpu = Nvidia(Nvml()).read()[0]
    assert (gpu.index, gpu.name, gpu.used_ratio) == (0, "Card 0", 0.75)
    assert (gpu.memory_used_bytes, gpu.memory_total_bytes) == (GIB, 8 * GIB)
    assert (gpu.power_watts, gpu.power_limit_watts, gpu.energy_joules) == (123.0, 300.0, 5.0)
    assert (gpu.temperature_celsius, gpu.clock_hertz, gpu.memory_clock_hertz) == (66.0, 1.5e9, 9e9)


def test_card_that_tells_nothing_has_its_name_alone():
    gpu = Nvidia(Nvml()).read()[1]
    assert gpu.name == "Card 1"
    assert (gpu.used_ratio, gpu.power_watts, gpu.throttled) == (None, None, None)


@pytest.mark.parametrize(
    ("reasons", "throttled"), [(0x0, False), (0x1, False), (0x2, False), (0x4, True), (0x20, True), (0x48, True)]
)
def test_idle_is_not_throttled_and_heat_is(monkeypatch, reasons, throttled):
    nvml = Nvml()
    nvml.nvmlDeviceGetCurrentClocksThrottleReasons = lambda device: reasons
    assert Nvidia(nvml).read()[0].throttled is throttled


def test_versions():
    nvidia = Nvidia(Nvml())
    assert (nvidia.driver(), nvidia.cuda()) == ("550.54.15", "12.4")


def test_library_is_given_back_once():
    nvml = Nvml()
    nvidia = Nvidia(nvml)
    nvidia.close()
    nvidia.close()
    assert nvml.ended == 1


@pytest.mark.parametrize(
    ("said", "version"),
    [("", None), ("nonsense", None),
     ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 19:39:15 UTC 2024\n", "535.183.01"),
     ("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.54.15  Release Build\n", "550.54.15")],
)  # fmt: skip
def test_driver_by_its_own_file(tmp_path, said, version):
    write(tmp_path / "proc/driver/nvidia/version", said)
    assert told_driver(tmp_path) == version


def test_names_by_the_drivers_own_files(tmp_path):
    write(tmp_path / "proc/driver/nvidia/gpus/0000:01:00.0/information", "Model: \t\t NVIDIA H200\nIRQ: 1\n")
    assert [gpu.name for gpu in told_gpus(tmp_path)] == ["NVIDIA H200"]
    assert told_gpus(tmp_path / "absent") == ()
