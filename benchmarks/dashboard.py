"""What the dashboard costs and how soon it shows: first paint over a million Calls, events, fifty live pages."""

import argparse
import http.client
import json
import os
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import psutil

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))  # run as a script, it finds its own parts

from benchmarks.ledger_parts.data import one_call, write_ledger  # noqa: E402
from ollascope.ledger.segment import Origin  # noqa: E402
from ollascope.ledger.settings import Ledger  # noqa: E402
from ollascope.ledger.writer import Writer  # noqa: E402
from ollascope.settings.data import create  # noqa: E402
from ollascope.words.ids import Ids  # noqa: E402

PAINT_MS, READY_MS, SERVER_MS, EVENT_S = 500, 1000, 400, 1.0
CORE_SHARE, MEMORY_MB, CLIENTS = 0.20, 150, 50
RECENT = 3000  # Calls of the last quarter of an hour
CALLS = 1_000_000
OURS = [sys.executable, "-m", "ollascope"]
PAINTED = """() => ({
    paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime,
    ready: performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd,
})"""


def main() -> None:
    """Print each figure beside its limit."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--calls", type=int, default=CALLS)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder) / "data", chosen.calls) as (port, writer, ids):
        print(
            f"{chosen.calls:,} Calls in the ledger, {RECENT:,} of the last 15 minutes (load {os.getloadavg()[0]:.1f})"
        )
        times = sorted(asked(port, "/") for _ in range(60))
        verdict("server time of Now, p95", times[56] * 1000, SERVER_MS, "ms")
        paint(port)
        verdict(
            "a Call until its event, median of 9",
            median(event_after(port, writer, ids) for _ in range(9)),
            EVENT_S,
            "s",
        )
        crowd(port)
        beside(port, Path(folder))


@contextmanager
def serving(data: Path, calls: int):  # type: ignore[no-untyped-def]  # a generator of three
    """A dashboard over a large ledger, its port, and a writer of more Calls."""
    create(data)
    write_ledger(data / "ledger", calls - RECENT)
    ids, source, now = Ids(), Random(2), time.time()
    with Writer(data / "ledger", Ledger(), Origin.here("benchmark")) as writer:
        for number in range(RECENT):
            writer.call(replace(one_call(source), id=ids.next(), sent_at=now - 890 + number * 0.29))
        writer.flush(60)
        with socket.create_server(("127.0.0.1", 0)) as door:
            port = door.getsockname()[1]
        line = [
            sys.executable,
            "-m",
            "ollascope",
            "--data",
            str(data),
            f"--set=addresses.dashboard={port}",
            "dashboard",
        ]
        process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait(port)
            yield port, writer, ids
        finally:
            process.terminate()
            process.wait(20)


def wait(port: int) -> None:
    """Until it knows the figures."""
    for _ in range(600):
        try:
            if b'"known":true' in fetch(port, "/api/v1/now"):
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise SystemExit("the dashboard does not answer")


def fetch(port: int, path: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        return connection.getresponse().read()
    finally:
        connection.close()


def asked(port: int, path: str) -> float:
    began = time.perf_counter()
    fetch(port, path)
    return time.perf_counter() - began


def paint(port: int) -> None:
    """First paint and when scripts have run, in a browser without a cache."""
    chromium = shutil.which("chromium")
    if chromium is None:
        print("  first paint: there is no Chromium here")
        return
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only where there is a browser

    found = []
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for _ in range(5):
            page = browser.new_context().new_page()
            page.goto(f"http://127.0.0.1:{port}/", wait_until="load")
            page.wait_for_timeout(300)
            found.append(page.evaluate(PAINTED))
            page.context.close()
        browser.close()
    verdict("first paint, median of 5", median(each["paint"] for each in found), PAINT_MS, "ms")
    verdict("scripts have run, median of 5", median(each["ready"] for each in found), READY_MS, "ms")


def event_after(port: int, writer: Writer, ids: Ids) -> float:
    """Seconds from the end of a Call until a viewer has its event."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        line.sendall(b"GET /api/v1/live?topics=now HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        seen = b""
        while b"figures" not in seen:
            seen += line.recv(1 << 20)
        call = replace(one_call(Random(time.time_ns())), id=ids.next(), sent_at=time.time() - 1.0, end_s=1.0)
        began = time.perf_counter()
        writer.call(call)
        seen = b""
        while b"figures" not in seen:
            seen += line.recv(1 << 20)
        return time.perf_counter() - began


def crowd(port: int, seconds: float = 20.0) -> None:
    """Fifty viewers at once: CPU and memory of all processes of the dashboard."""
    parent = next(process for process in psutil.Process().children(recursive=True) if "dashboard" in process.cmdline())
    processes = [parent, *parent.children(recursive=True)]
    chosen = viewers(port)
    drain(chosen, 4.0)
    before, began = cpu(processes), time.perf_counter()
    heard = drain(chosen, seconds)
    share = (cpu(processes) - before) / (time.perf_counter() - began)
    verdict(f"{heard} live pages, share of a core", share, CORE_SHARE, "cores")
    memory = sum(process.memory_full_info().pss for process in processes) / 1e6
    verdict(f"{heard} live pages, memory of both processes", memory, MEMORY_MB, "MB")


def viewers(port: int) -> selectors.DefaultSelector:
    """Fifty open event streams."""
    chosen = selectors.DefaultSelector()
    for _ in range(CLIENTS):
        line = socket.create_connection(("127.0.0.1", port))
        line.sendall(b"GET /api/v1/live?topics=now HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        chosen.register(line, selectors.EVENT_READ)
    return chosen


def beside(port: int, folder: Path) -> None:
    """What a model server's clients notice of fifty viewers: the same load test without and with them."""
    server = subprocess.Popen(
        [*OURS, "--data", str(folder / "fake"), "--set=fake.answer.tokens=50", "fake", "--json", "--port", "0",
         "--ttft", "0.1", "--gap", "0.02"], stdout=subprocess.PIPE, text=True)  # fmt: skip
    try:
        assert server.stdout is not None
        url = json.loads("".join(iter(server.stdout.readline, "}\n")) + "}")["url"]
        alone = load_test(url, folder)
        chosen, ended = viewers(port), threading.Event()
        reader = threading.Thread(target=read_on, args=(chosen, ended))
        reader.start()
        together = load_test(url, folder)
        ended.set()
        reader.join()
    finally:
        server.terminate()
        server.wait(20)
    for name in ("ttft_s", "gap_s"):
        for share, limit in (("p50", 1.0), ("p95", 5.0)):
            later = (together[name][share] - alone[name][share]) * 1000
            verdict(f"a model's {name} {share} with {CLIENTS} viewers, more by", later, limit, "ms")


def read_on(chosen: selectors.DefaultSelector, ended: threading.Event) -> None:
    while not ended.is_set():
        drain(chosen, 0.5)


def load_test(url: str, folder: Path) -> Any:
    """The metrics of twenty users for a while."""
    line = [*OURS, "--data", str(folder / "runs"), "bench", "run", "--url", url, "--model", "scripted", "--concurrency",
            "20", "--duration", "15", "--json", str(folder / "run.json")]  # fmt: skip
    subprocess.run(line, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return json.loads((folder / "run.json").read_text())["metrics"]


def drain(chosen: selectors.DefaultSelector, seconds: float) -> int:
    """Read what comes; how many viewers got something."""
    heard, until = set(), time.perf_counter() + seconds
    while time.perf_counter() < until:
        for key, _ in chosen.select(0.2):
            assert isinstance(key.fileobj, socket.socket)
            if key.fileobj.recv(1 << 20):
                heard.add(key.fileobj)
    return len(heard)


def cpu(processes: list[psutil.Process]) -> float:
    times = [process.cpu_times() for process in processes]
    return sum(each.user + each.system for each in times)


def verdict(name: str, figure: float, limit: float, unit: str) -> None:
    print(f"  {'ok ' if figure <= limit else 'TOO MUCH'} {name:44} {figure:8.3g} {unit}, at most {limit:g}")


if __name__ == "__main__":
    main()
