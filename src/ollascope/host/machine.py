"""The whole machine in one reading: a Sample, made from small files at a few milliseconds of CPU."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ollascope.host import elsewhere
from ollascope.host.amd import amd_driver, read_amd, rocm_version
from ollascope.host.cpu import Busy, Times, busy_between, read_hertz, read_load, read_temperature, read_times
from ollascope.host.devices import read_disks, read_network, read_open_files, read_space
from ollascope.host.energy import Energy
from ollascope.host.groups import Groups, Share
from ollascope.host.memory import read_memory, read_pressure
from ollascope.host.nvidia import Nvidia, find_nvml, told_driver, told_gpus
from ollascope.host.processes import Known, Search, Wanted, read_process
from ollascope.words.clock import Clock
from ollascope.words.sample import Gpu, Process, Sample

ROOT = Path("/")
AT_ONCE = 50  # processes that one reading looks at, so that it stays cheap also at the first


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Where and what to read."""

    root: Path = ROOT
    folder: Path = ROOT  # the data folder: its disk is the one that matters
    wanted: Wanted = field(default_factory=Wanted)
    own: tuple[int, ...] = ()  # our own processes, never taken for a model server
    search_s: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Drivers:
    """Versions of what stands between a model server and its graphics processors."""

    nvidia: str | None = None
    cuda: str | None = None
    amd: str | None = None
    rocm: str | None = None


class Machine:
    """Reads the machine; shares of time are those since the reading before, so the first one has none."""

    def __init__(self, look: Look, clock: Clock | None = None, nvidia: Nvidia | None = None) -> None:
        self._look = look
        self._clock = clock or Clock()
        self._nvidia = nvidia or Nvidia(find_nvml())
        self._groups = Groups(look.root)
        self._energy = Energy(look.root)
        self._has_proc = (look.root / "proc").is_dir() or look.root != ROOT
        self._times: Times | None = None
        self._share: tuple[float, Share] | None = None
        self._search = Search(look.root, look.wanted, look.own)
        self._known: tuple[Known, ...] = ()
        self._searched_at: float | None = None

    def read(self) -> Sample:
        """One reading of everything; what cannot be read here is absent."""
        root, groups = self._look.root, self._groups
        share, gone = groups.share(), self._clock.monotonic()
        busy = self._busy()
        ratio = self._ratio(share, gone) if share else busy.ratio
        memory = read_memory(root, groups) if self._has_proc else elsewhere.foreign_memory()
        disks = read_disks(root) if self._has_proc else elsewhere.foreign_disks()
        network = read_network(root) if self._has_proc else elsewhere.foreign_network()
        space, files = read_space(self._look.folder), read_open_files(root)
        load = read_load(root) if self._has_proc else os.getloadavg()
        pressed = read_pressure(root, groups, "memory")
        return Sample(
            at=self._clock.wall(),
            cpu_ratio=ratio,
            cpu_core_ratios=busy.core_ratios,
            cpu_steal_ratio=busy.steal_ratio,
            cpu_cores=self._cores(share),
            cpu_throttled_s=share.throttled_s if share else None,
            cpu_hertz=read_hertz(root),
            cpu_temperature_celsius=read_temperature(root),
            cpu_pressure_ratio=read_pressure(root, groups, "cpu").some_ratio,
            load_1min=load[0] if load else None,
            load_5min=load[1] if load else None,
            load_15min=load[2] if load else None,
            memory_available_bytes=memory.available_bytes,
            memory_total_bytes=memory.total_bytes,
            memory_pressure_ratio=pressed.some_ratio,
            memory_pressure_full_ratio=pressed.full_ratio,
            swap_used_bytes=memory.swap_used_bytes,
            swap_total_bytes=memory.swap_total_bytes,
            disk_free_bytes=space.free_bytes,
            disk_total_bytes=space.total_bytes,
            disk_read_bytes=disks.read_bytes,
            disk_written_bytes=disks.written_bytes,
            disk_busy_s=disks.busy_s,
            disk_pressure_ratio=read_pressure(root, groups, "io").some_ratio,
            network_received_bytes=network.received_bytes,
            network_sent_bytes=network.sent_bytes,
            open_files=files.count,
            open_files_limit=files.limit,
            energy_joules=self._energy.joules(),
            gpus=self.gpus(),
            processes=self._processes(gone),
        )

    def gpus(self) -> tuple[Gpu, ...]:
        """The graphics processors alone."""
        nvidia = self._nvidia.read() or told_gpus(self._look.root)
        return (*nvidia, *read_amd(self._look.root, first=len(nvidia)))

    def drivers(self) -> Drivers:
        """Which drivers serve the graphics processors."""
        root = self._look.root
        return Drivers(
            nvidia=self._nvidia.driver() or told_driver(root),
            cuda=self._nvidia.cuda(),
            amd=amd_driver(root),
            rocm=rocm_version(root),
        )

    def engines(self) -> Sequence[Known]:
        """The processes of model servers that the last search found."""
        return self._known

    def search(self) -> None:
        """Look at every process now; a reading looks at some hundred of the new ones."""
        self._known = self._search.step()
        self._searched_at = self._clock.monotonic()

    def close(self) -> None:
        """Give the libraries back."""
        self._nvidia.close()

    def _busy(self) -> Busy:
        before = self._times
        self._times = read_times(self._look.root) if self._has_proc else elsewhere.foreign_times()
        return busy_between(before, self._times) if before and self._times else Busy()

    def _ratio(self, share: Share, gone: float) -> float | None:
        """Use of a limited group, as a share of what it may use."""
        before, self._share = self._share, (gone, share)
        if before is None or share.used_s is None or before[1].used_s is None or gone <= before[0]:
            return None
        return min(1.0, max(0.0, (share.used_s - before[1].used_s) / (gone - before[0]) / share.cores))

    def _cores(self, share: Share | None) -> float | None:
        here = len(self._times.cores) if self._times else None
        counts = (self._groups.cores(), here, share.cores if share else None)
        return min((float(count) for count in counts if count), default=None)

    def _processes(self, gone: float) -> tuple[Process, ...]:
        if not self._has_proc:
            return elsewhere.foreign_processes(self._look.wanted)
        due = self._searched_at is None or gone - self._searched_at >= self._look.search_s
        if due or self._search.behind:
            self._searched_at = gone
            self._known = self._search.step(AT_ONCE)
        found = [read_process(self._look.root, known) for known in self._known]
        return tuple(process for process in found if process is not None)
