"""Which process is meant: its number alone may by now belong to another, its number and start time may not."""

import os
import signal
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from ollascope.words.record import Json

PROC = Path("/proc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """One process of one machine."""

    pid: int
    started: str  # told by the system; no later process of the same number has the same
    machine: str
    since: float  # seconds since 1970, for people
    extra: Mapping[str, Json] = field(default_factory=dict)


def identify(pid: int, since: float) -> Identity:
    """The process that has this number."""
    return Identity(pid=pid, started=start_time(pid), machine=socket.gethostname(), since=since)


def is_alive(who: Identity) -> bool:
    """Whether this very process still runs, here."""
    return who.machine == socket.gethostname() and bool(who.started) and start_time(who.pid) == who.started


def send(who: Identity, number: signal.Signals) -> bool:
    """Signal this very process; false if it is gone."""
    if sys.platform != "linux":
        return is_alive(who) and _kill(who.pid, number)
    try:
        handle = os.pidfd_open(who.pid)
    except ProcessLookupError:
        return False
    try:
        if not is_alive(who):  # asked after the handle is taken: from here on it cannot become another's
            return False
        signal.pidfd_send_signal(handle, number)
    except ProcessLookupError:
        return False
    finally:
        os.close(handle)
    return True


def start_time(pid: int, proc: Path = PROC) -> str:
    """When a process started, as the system tells it; empty if it does not run."""
    if sys.platform != "linux":
        return _start_time_elsewhere(pid)
    try:
        fields = (proc / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if len(fields) < 20 or fields[0] in {"Z", "X"} else f"{_boot(proc)}/{fields[19]}"


@cache
def _boot(proc: Path) -> str:
    """Ticks are counted from the start of the machine, so its name is part of the time."""
    try:
        return (proc / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _start_time_elsewhere(pid: int) -> str:
    import psutil  # noqa: PLC0415 - only systems without /proc pay for it

    try:
        return str(psutil.Process(pid).create_time())
    except psutil.Error:
        return ""


def _kill(pid: int, number: signal.Signals) -> bool:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True
