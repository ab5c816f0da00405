"""How much of the machine others took during a run: their processes, and the host below (steal)."""

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
FAIR_CORES = 0.15  # what others may take of all cores together in a run that is compared


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """Cores that others took, and that the host took, on average; the load average at the end."""

    others: float
    steal: float
    load: float

    @property
    def is_fair(self) -> bool:
        return self.others + self.steal <= FAIR_CORES

    def __str__(self) -> str:
        return f"others {self.others:.2f} cores, steal {self.steal:.2f}, load {self.load:.1f}"


class Watch:
    """Started before a run, read after it; `ours` are the processes that the run may use."""

    def __init__(self, ours: Iterable[int]) -> None:
        self._ours = (os.getpid(), *ours)
        self._started = time.monotonic()
        self._busy, self._steal = _machine()
        self._own = sum(map(cpu_s, self._ours))

    def read(self) -> Noise:
        seconds = time.monotonic() - self._started
        busy, steal = _machine()
        own = sum(map(cpu_s, self._ours)) - self._own
        return Noise(
            others=max(0.0, busy - self._busy - own) / seconds,
            steal=(steal - self._steal) / seconds,
            load=os.getloadavg()[0],
        )


def cpu_s(pid: int) -> float:
    """CPU seconds of a process and its threads, those that ended too, to the hundredth the system tells."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND


def _machine() -> tuple[float, float]:
    """CPU seconds that all programs had, and that the host took, since the start of the machine."""
    user, nice, system, _idle, _wait, hard, soft, steal = map(
        int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    )
    return (user + nice + system + hard + soft) / TICKS_A_SECOND, steal / TICKS_A_SECOND
