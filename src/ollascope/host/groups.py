"""What the control groups of this process leave it: memory, cores, time taken away; version 1, 2 and both mixed."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ollascope.host.files import number, pairs, text

NO_LIMIT = 2**60  # version 1 writes "no limit" as a number near 2**63


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How much memory one group may use, and uses; what the kernel can drop at once is not counted as used."""

    limit_bytes: int
    used_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many cores one group may keep busy, and the seconds it used and had to wait so far."""

    cores: float
    used_s: float | None
    throttled_s: float | None


class Groups:
    """The groups of this process, looked up once: a process stays where it was put."""

    def __init__(self, root: Path) -> None:
        self._memory_2: list[Path] = []
        self._memory_1: list[Path] = []
        self._cpu_2: list[Path] = []
        self._cpu_1: list[Path] = []
        self._sets: list[Path] = []
        for line in text(root / "proc/self/cgroup").splitlines():
            self._note(root / "sys/fs/cgroup", line)
        self.limited = any(True for _ in self.memory()) or self.share() is not None

    def memory(self) -> Iterator[Room]:
        """The room of every group that has a limit, from our own up to the top one."""
        for folder in self._memory_2:
            limits = [limit for name in ("memory.max", "memory.high") if (limit := number(folder / name)) is not None]
            used = number(folder / "memory.current")
            if limits and used is not None:
                yield _room(min(limits), used, pairs(folder / "memory.stat").get("inactive_file", 0))
        for folder in self._memory_1:
            limit, used = number(folder / "memory.limit_in_bytes"), number(folder / "memory.usage_in_bytes")
            if limit is not None and limit < NO_LIMIT and used is not None:
                yield _room(limit, used, pairs(folder / "memory.stat").get("total_inactive_file", 0))

    def share(self) -> Share | None:
        """The tightest limit on CPU time, or none."""
        return min((*self._shares_2(), *self._shares_1()), key=lambda share: share.cores, default=None)

    def cores(self) -> int | None:
        """How many cores the groups let us run on, or none where nothing narrows them."""
        counts = [
            count_cores(said)
            for folder in self._sets
            for name in ("cpuset.cpus.effective", "cpuset.effective_cpus", "cpuset.cpus")
            if (said := text(folder / name).strip())
        ]
        return min((count for count in counts if count), default=None)

    def pressure(self, what: str) -> Path | None:
        """The pressure file of our own group, where it is a limited one."""
        if not self.limited:
            return None
        return next((file for folder in self._memory_2 if (file := folder / f"{what}.pressure").is_file()), None)

    def _note(self, top: Path, line: str) -> None:
        number_text, controllers, name = (*line.split(":", 2), "", "")[:3]
        if number_text == "0":
            mixed = top / "unified"  # beside version 1 this is where version 2 lies
            folders = list(_upwards(mixed if mixed.is_dir() else top, name))
            self._memory_2, self._cpu_2 = folders, folders
            self._sets += folders
            return
        names = controllers.split(",")
        if "memory" in names:
            self._memory_1 = list(_upwards(top / "memory", name))
        if "cpu" in names:
            self._cpu_1 = list(_upwards(_mount(top, controllers, "cpu"), name))
        if "cpuset" in names:
            self._sets += list(_upwards(top / "cpuset", name))

    def _shares_2(self) -> Iterator[Share]:
        for folder in self._cpu_2:
            words = text(folder / "cpu.max").split()
            if len(words) == 2 and words[0].isdecimal() and words[1].isdecimal() and int(words[1]):
                said = pairs(folder / "cpu.stat")
                yield Share(
                    cores=int(words[0]) / int(words[1]),
                    used_s=_seconds(said.get("usage_usec"), 1e6),
                    throttled_s=_seconds(said.get("throttled_usec"), 1e6),
                )

    def _shares_1(self) -> Iterator[Share]:
        for folder in self._cpu_1:
            quota, period = number(folder / "cpu.cfs_quota_us"), number(folder / "cpu.cfs_period_us")
            if quota and period:  # "no limit" is -1, which is no number from 0 up
                used = number(folder / "cpuacct.usage")
                throttled = pairs(folder / "cpu.stat").get("throttled_time")
                yield Share(cores=quota / period, used_s=_seconds(used, 1e9), throttled_s=_seconds(throttled, 1e9))


def count_cores(said: str) -> int:
    """How many cores `0-3,8` names; nonsense names none."""
    count = 0
    for part in said.strip().split(","):
        first, _, last = part.partition("-")
        if not first.isdecimal() or (last and not last.isdecimal()):
            return 0
        count += max(0, int(last or first) - int(first) + 1)
    return count


def _room(limit: int, used: int, droppable: int) -> Room:
    return Room(limit_bytes=limit, used_bytes=max(0, used - droppable))


def _seconds(count: int | None, unit: float) -> float | None:
    return None if count is None else count / unit


def _mount(top: Path, controllers: str, alone: str) -> Path:
    joined = top / controllers  # "cpu,cpuacct" is often one mount under that name
    return joined if joined.is_dir() else top / alone


def _upwards(top: Path, name: str) -> Iterator[Path]:
    """A container sees its own group at the top though its name is longer, so folders that are not there are passed."""
    parts = [part for part in name.split("/") if part not in {"", ".", ".."}]
    for count in range(len(parts), -1, -1):
        folder = top.joinpath(*parts[:count])
        if folder.is_dir():
            yield folder
