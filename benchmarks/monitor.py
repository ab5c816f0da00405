"""What the monitor costs while nothing happens, after a busy day, and how soon it ends; figures beside their limits."""

import argparse
import http.client
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from ollascope.ledger.segment import Origin
from ollascope.ledger.settings import Ledger
from ollascope.ledger.writer import Writer
from ollascope.processes.address import choose_port
from ollascope.settings.data import create
from ollascope.words.call import Call
from ollascope.words.ids import Ids

CPU_LIMIT_PERCENT, RSS_LIMIT_MB, STOP_LIMIT_S, SUMMARY_CALLS = 1.0, 80.0, 1.0, 100_000
START_S = 30.0


def main() -> None:
    """Print every figure."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=30.0, help="how long the idle monitor is watched")
    options.add_argument("--calls", type=int, default=SUMMARY_CALLS, help="Calls of the busy day")
    said = options.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as folder:
        print_run("with an empty ledger", Path(folder) / "data", said.seconds)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        fill(data, said.calls)
        print_summary(data, said.calls)
        print_run(f"with a ledger of {said.calls:,} Calls, summed up before", data, said.seconds, settle=True)


def print_run(what: str, data: Path, seconds: float, *, settle: bool = False) -> None:
    """One monitor: CPU and memory while nothing happens, the time of an answer, the time to its end."""
    port = choose_port("127.0.0.1")
    with monitor(data, port) as process:
        watched = psutil.Process(process.pid)
        until_ready(port)
        if settle:
            until_quiet(watched)
        before, began = spent(watched), time.monotonic()
        time.sleep(seconds)
        cpu = 100 * (spent(watched) - before) / (time.monotonic() - began)
        show(f"CPU {what}", cpu, CPU_LIMIT_PERCENT, "% of a core")
        show(f"memory {what}", watched.memory_info().rss / 1e6, RSS_LIMIT_MB, "MB")
        times = sorted(asked(port, "/healthz")[1] for _ in range(50))
        show("median time of GET /healthz", times[25] * 1e3, None, "ms")
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        show("from SIGTERM to the end", time.monotonic() - began, STOP_LIMIT_S, "s")


def print_summary(data: Path, calls: int) -> None:
    """`ollascope summary` over a day of so many Calls, whole process."""
    began = time.monotonic()
    line = [sys.executable, "-m", "ollascope", "--data", str(data), "summary", "--last", "24h", "--json"]
    subprocess.run(line, check=True, stdout=subprocess.DEVNULL)
    show(f"`ollascope summary` of {calls:,} Calls", time.monotonic() - began, None, "s")


def fill(data: Path, calls: int) -> None:
    """A ledger with Calls all over the last day."""
    create(data)
    ids, now = Ids(), time.time()
    with Writer(data / "ledger", Ledger(buffer_records=calls + 1), Origin.here("benchmark")) as writer:
        for number in range(calls):
            at = now - 86_000 * number / calls
            writer.call(
                Call(id=ids.next(), sent_at=at, source="gateway", outcome="ok", model=f"model:{number % 5}",
                     first_chunk_s=0.2 + number % 100 / 200, end_s=2.0 + number % 70 / 10, tokens_in=9, tokens_out=150,
                     gaps=((120, 100), (130, 49)))
            )  # fmt: skip
        writer.flush(60)


@contextmanager
def monitor(data: Path, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """A monitor as a process of its own."""
    line = [sys.executable, "-m", "ollascope", "--data", str(data), "--set", f"addresses.monitor={port}",
            "--set", "host.interval_s=5", "--set", "monitor.upkeep_s=30", "monitor"]  # fmt: skip
    process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def until_ready(port: int) -> None:
    """Wait for the first 200 of /readyz."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        try:
            if asked(port, "/readyz")[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    sys.exit("the monitor is not ready")


def until_quiet(watched: psutil.Process) -> None:
    """Wait until what lay waiting is worked off."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        before = spent(watched)
        time.sleep(12)
        if spent(watched) - before < 0.3 and not watched.children():
            return
    print("(the monitor is still at work)")


def asked(port: int, path: str) -> tuple[int, float]:
    """Status and time of a GET."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    began = time.monotonic()
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        return answer.status, time.monotonic() - began
    finally:
        connection.close()


def spent(watched: psutil.Process) -> float:
    """CPU seconds of the process and of the children that have ended."""
    times = watched.cpu_times()
    return times.user + times.system + times.children_user + times.children_system


def show(what: str, value: float, limit: float | None, unit: str) -> None:
    """One figure, beside its limit where there is one."""
    beside = "" if limit is None else f"   limit {limit:g} {unit}  {'ok' if value <= limit else 'MISSED'}"
    print(f"{what:64} {value:9.2f} {unit}{beside}")


if __name__ == "__main__":
    main()
