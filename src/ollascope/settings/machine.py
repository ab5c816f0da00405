"""What this machine has for the settings: ports, cores and folders, looked at once and kept as facts."""

from __future__ import annotations

import errno
import ipaddress
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ollascope.settings.findings import DEFAULT

if TYPE_CHECKING:
    from ollascope.settings.load import Entry, Settings

TryPort = Callable[[str, int], int]  # opens an address and lets it go again: 0, or the errno that says why not

LOWEST_PORT = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
IN_MEMORY = frozenset({"tmpfs", "ramfs", "devtmpfs"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a folder of the settings stands on; for one that is not there, its nearest parent that is."""

    exists: bool = True
    is_folder: bool = True
    parent_exists: bool = True
    writable: bool = True
    free_bytes: int = 0
    total_bytes: int = 0
    in_memory: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The facts that settings are held against."""

    cores: int
    lowest_port: int = 1024  # that this user may open
    taken: frozenset[tuple[str, int]] = frozenset()  # host and port
    elsewhere: frozenset[str] = frozenset()  # addresses that this machine does not have
    folders: Mapping[Path, Ground] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """Where a file system is seen, and of which kind it is."""

    place: Path
    kind: str


def look(settings: Settings, try_port: TryPort) -> Machine:
    """The facts about all that somebody set."""
    entries = [entry for entry in settings.entries() if entry.origin != DEFAULT]
    ports = [(host, port) for host, port, entry in ports_of(settings.entries()) if entry in entries]
    folders = [entry.raw for entry in entries if entry.rule.kind == "folder" and isinstance(entry.raw, Path)]
    hosts = [str(entry.raw) for entry in entries if entry.rule.kind == "host" and entry.raw is not None]
    return Machine(
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        lowest_port=_lowest_port(),
        taken=frozenset(pair for pair in ports if _errno(try_port, *pair) == errno.EADDRINUSE),
        elsewhere=frozenset(host for host in hosts if _errno(try_port, host, 0) == errno.EADDRNOTAVAIL),
        folders={folder: _ground(folder) for folder in folders},
    )


def ports_of(entries: Iterable[Entry]) -> Iterator[tuple[str, int, Entry]]:
    """Every port among the settings, with the host of its own section."""
    entries = tuple(entries)
    hosts = {_section(entry): str(entry.raw) for entry in entries if entry.rule.kind == "host"}
    for entry in entries:
        if entry.rule.kind == "port" and isinstance(entry.raw, int):
            yield hosts.get(_section(entry), "127.0.0.1"), entry.raw, entry


def mounts(root: Path = Path("/")) -> tuple[Mount, ...]:
    """Every mount that this process sees, in the order they were made; none where the system keeps no such table."""
    try:
        text = (root / "proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ()
    return tuple(map(_mount, text.splitlines()))


def file_system(place: Path, root: Path = Path("/")) -> str:
    """The kind of file system that holds a path, as the kernel names it; empty where that cannot be told."""
    real = place.resolve()
    # Of two mounts on one place the later one is seen.
    found = [(len(mount.place.parts), mount.kind) for mount in mounts(root) if real.is_relative_to(mount.place)]
    return max(reversed(found), key=lambda pair: pair[0], default=(0, ""))[1]


def _mount(line: str) -> Mount:
    before, _, after = line.partition(" - ")
    place = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), before.split(" ")[4])
    return Mount(place=Path(place), kind=after.split(" ")[0])


def _section(entry: Entry) -> str:
    return entry.key.rpartition(".")[0]


def _lowest_port() -> int:
    if os.geteuid() == 0:
        return 0
    try:
        return int(LOWEST_PORT.read_text())
    except (OSError, ValueError):
        return 1024


def _errno(try_port: TryPort, host: str, port: int) -> int:
    """What the system says to opening a port, 0 for nothing; a name is not looked up, since that may take long."""
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        return 0
    return try_port(str(address), port)


def _ground(folder: Path) -> Ground:
    try:
        standing = next(path for path in (folder, *folder.parents) if path.exists())
        disk = os.statvfs(standing)
    except (OSError, StopIteration):  # a parent that this user may not look into
        return Ground(exists=False, writable=False)
    return Ground(
        exists=standing == folder,
        is_folder=standing.is_dir(),
        parent_exists=standing in {folder, folder.parent},
        writable=os.access(standing, os.W_OK | os.X_OK),
        free_bytes=disk.f_bavail * disk.f_frsize,
        total_bytes=disk.f_blocks * disk.f_frsize,
        in_memory=file_system(standing) in IN_MEMORY,
    )
