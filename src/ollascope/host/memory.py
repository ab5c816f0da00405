"""Memory and swap, where a container or service may be allowed less than the machine has; and the pressure on both."""

from dataclasses import dataclass
from pathlib import Path

from ollascope.host.files import decimal, pairs, text
from ollascope.host.groups import Groups


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Bytes that exist and bytes that are free; `limited` where a control group allows less than the machine has."""

    total_bytes: int | None = None
    available_bytes: int | None = None
    swap_total_bytes: int | None = None
    swap_used_bytes: int | None = None
    limited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressure:
    """Share of the last ten seconds in which some task, or every task, waited for it."""

    some_ratio: float | None = None
    full_ratio: float | None = None


def read_memory(root: Path, groups: Groups) -> Memory:
    """The machine's memory, or what the control groups leave of it."""
    said = pairs(root / "proc/meminfo")
    total, available = machine = _bytes(said, "MemTotal"), _bytes(said, "MemAvailable")
    for room in groups.memory():
        left = max(0, room.limit_bytes - room.used_bytes)
        total = room.limit_bytes if total is None else min(total, room.limit_bytes)
        available = left if available is None else min(available, left)
    swap, swap_free = _bytes(said, "SwapTotal"), _bytes(said, "SwapFree")
    used = None if swap is None or swap_free is None else max(0, swap - swap_free)
    return Memory(total_bytes=total, available_bytes=available, swap_total_bytes=swap, swap_used_bytes=used,
                  limited=(total, available) != machine)  # fmt: skip


def read_pressure(root: Path, groups: Groups, what: str) -> Pressure:
    """The pressure on `cpu`, `memory` or `io`: of our own group where it is limited, else of the machine."""
    found: dict[str, float | None] = {}
    for line in text(groups.pressure(what) or root / "proc/pressure" / what).splitlines():
        kind, _, rest = line.partition(" ")
        tenth = next((word[6:] for word in rest.split() if word.startswith("avg10=")), "")
        percent = decimal(tenth)
        found[kind] = None if percent is None else percent / 100
    return Pressure(some_ratio=found.get("some"), full_ratio=found.get("full"))


def _bytes(said: dict[str, int], name: str) -> int | None:
    return said[name] * 1024 if name in said else None
