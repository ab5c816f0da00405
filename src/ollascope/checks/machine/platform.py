"""The check `platform`: is this a system that Ollascope runs on?"""

import platform
import shlex
from dataclasses import dataclass
from pathlib import Path

from ollascope.checks.finding import Facts, Finding, Surroundings

ID = "platform"
ELSEWHERE = "use Linux, or WSL 2 on Windows; macOS is expected to work but is not tested"
WINDOWS = "install WSL 2 (`wsl --install` in PowerShell), then install Ollascope inside it"


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """An operating system as it names itself."""

    name: str  # as uname has it: Linux, Darwin
    release: str
    machine: str
    distribution: str = ""


def check_platform(around: Surroundings) -> Finding:
    """The operating system and the kind of processor."""
    uname = platform.uname()
    distribution = os_release(around.root).get("PRETTY_NAME", "")
    return judge(
        System(name=uname.system, release=uname.release, machine=uname.machine, distribution=distribution)
    )  # fmt: skip


def judge(system: System) -> Finding:
    """Linux is supported and WSL 2 is a Linux; everything else is said plainly."""
    facts: Facts = {
        "system": system.name,
        "release": system.release,
        "machine": system.machine,
        "distribution": system.distribution,
    }
    text = f"{system.name} {system.release} on {system.machine}"
    if system.distribution:
        text = f"{system.distribution}, {text}"
    if system.name == "Linux":
        if _is_wsl1(system.release):
            hint = "turn it into WSL 2: `wsl --set-version <distribution> 2` in PowerShell"
            return Finding(id=ID, state="warning", text=f"{text}: WSL 1, which is not tested", hint=hint, facts=facts)
        return Finding(id=ID, state="ok", text=text, facts=facts)
    if system.name == "Darwin":
        hint = "if something fails, please report it; Linux is what is tested"
        text = f"macOS ({text}): expected to work, but not tested"
        return Finding(id=ID, state="warning", text=text, hint=hint, facts=facts)
    hint = WINDOWS if system.name.startswith(("Windows", "CYGWIN", "MSYS", "MINGW")) else ELSEWHERE
    return Finding(id=ID, state="problem", text=f"{text}: not supported", hint=hint, facts=facts)


def os_release(root: Path) -> dict[str, str]:
    """What /etc/os-release says about the distribution; empty where there is no such file."""
    for name in ("etc/os-release", "usr/lib/os-release"):
        try:
            text = (root / name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
        return {key.strip(): _unquoted(value.strip()) for key, value in pairs}
    return {}


def _unquoted(value: str) -> str:
    try:
        return "".join(shlex.split(value))
    except ValueError:
        return value


def _is_wsl1(release: str) -> bool:
    return "Microsoft" in release  # WSL 2 writes it small: 5.15.153.1-microsoft-standard-WSL2
