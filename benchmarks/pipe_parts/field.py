"""Starts the processes of a measurement, reads their CPU and memory, and ends every one of them."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

from pipe_parts.gate import Order

HERE = Path(__file__).parent.parent


class Server:
    """A running process that says `ready PORT` (or was told its port) and is watched from outside."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self.port = port

    def cpu_s(self) -> float:
        """CPU seconds of the process, its threads and its children, to the nanosecond the scheduler counts."""
        return sum(_cpu_ns(pid) for pid in family(self.process.pid)) / 1e9

    def waited_s(self) -> float:
        """Seconds in which the process could have run, but others had the CPU."""
        return sum(_waited_ns(pid) for pid in family(self.process.pid)) / 1e9

    def kernel_s(self) -> float:
        """CPU seconds in the kernel, to the hundredth the system tells."""
        return sum(_kernel_ticks(pid) for pid in family(self.process.pid)) / os.sysconf("SC_CLK_TCK")

    def rss_mb(self, field: str = "VmRSS") -> float:
        """Resident memory of the process and its children; `VmHWM` is the most there ever was."""
        return sum(_status_kb(pid, field) for pid in family(self.process.pid)) / 1024

    def fds(self) -> int:
        return sum(1 for _ in Path(f"/proc/{self.process.pid}/fd").iterdir())

    def report(self) -> dict[str, Any]:
        """Ask the process to say how it is: it answers SIGUSR1 with one line of JSON."""
        self.process.send_signal(signal.SIGUSR1)
        return read_json(self.process)


class Field:
    """Every process that was started; all of them end with the `with` block."""

    def __init__(self) -> None:
        self.processes: list[subprocess.Popen[str]] = []
        self.folder = tempfile.TemporaryDirectory(prefix="pipe-benchmark-")

    def __enter__(self) -> "Field":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait()
        self.folder.cleanup()

    def python(self, module: str, *words: str) -> Server:
        """Start one of the parts as a process and wait until it is ready."""
        process = self.start([sys.executable, "-m", f"pipe_parts.{module}", *words])
        assert process.stdout
        said = process.stdout.readline().split()
        if said[:1] != ["ready"]:
            raise SystemExit(f"{module} did not start: it said {said or 'nothing'}")
        return Server(process, int(said[1]))

    def start(self, command: list[str]) -> subprocess.Popen[str]:
        path = os.pathsep.join([str(HERE), str(HERE.parent / "src")])
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path}
        )
        self.processes.append(process)
        return process

    def drive(self, order: Order, watched: Server | None, client: str = "load") -> dict[str, Any]:
        """One run of a client process; adds the CPU that the watched server spent in it, and the load average."""
        process = self.python(client, order.write()).process
        before, kernel = (watched.cpu_s(), watched.kernel_s()) if watched else (0.0, 0.0)
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
        seen = read_json(process)
        if watched:
            seen["server_cpu_s"], seen["kernel_cpu_s"] = watched.cpu_s() - before, watched.kernel_s() - kernel
        seen["load"] = os.getloadavg()[0]
        process.stdin.close()
        process.wait()
        self.processes.remove(process)
        return seen


def read_json(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout
    line = process.stdout.readline()
    if not line:
        raise SystemExit(f"a process of the benchmark ended without an answer: {process.args!r}")
    answer: dict[str, Any] = json.loads(line)
    return answer


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += family(int(child))
    return found


def _cpu_ns(pid: int) -> int:
    return sum(int((task / "schedstat").read_text().split()[0]) for task in Path(f"/proc/{pid}/task").iterdir())


def _waited_ns(pid: int) -> int:
    return sum(int((task / "schedstat").read_text().split()[1]) for task in Path(f"/proc/{pid}/task").iterdir())


def _kernel_ticks(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[12])


def _status_kb(pid: int, field: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    return 0
