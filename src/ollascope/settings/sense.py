"""Warnings about settings that are well written and still make no sense on this machine, each with advice."""

import ipaddress
from collections.abc import Iterator
from pathlib import Path

from ollascope.settings.findings import DEFAULT, Finding
from ollascope.settings.load import Entry, Settings
from ollascope.settings.machine import Ground, Machine, ports_of

NEARLY_FULL = 0.05  # of the disk is free
ENOUGH_BYTES = 10 * 2**30  # with this much free no disk is nearly full


def warnings(settings: Settings, machine: Machine) -> tuple[Finding, ...]:
    """What makes no sense, of the values that somebody set."""
    return tuple(
        finding
        for rule in (_ports_taken, _ports_equal, _ports_low, _hosts, _workers, _folders)
        for finding in rule(settings, machine)
    )


def _ports_taken(settings: Settings, machine: Machine) -> Iterator[Finding]:
    for host, port, entry in _ports_set(settings):
        if (host, port) in machine.taken:
            hint = "fine if it is Ollascope that runs; else stop that program or choose another port"
            yield _finding(entry, f"port {port} is in use on {host}", hint)


def _ports_equal(settings: Settings, _machine: Machine) -> Iterator[Finding]:
    first: dict[int, Entry] = {}
    for _host, port, entry in ports_of(settings.entries()):
        other = first.setdefault(port, entry)
        if other is not entry and port != 0:
            told = entry if entry.origin != DEFAULT else other
            yield _finding(told, f"{other.key} and {entry.key} are both port {port}", "give each a port of its own")


def _ports_low(settings: Settings, machine: Machine) -> Iterator[Finding]:
    for _host, port, entry in _ports_set(settings):
        if 0 < port < machine.lowest_port:
            what = f"port {port} may be opened only by root here"
            yield _finding(entry, what, f"choose a port from {machine.lowest_port} on, and put a proxy in front")


def _hosts(settings: Settings, machine: Machine) -> Iterator[Finding]:
    for entry in _set(settings):
        if entry.rule.kind != "host" or entry.raw is None:
            continue
        host = str(entry.raw)
        if host in machine.elsewhere:
            hint = "use 127.0.0.1, or one of the addresses that `ip address` prints"
            yield _finding(entry, f"this machine does not have the address {host}", hint)
        elif not _is_loopback(host):
            what = f"{entry.key} is {entry.value}: whoever reaches this machine can use it, without a key"
            yield _finding(entry, what, "use 127.0.0.1, or let only a proxy or firewall that you trust reach the ports")


def _workers(settings: Settings, machine: Machine) -> Iterator[Finding]:
    for entry in _set(settings):
        if entry.raw == entry.raw_default:  # a template repeats it, nobody decided it
            continue
        if entry.rule.kind == "workers" and isinstance(entry.raw, int) and entry.raw > machine.cores:
            what = f"{entry.key} is {entry.raw}, but this machine has {machine.cores} cores"
            yield _finding(entry, what, f"{machine.cores} or fewer are faster")


def _folders(settings: Settings, machine: Machine) -> Iterator[Finding]:
    for entry in _set(settings):
        if entry.rule.kind == "folder" and isinstance(entry.raw, Path) and entry.raw in machine.folders:
            for what, hint in _told(machine.folders[entry.raw]):
                yield _finding(entry, f"folder {entry.value} {what}", hint)


def _told(ground: Ground) -> Iterator[tuple[str, str]]:
    if not ground.is_folder:
        what = "is a file" if ground.exists else "lies under a file"
        yield what, "name a folder"
        return
    if not ground.writable:
        what = "cannot be written by this user" if ground.exists else "is not there, and this user cannot make it"
        yield what, "make it and give it to the user who runs Ollascope, or name another"
        return
    if not ground.parent_exists:
        yield "is not there, nor is the folder above it", "check the path; both are made when they are needed"
    if ground.in_memory:
        yield "lies in memory (tmpfs)", "what it keeps is lost at a restart and takes memory; name a folder on a disk"
    elif ground.free_bytes < min(ENOUGH_BYTES, NEARLY_FULL * ground.total_bytes):
        free = ground.free_bytes / 2**30
        yield f"lies on a disk that is nearly full: {free:.1f} GiB free", "free space, or name a folder on another disk"


def _set(settings: Settings) -> Iterator[Entry]:
    return (entry for entry in settings.entries() if entry.origin != DEFAULT)


def _ports_set(settings: Settings) -> Iterator[tuple[str, int, Entry]]:
    return (found for found in ports_of(settings.entries()) if found[2].origin != DEFAULT)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _finding(entry: Entry, what: str, hint: str) -> Finding:
    return Finding(origin=entry.origin, what=what, hint=hint, key=entry.key)
