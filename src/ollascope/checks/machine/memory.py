"""The check `memory`: how much is free, where a container or service may have less than the machine?"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ollascope.checks.finding import Facts, Finding, Surroundings
from ollascope.checks.limits import Checks
from ollascope.console.show import size_text

ID = "memory"


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Bytes that exist and bytes that are free; `limited` where a control group allows less than the machine has."""

    total: int
    free: int
    limited: bool = False


def check_memory(around: Surroundings) -> Finding:
    """Free memory, and the limit of the container or service it runs in."""
    memory = read_memory(around.root)
    if memory is None:
        text = "how much memory is free cannot be read"
        hint = "make /proc readable; in a sandbox, ask the one who set it up"
        return Finding(id=ID, state="unknown", text=text, hint=hint)
    return judge(memory, around.settings.of(Checks))


def judge(memory: Memory, limits: Checks) -> Finding:
    """Compare what is free with the limits of the settings."""
    facts: Facts = {"total_bytes": memory.total, "free_bytes": memory.free, "limited_by_cgroup": memory.limited}
    text = f"{size_text(memory.free)} of {size_text(memory.total)} free"
    if memory.limited:
        text += ", by the limit of this container or service"
    if memory.free < limits.memory_problem_mib * 2**20:
        hint = "end other programs, choose a smaller model, or raise the limit of the container"
        return Finding(id=ID, state="problem", text=text, hint=hint, facts=facts)
    if memory.free < limits.memory_warning_mib * 2**20:
        hint = "a small model fits, a large one does not; end other programs or raise the limit of the container"
        return Finding(id=ID, state="warning", text=text, hint=hint, facts=facts)
    return Finding(id=ID, state="ok", text=text, facts=facts)


def read_memory(root: Path) -> Memory | None:
    """The machine's memory, or what the control groups of this process leave of it; `None` where nothing says it."""
    machine = _machine(root)
    if machine is None:
        return None
    total, free, limited = machine.total, machine.free, False
    for limit, used in _groups(root):
        if limit < total:
            total, limited = limit, True
        free = min(free, max(0, limit - used))
    return Memory(total=total, free=min(free, total), limited=limited or free < machine.free)


def _machine(root: Path) -> Memory | None:
    pairs = _pairs(root / "proc/meminfo")
    if "MemTotal" in pairs and "MemAvailable" in pairs:
        return Memory(total=pairs["MemTotal"] * 1024, free=pairs["MemAvailable"] * 1024)
    if (root / "proc").is_dir():
        return None
    import psutil  # noqa: PLC0415 - only where there is no /proc, as on macOS

    reading = psutil.virtual_memory()
    return Memory(total=reading.total, free=reading.available)


def _groups(root: Path) -> Iterator[tuple[int, int]]:
    """Limit and use of every control group that this process is in, from its own up to the top one.

    Version 1 writes "no limit" as a number near 2**63, which is more than any machine has.
    """
    for line in _text(root / "proc/self/cgroup").splitlines():
        number, controllers, name = (*line.split(":", 2), "", "")[:3]
        if number == "0":
            yield from _version2(root / "sys/fs/cgroup", name)
        elif "memory" in controllers.split(","):
            yield from _version1(root / "sys/fs/cgroup/memory", name)


def _version2(top: Path, name: str) -> Iterator[tuple[int, int]]:
    for folder in _upwards(top, name):
        limits = [limit for file in ("memory.max", "memory.high") if (limit := _number(folder / file)) is not None]
        used = _number(folder / "memory.current")
        if limits and used is not None:
            yield min(limits), used - _pairs(folder / "memory.stat").get("inactive_file", 0)


def _version1(top: Path, name: str) -> Iterator[tuple[int, int]]:
    for folder in _upwards(top, name):
        limit, used = _number(folder / "memory.limit_in_bytes"), _number(folder / "memory.usage_in_bytes")
        if limit is not None and used is not None:
            yield limit, used - _pairs(folder / "memory.stat").get("total_inactive_file", 0)


def _upwards(top: Path, name: str) -> Iterator[Path]:
    """A container sees its own group at the top though its name is longer, so folders that are not there are passed."""
    parts = [part for part in name.split("/") if part not in {"", ".", ".."}]
    for count in range(len(parts), -1, -1):
        folder = top.joinpath(*parts[:count])
        if folder.is_dir():
            yield folder


def _number(file: Path) -> int | None:
    text = _text(file).strip()
    return int(text) if text.isdecimal() else None  # "max" is no limit


def _pairs(file: Path) -> dict[str, int]:
    """`name value` or `name: value kB` a line, as numbers."""
    words = (line.replace(":", " ").split() for line in _text(file).splitlines())
    return {word[0]: int(word[1]) for word in words if len(word) > 1 and word[1].isdecimal()}


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
