"""Small /proc and /sys trees, as the kernel writes them, for the tests of this room."""

from pathlib import Path

MIB, GIB = 2**20, 2**30
STAT = """cpu  1000 50 300 8000 100 10 40 500 0 0
cpu0 600 50 200 4000 50 10 40 250 0 0
cpu1 400 0 100 4000 50 0 0 250 0 0
intr 1584068 0
"""
LATER = """cpu  1100 50 350 8050 100 10 40 550 0 0
cpu0 700 50 250 4000 50 10 40 250 0 0
cpu1 400 0 100 4050 50 0 0 300 0 0
"""
MEMINFO = "MemTotal: 24684096 kB\nMemFree: 100 kB\nMemAvailable: 20000000 kB\nSwapTotal: 2048 kB\nSwapFree: 1024 kB\n"
PRESSURE = "some avg10=26.72 avg60=27.21 avg300=17.52 total=252881665\nfull avg10=1.50 avg60=0.00 avg300=0.00 total=0\n"
DISKSTATS = """   7       0 loop0 9 9 999 9 9 9 999 9 0 999 9 0 0 0 0 0 0
 259       0 nvme0n1 100 0 2000 10 200 0 4000 20 0 500 30 0 0 0 0 0 0
 259       1 nvme0n1p1 100 0 2000 10 200 0 4000 20 0 500 30 0 0 0 0 0 0
   8       0 sda 1 0 8 1 1 0 8 1 0 1500 2 0 0 0 0 0 0
   8       1 sda1 1 0 8 1 1 0 8 1 0 3 2 0 0 0 0 0 0
 253       0 dm-0 1 0 800 1 1 0 800 1 0 3 2 0 0 0 0 0 0
"""
NETDEV = """Inter-|   Receive                                                |  Transmit
 face |bytes packets errs drop fifo frame compressed multicast|bytes packets errs drop fifo colls carrier compressed
    lo: 570201 21 0 0 0 0 0 0 570201 21 0 0 0 0 0 0
  eth0:1000 15 0 0 0 0 0 0 300 9 0 0 0 0 0 0
 wlan0: 500 15 0 0 0 0 0 0 200 9 0 0 0 0 0 0
docker0: 77777 1 0 0 0 0 0 0 77777 1 0 0 0 0 0 0
"""


def write(file: Path, text: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{text}\n" if isinstance(text, int) else str(text))


def machine(root: Path) -> Path:
    """A whole machine with two cores and 23.5 GiB."""
    write(root / "proc/stat", STAT)
    write(root / "proc/meminfo", MEMINFO)
    write(root / "proc/loadavg", "0.82 1.23 1.16 2/345 6789\n")
    for what in ("cpu", "memory", "io"):
        write(root / "proc/pressure" / what, PRESSURE)
    write(root / "proc/diskstats", DISKSTATS)
    write(root / "proc/net/dev", NETDEV)
    write(root / "proc/sys/fs/file-nr", "4350\t0\t9223372036854775807\n")
    write(root / "proc/self/cgroup", "0::/\n")
    return root


def version2(root: Path, group: str, **files: object) -> None:
    for name, text in files.items():
        write(root / "sys/fs/cgroup" / group / name.replace("__", "."), text)


def version1(root: Path, controller: str, group: str, **files: object) -> None:
    for name, text in files.items():
        write(root / "sys/fs/cgroup" / controller / group / name.replace("__", "."), text)


def process(root: Path, pid: int, command: str, *, parent: int = 1, ticks: int = 100, started: int = 500) -> None:
    """One process: its command line, with blanks between the words, and its counters."""
    name = command.split(maxsplit=1)[0].rpartition("/")[2][:15]
    rest = [
        "S",
        parent,
        pid,
        pid,
        0,
        -1,
        0,
        0,
        0,
        0,
        0,
        ticks,
        20,
        0,
        0,
        20,
        0,
        7,
        0,
        started,
        10**9,
        2560,
        "1844",
        *[0] * 20,
    ]
    write(root / f"proc/{pid}/stat", f"{pid} ({name}) " + " ".join(map(str, rest)) + "\n")
    write(root / f"proc/{pid}/cmdline", command.replace(" ", "\0") + "\0")
