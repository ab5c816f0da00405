"""AMD graphics processors, as their driver shows them in /sys; no program or package is needed."""

from pathlib import Path

from ollascope.host.files import names, number, text
from ollascope.words.sample import Gpu

VENDOR = "0x1002"


def read_amd(root: Path, first: int = 0) -> tuple[Gpu, ...]:
    """One reading of each AMD processor; their indexes begin at `first`."""
    cards = root / "sys/class/drm"
    found = [cards / name / "device" for name in names(cards, "card") if name[4:].isdecimal()]
    ours = [card for card in found if text(card / "vendor").strip() == VENDOR]
    return tuple(_gpu(first + index, card) for index, card in enumerate(ours))


def amd_driver(root: Path) -> str | None:
    """The driver's version; the one that comes with the kernel has the kernel's."""
    if said := text(root / "sys/module/amdgpu/version").strip():
        return said
    words = text(root / "proc/sys/kernel/osrelease").split()
    return words[0] if words and (root / "sys/module/amdgpu").is_dir() else None


def rocm_version(root: Path) -> str | None:
    """The ROCm that is installed in its usual place."""
    return text(root / "opt/rocm/.info/version").strip() or None


def _gpu(index: int, card: Path) -> Gpu:
    sensors = next((card / "hwmon" / name for name in names(card / "hwmon", "hwmon")), card / "hwmon")
    power = number(sensors / "power1_average")
    temperature = number(sensors / "temp1_input")
    percent = number(card / "gpu_busy_percent")
    return Gpu(
        index=index,
        name=text(card / "product_name").strip() or _model(card),
        used_ratio=None if percent is None else percent / 100,
        memory_used_bytes=number(card / "mem_info_vram_used"),
        memory_total_bytes=number(card / "mem_info_vram_total"),
        power_watts=_times(1e-6, power if power is not None else number(sensors / "power1_input")),
        power_limit_watts=_times(1e-6, number(sensors / "power1_cap")),
        energy_joules=_times(1e-6, number(sensors / "energy1_input")),
        temperature_celsius=None if temperature is None else temperature / 1000,
        clock_hertz=_times(1.0, number(sensors / "freq1_input")),
        memory_clock_hertz=_times(1.0, number(sensors / "freq2_input")),
    )


def _model(card: Path) -> str | None:
    said = text(card / "device").strip()
    return f"AMD {said}" if said else None


def _times(unit: float, said: int | None) -> float | None:
    return None if said is None else said * unit
