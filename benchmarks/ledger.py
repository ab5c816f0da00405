"""Measures the ledger beside its peers: `python benchmarks/ledger.py --quick` takes seconds, `--most 10000000` long."""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from ledger_parts.data import write_ledger
from ledger_parts.writing import Line, measure_append, measure_kills, measure_writers

from ollascope.stats.sketch import sketch_pairs

ANSWERS = Path(__file__).parent / "ledger_parts" / "answers.py"
PEERS = (
    "ours, sums", "ours, sums, all 14 metrics", "ours, raw", "ours, raw, all 14 metrics", "plain JSON lines",
    "SQLite, table", "DuckDB, JSON lines", "DuckDB, table",
)  # fmt: skip
SLOW = {"ours, raw", "ours, raw, all 14 metrics", "plain JSON lines", "SQLite, table"}  # in proportion to a million
EXACT = ("plain JSON lines", "DuckDB, table")
LIMITS = {("ours, sums", 10_000_000): (300, 100), ("ours, raw", 1_000_000): (10_000, 0)}  # ms and MiB
MILLION = 1_000_000


def main() -> None:
    """Run what was asked for; the exit code tells of breakage only, never of a missed promise."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="few rounds and few Calls")
    options.add_argument("--most", type=int, default=MILLION, help="the largest number of Calls to ask about")
    options.add_argument("--only", choices=["write", "kill", "ask"], help="only this part")
    chosen = options.parse_args()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    if chosen.only in {None, "write"}:
        show(measure_append(50_000 if chosen.quick else 400_000))
        show(measure_writers(each=2_000 if chosen.quick else 20_000))
        show(measure_gaps())
    if chosen.only in {None, "kill"}:
        show(measure_kills(3 if chosen.quick else 50))
    if chosen.only in {None, "ask"}:
        most = 10_000 if chosen.quick else chosen.most
        for count in [count for count in (10_000, 100_000, MILLION, 10 * MILLION) if count <= most]:
            ask_everyone(count)


def measure_gaps() -> Iterator[Line]:
    """The sketch of the gaps between tokens, as one is made for each Call."""
    gaps = [0.01 + number % 97 / 5000 for number in range(200)]
    started = time.process_time()
    for _ in range(2000):
        sketch_pairs(gaps)
    yield "CPU of one gap in the sketch of a Call", (time.process_time() - started) / 400_000 * 1e6, 0.5, "<= us"


def show(lines: Iterator[Line]) -> None:
    for what, figure, limit, unit in lines:
        missed = "" if not limit else ratio(figure, limit, unit)
        print(f"  {what:68} {figure:12,.2f} {unit:16} {missed}", flush=True)


def ratio(figure: float, limit: float, unit: str) -> str:
    if limit < 1 and figure == 0:
        return "kept"
    kept = figure >= limit if unit.startswith(">=") else figure <= limit
    return f"{figure / limit:.2f} x the limit {limit:,g}: {'kept' if kept else 'MISSED'}"


def ask_everyone(count: int) -> None:
    """The same question to everyone, each in a process of its own, over the same files."""
    with tempfile.TemporaryDirectory() as name:
        size = write_ledger(Path(name), count)
        print(f"\np50, p95, p99 of the time to first token per model and outcome over {count:,} Calls "
              f"({size / 1e6:,.0f} MB), load {os.getloadavg()[0]:.1f}")  # fmt: skip
        told = {peer: found for peer in PEERS if (found := ask_one(peer, name, count))}
        truth = next((told[peer]["answer"] for peer in EXACT if peer in told), None)
        print(f"  {'':27} {'answer ms':>10} {'CPU ms':>10} {'of ours':>8} {'peak MiB':>9} {'preparing s':>12} "
              f"{'size MB':>8}  largest difference")  # fmt: skip
        for peer, found in told.items():
            of_ours = found["seconds"] / told["ours, sums"]["seconds"]
            print(f"  {peer:27} {found['seconds'] * 1e3:10,.1f} {found['cpu'] * 1e3:10,.1f} "
                  f"{of_ours:8.1f} {found['rss_mib']:9.0f} "
                  f"{found['prepared']:12.1f} {found['size'] / 1e6:8.1f}  "
                  f"{difference(found['answer'], truth)}")  # fmt: skip
        for (peer, of), (ms, mib) in LIMITS.items():
            if of == count:
                show(iter([(f"{peer}: answer", told[peer]["seconds"] * 1e3, ms, "<= ms")]))
                show(iter([(f"{peer}: memory", told[peer]["rss_mib"], mib, "<= MiB" if mib else "MiB")]))


def ask_one(peer: str, folder: str, count: int) -> dict:
    """The answer of one, after it prepared; nothing where it is not installed or would take too long."""
    if peer.startswith("DuckDB") and find_spec("duckdb") is None:
        print(f"  {peer} is not installed")
        return {}
    if count > MILLION and peer in SLOW:
        print(f"  {peer} left out: its cost grows in proportion from a million")
        return {}
    before = size_of(folder)
    prepared = answer(peer, folder, "prepare")["seconds"]
    return {**answer(peer, folder), "prepared": prepared, "size": size_of(folder) - before}


def size_of(folder: str) -> int:
    return sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())


def difference(answer: list, truth: list | None) -> str:
    """How far the farthest percentile is from the exact one."""
    if truth is None:
        return ""
    if [row[:2] for row in answer] != [row[:2] for row in truth]:
        return "other groups!"
    pairs = [(a, b) for one, other in zip(answer, truth, strict=True) for a, b in zip(one[2:], other[2:], strict=True)]
    return f"{max(abs(a - b) / b for a, b in pairs if a is not None):.2%}"  # too few Calls for a p99: not told


def answer(peer: str, folder: str, *more: str) -> dict:
    done = subprocess.run(
        [sys.executable, str(ANSWERS), peer, folder, *more], stdout=subprocess.PIPE, text=True, check=True
    )  # fmt: skip
    return json.loads(done.stdout)


if __name__ == "__main__":
    main()
