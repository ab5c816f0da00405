"""What watching costs: CPU of one reading of the machine, of one log line, and of reading an Ollama's log."""

import argparse
import io
import logging
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from ollascope.host.machine import Look, Machine
from ollascope.logs.ollama import OllamaLog
from ollascope.logs.setup import Logs, start

ROOT = Path(__file__).parent.parent
SAMPLE_LIMIT_MS = 5.0
CORES, PROCESSES = 128, 600


def main() -> None:
    """Print every figure, promises beside their limits."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=200)
    rounds = options.parse_args().rounds
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, {len(psutil.pids())} processes,"
        f" Python {platform.python_version()}"
    )
    print_samples(rounds)
    print_line_cost(rounds * 100)
    print_log_speed()


def print_samples(rounds: int) -> None:
    """The promise counts for every reading, also for one that searches for processes."""
    machine = Machine(Look(search_s=1e9))
    searching = Machine(Look(search_s=0.0))
    show("one reading of this machine", cpu_ms(machine.read, rounds), SAMPLE_LIMIT_MS)
    show("one reading that searches for processes", cpu_ms(searching.read, rounds), SAMPLE_LIMIT_MS)
    show("the first reading of all", cpu_ms(lambda: Machine(Look()).read(), 30), SAMPLE_LIMIT_MS)
    show("about the same by psutil alone", cpu_ms(by_psutil, rounds))
    with tempfile.TemporaryDirectory() as folder:
        large_machine(Path(folder))
        large = Machine(Look(root=Path(folder), search_s=1e9))
        show(
            f"one reading of a tree with {CORES} cores and {PROCESSES} processes",
            cpu_ms(large.read, rounds),
            SAMPLE_LIMIT_MS,
        )
        large = Machine(Look(root=Path(folder), search_s=0.0))
        show("… with a search, which happens every 10 s", cpu_ms(large.read, min(rounds, 50)), SAMPLE_LIMIT_MS)
    memory = psutil.Process().memory_info().rss / 2**20
    print(f"{'memory of this process':64} {memory:8.1f} MiB")


def print_line_cost(lines: int) -> None:
    """A log line costs its caller a few microseconds; formatting and writing happen on another thread."""
    log = logging.getLogger("ollascope.benchmark")
    with (
        tempfile.TemporaryDirectory() as folder,
        start(Logs(console="off", queue_lines=10_000_000), "benchmark", Path(folder), (), io.StringIO()) as running,
    ):
        started = time.thread_time()
        for number in range(lines):
            log.info("request %d answered in %.3f s", number, 0.25)
        caller = time.thread_time() - started
        running.stop()
        print(f"{'one log line, CPU of its caller':64} {caller / lines * 1e6:8.1f} us")


def print_log_speed() -> None:
    """How quickly an Ollama's log is read."""
    lines = (ROOT / "tests/fixtures/ollama-logs/ollama-0.32.15/serve.log").read_text(errors="replace").splitlines()
    started = time.process_time()
    for _ in range(20):
        log = OllamaLog()
        for line in lines:
            log.feed(line)
        log.settle()
    took = time.process_time() - started
    print(f"{'lines of an Ollama log, read in a second of CPU':64} {20 * len(lines) / took:8.0f}")


def cpu_ms(work: Callable[[], object], rounds: int) -> list[float]:
    work()
    found = []
    for _ in range(rounds):
        started = time.process_time()
        work()
        found.append((time.process_time() - started) * 1e3)
    return found


def show(name: str, times: list[float], limit: float | None = None) -> None:
    middle, high = statistics.median(times), sorted(times)[int(len(times) * 0.99)]
    verdict = "" if limit is None else f"   promised {limit:g} ms: {'kept' if high <= limit else 'MISSED'}"
    print(f"{name:64} {middle:8.2f} ms (median) {high:8.2f} ms (99 %){verdict}")


def by_psutil() -> None:
    """The same kinds of readings by the library that reads everything."""
    psutil.cpu_times()
    psutil.cpu_times(percpu=True)
    psutil.cpu_freq()
    psutil.virtual_memory()
    psutil.swap_memory()
    psutil.disk_io_counters()
    psutil.net_io_counters(pernic=True)
    psutil.disk_usage("/")
    psutil.getloadavg()


def large_machine(root: Path) -> None:
    """A tree as a large server shows it."""
    core = "1000 50 300 8000 100 10 40 500 0 0"
    put(
        root / "proc/stat",
        f"cpu  {core}\n" + "".join(f"cpu{number} {core}\n" for number in range(CORES)) + "intr 1" + " 0" * 3000 + "\n",
    )
    put(root / "proc/meminfo", Path("/proc/meminfo").read_text())
    put(root / "proc/diskstats", "".join(f" 259 {n} nvme{n}n1 1 0 8 1 1 0 8 1 0 3 2 0 0 0 0 0 0\n" for n in range(24)))
    put(root / "proc/net/dev", "".join(f"eth{n}: 1 2 0 0 0 0 0 0 3 4 0 0 0 0 0 0\n" for n in range(40)))
    for number in range(CORES):
        put(root / f"sys/devices/system/cpu/cpu{number}/cpufreq/scaling_cur_freq", "3000000\n")
    rest = " ".join(
        ["S", "1"] + ["0"] * 9 + ["100", "20", "0", "0", "20", "0", "7", "0", "500", "1000000", "2560"] + ["0"] * 20
    )
    for pid in range(1, PROCESSES + 1):
        name = "ollama" if pid == 5 else "worker"
        put(root / f"proc/{pid}/stat", f"{pid} ({name}) {rest}\n")
        put(root / f"proc/{pid}/cmdline", f"{name}\0serve\0")


def put(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


if __name__ == "__main__":
    sys.exit(main())
