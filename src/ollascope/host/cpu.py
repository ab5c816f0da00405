"""The processor: how busy, all of it and core by core; stolen time, clock, temperature, load."""

from dataclasses import dataclass
from pathlib import Path

from ollascope.host.files import decimal, names, number, text, whole

CLOCKS_READ = 8  # each costs a question to the core; eight tell how fast the others run
CPU_CHIPS = frozenset({"coretemp", "k10temp", "zenpower", "cpu_thermal", "scpi_sensors", "soc_thermal"})
CPU_ZONES = ("x86_pkg_temp", "cpu-thermal", "cpu_thermal", "cpu0-thermal", "soc-thermal")
WARMEST = 150.0  # what is warmer is a broken sensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticks:
    """Time that one core, or all of them, spent working, in all, and had stolen by another machine on the same host."""

    busy: int
    total: int
    stolen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """The ticks of all cores together and of each one."""

    whole: Ticks
    cores: tuple[Ticks, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """Shares of the time between two readings."""

    ratio: float | None = None
    core_ratios: tuple[float, ...] = ()
    steal_ratio: float | None = None


def read_times(root: Path) -> Times | None:
    """How the cores spent their time since the start of the machine."""
    everything: Ticks | None = None
    cores: list[Ticks] = []
    for line in text(root / "proc/stat").splitlines():
        name, _, rest = line.partition(" ")
        if not name.startswith("cpu"):
            break  # the lines of the cores come first
        ticks = _ticks(rest)
        if ticks is None:
            return None
        if name == "cpu":
            everything = ticks
        else:
            cores.append(ticks)
    return None if everything is None else Times(whole=everything, cores=tuple(cores))


def busy_between(before: Times, after: Times) -> Busy:
    """What happened between two readings; nothing where the clock stood still or cores came or went."""
    same = len(before.cores) == len(after.cores)
    shares = [_share(old, new) for old, new in zip(before.cores, after.cores, strict=True)] if same else []
    return Busy(
        ratio=_share(before.whole, after.whole),
        core_ratios=() if None in shares else tuple(share for share in shares if share is not None),
        steal_ratio=_stolen(before.whole, after.whole),
    )


def read_hertz(root: Path) -> float | None:
    """How fast the cores run at this moment, on average."""
    folder = root / "sys/devices/system/cpu"
    cores = [name for name in names(folder, "cpu") if name[3:].isdecimal()]
    step = max(1, len(cores) // CLOCKS_READ)
    kilohertz = [number(folder / name / "cpufreq/scaling_cur_freq") for name in cores[::step]]
    found = [value * 1000.0 for value in kilohertz if value]
    return sum(found) / len(found) if found else _told_hertz(root)


def read_temperature(root: Path) -> float | None:
    """The warmest sensor of the processor."""
    chips = root / "sys/class/hwmon"
    degrees = [
        _degrees(chips / chip / name)
        for chip in names(chips)
        if text(chips / chip / "name").strip() in CPU_CHIPS
        for name in names(chips / chip, "temp")
        if name.endswith("_input")
    ]
    if not (found := [value for value in degrees if value is not None]):
        zones = root / "sys/class/thermal"
        told = [_degrees(zones / zone / "temp") for zone in names(zones, "thermal_zone")
                if text(zones / zone / "type").strip() in CPU_ZONES]  # fmt: skip
        found = [value for value in told if value is not None]
    return max(found, default=None)


def read_load(root: Path) -> tuple[float, float, float] | None:
    """How many tasks ran or waited, on average over 1, 5 and 15 minutes."""
    found = [decimal(word) for word in text(root / "proc/loadavg").split()[:3]]
    numbers = [value for value in found if value is not None]
    return (numbers[0], numbers[1], numbers[2]) if len(numbers) == 3 else None


def _ticks(rest: str) -> Ticks | None:
    counts = [whole(word) for word in rest.split()[:8]]  # guest time is in user time already
    if len(counts) < 4 or None in counts:
        return None
    user, nice, system, idle, waiting, interrupt, soft, stolen = [count or 0 for count in counts] + [0] * (
        8 - len(counts)
    )
    busy = user + nice + system + interrupt + soft
    return Ticks(busy=busy, total=busy + idle + waiting + stolen, stolen=stolen)


def _share(old: Ticks, new: Ticks) -> float | None:
    span = new.total - old.total
    return min(1.0, max(0.0, (new.busy - old.busy) / span)) if span > 0 else None


def _stolen(old: Ticks, new: Ticks) -> float | None:
    span = new.total - old.total
    return min(1.0, max(0.0, (new.stolen - old.stolen) / span)) if span > 0 else None


def _told_hertz(root: Path) -> float | None:
    """Where the clock cannot be changed, as in a virtual machine, only this file tells it."""
    told = [decimal(line.partition(":")[2]) for line in text(root / "proc/cpuinfo").splitlines()
            if line.startswith("cpu MHz")]  # fmt: skip
    found = [value * 1e6 for value in told if value]
    return sum(found) / len(found) if found else None


def _degrees(file: Path) -> float | None:
    value = number(file)
    return value / 1000 if value is not None and 0 < value / 1000 < WARMEST else None
