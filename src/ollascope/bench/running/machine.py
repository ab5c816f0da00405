"""The machine beside the run: a thread that reads it into `samples.jsonl`, seldomer the longer the run lasts."""

import os
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from ollascope.bench.folder import SAMPLES
from ollascope.host.machine import ROOT, Look, Machine
from ollascope.host.processes import Known, Wanted, read_process, read_stat
from ollascope.ledger.codec import encode
from ollascope.processes.files import open_private
from ollascope.words.sample import Sample

EVERY_S: Final = 0.5
SPREAD: Final = 2000  # a reading at least every so manieth of the time gone: some 11,000 in a day
SEARCH_S: Final = 5.0
RELAYS: Final = frozenset({"docker-proxy", "rootlessport"})  # they listen for a server that is another process
CLIENT: Final = "client"


class Watch:
    """Reads the machine until it is closed; what the disk does not take is left out."""

    def __init__(self, folder: Path, port: int | None, monotonic: Callable[[], float]) -> None:
        self._path = folder / SAMPLES
        self._port = port
        self._monotonic = monotonic
        self._go_s = monotonic()
        self._clients: tuple[Known, ...] = ()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="machine", daemon=True)
        self._machine = self._look(folder)
        self.pids = self._servers()  # the processes that answer, as far as they run here
        self.seen = set(self.pids)  # also those that came later, as runners do when a model is loaded
        self.lost = 0  # readings that the disk did not take

    def __enter__(self) -> "Watch":
        return self

    def begin(self, go_s: float) -> None:
        """Read from now on; times count from the start of the run."""
        self._go_s = go_s
        self._machine.read()  # shares of time need two readings
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        """Stop reading; `pids` are those of the end."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(5)
        self._machine.search()
        self.pids = self._servers()
        self._machine.close()

    def _servers(self) -> tuple[int, ...]:
        return tuple(known.pid for known in self._machine.engines())

    def count_in(self, pids: Iterable[int]) -> None:
        """Read these processes, too: they are ours."""
        stats = [(pid, read_stat(ROOT, pid)) for pid in pids]
        self._clients = tuple(
            Known(pid=pid, role=CLIENT, started=stat.started, command=()) for pid, stat in stats if stat
        )

    def _look(self, folder: Path) -> Machine:
        """Whoever listens on the target's port is the server; where nobody can be seen there, programs by name are."""
        ports = (self._port,) if self._port else ()
        look = Look(folder=folder, own=(os.getpid(),), search_s=SEARCH_S, wanted=Wanted(names=(), ports=ports))
        machine = Machine(look)
        machine.search()
        seen = {process.name for process in machine.read().processes}
        if self._port is None or (seen and not seen & RELAYS):
            return machine
        machine.close()
        found = Machine(replace(look, wanted=Wanted()))
        found.search()
        return found

    @property
    def _gone_s(self) -> float:
        return self._monotonic() - self._go_s

    def _run(self) -> None:
        try:
            descriptor: int | None = open_private(self._path, os.O_WRONLY | os.O_APPEND)
        except OSError:
            descriptor = None
        try:
            wait_s = max(0.0, -self._gone_s)  # the first reading is that of the start
            while not self._over.wait(wait_s):
                if not _append(descriptor, encode(self._read())):
                    self.lost += 1
                wait_s = max(EVERY_S, self._gone_s / SPREAD)
        finally:
            if descriptor is not None:
                os.close(descriptor)

    def _read(self) -> Sample:
        sample = self._machine.read()
        self.seen.update(process.pid for process in sample.processes)
        ours = [process for known in self._clients if (process := read_process(ROOT, known)) is not None]
        return replace(sample, processes=(*sample.processes, *ours), extra={"at_s": round(self._gone_s, 3)})


def _append(descriptor: int | None, line: bytes) -> bool:
    """Whether the disk took the line; one that it takes only in part is taken back."""
    if descriptor is None:
        return False
    with suppress(OSError):
        size = os.fstat(descriptor).st_size
        if os.write(descriptor, line) == len(line):
            return True
        os.ftruncate(descriptor, size)
    return False


def own_processes() -> list[int]:
    """This process and those it has started."""
    import psutil  # noqa: PLC0415 - one question before the start

    return [os.getpid(), *(child.pid for child in psutil.Process().children(recursive=True))]
