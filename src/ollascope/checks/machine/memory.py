"""The check `memory`: how much is free, where a container or service may have less than the machine?"""

from dataclasses import dataclass
from pathlib import Path

from ollascope.checks.finding import Facts, Finding, Surroundings
from ollascope.checks.limits import Checks
from ollascope.console.show import size_text
from ollascope.host.elsewhere import foreign_memory
from ollascope.host.groups import Groups
from ollascope.host.memory import read_memory as machine_memory

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
    said = machine_memory(root, Groups(root)) if (root / "proc").is_dir() else foreign_memory()
    total, free = said.total_bytes, said.available_bytes
    if total is None or free is None:
        return None
    return Memory(total=total, free=min(free, total), limited=said.limited)
