"""Disks, network cards and open files: what went through them, and what room is left."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from ollascope.host.files import text, whole

SECTOR_BYTES = 512  # the unit of /proc/diskstats, whatever the disk's own sectors are
PART = re.compile(r"(?:(?:nvme\d+n\d+|mmcblk\d+)p|(?:sd|vd|hd|xvd)[a-z]+)\d+")
SHADOW = ("lo", "ifb", "dummy", "docker", "br-", "virbr", "veth", "cni", "cali", "flannel", "tap", "tun", "bond")
NO_DISK = re.compile(r"(?:loop|ram|zram|dm-|md|fd|sr|nbd)\d")  # no disks, or made of disks that are counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Disks:
    """What all disks together read and wrote since the start of the machine, and how long the busiest one worked."""

    read_bytes: int | None = None
    written_bytes: int | None = None
    busy_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """The file system of one folder, as an ordinary user may fill it."""

    total_bytes: int | None = None
    free_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """What all cards received and sent since the start of the machine; the loopback is no card."""

    received_bytes: int | None = None
    sent_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFiles:
    """Files that are open in the whole machine, and how many may be."""

    count: int | None = None
    limit: int | None = None


def read_disks(root: Path) -> Disks:
    """Sum over whole disks; their parts and what is layered over them would count the same bytes twice."""
    read = written = busy_ms = 0
    seen = False
    for line in text(root / "proc/diskstats").splitlines():
        words = line.split()
        if len(words) < 14 or PART.fullmatch(words[2]) or NO_DISK.match(words[2]):
            continue
        counts = [whole(words[place]) for place in (5, 9, 12)]
        if None not in counts:
            seen = True
            read, written = read + (counts[0] or 0), written + (counts[1] or 0)
            busy_ms = max(busy_ms, counts[2] or 0)
    if not seen:
        return Disks()
    return Disks(read_bytes=read * SECTOR_BYTES, written_bytes=written * SECTOR_BYTES, busy_s=busy_ms / 1000)


def read_space(folder: Path) -> Space:
    """The room on the disk of a folder, or of the nearest one above it that is there."""
    for place in (folder, *folder.parents):
        try:
            said = os.statvfs(place)
        except FileNotFoundError:
            continue
        except OSError:
            break
        return Space(total_bytes=said.f_blocks * said.f_frsize, free_bytes=said.f_bavail * said.f_frsize)
    return Space()


def read_network(root: Path) -> Network:
    """Sum over the cards; bridges and tunnels would count once more what a card carries."""
    received = sent = 0
    seen = False
    for line in text(root / "proc/net/dev").splitlines():
        name, colon, rest = line.partition(":")
        words = rest.split()
        if not colon or name.strip().startswith(SHADOW) or len(words) < 9:
            continue
        came, went = whole(words[0]), whole(words[8])
        if came is not None and went is not None:
            seen, received, sent = True, received + came, sent + went
    return Network(received_bytes=received, sent_bytes=sent) if seen else Network()


def read_open_files(root: Path) -> OpenFiles:
    """How many files are open; a limit near 2**63 is none."""
    words = text(root / "proc/sys/fs/file-nr").split()
    if len(words) != 3:
        return OpenFiles()
    limit = whole(words[2])
    return OpenFiles(count=whole(words[0]), limit=limit if limit is not None and limit < 2**60 else None)
