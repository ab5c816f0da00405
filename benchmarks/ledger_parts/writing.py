"""What recording costs, and what many writers, or killed ones, lose."""

import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ledger_parts.data import one_call
from ollascope.ledger.reading import Tally, read_rows
from ollascope.ledger.segment import Origin, every_file, read_header
from ollascope.ledger.select import Where
from ollascope.ledger.settings import Ledger
from ollascope.ledger.writer import Writer
from ollascope.words.call import Call

BATCH = 2000
WINDOW_S = 0.2
PROGRAM = """
import sys, time
from dataclasses import replace
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from ledger_parts.writing import calls, open_writer
made = calls(500)
writer = open_writer(Path(sys.argv[1]))
number, name, many, pause = 0, sys.argv[2], int(sys.argv[4]), float(sys.argv[5])
while number < many:
    for call in made:
        writer.call(replace(call, id=f"{name}-{number}", sent_at=1e9))
        number += 1
    print(number, time.monotonic(), writer.counts().waiting, flush=True)
    time.sleep(pause)
writer.close()
print("lost", writer.counts().lost, flush=True)
"""

Line = tuple[str, float, float, str]  # what, figure, limit or 0, unit


def open_writer(ledger: Path, **settings: int) -> Writer:
    return Writer(ledger, Ledger(**settings), Origin.here("benchmark"))  # type: ignore[arg-type]


def calls(count: int) -> list[Call]:
    source = random.Random(2)
    return [replace(one_call(source, number), sent_at=1e9 + number) for number in range(count)]


def measure_append(count: int = 200_000) -> Iterator[Line]:
    """Batches of Calls handed to the writer, each batch flushed: what one process can sustain."""
    made = calls(BATCH)
    with tempfile.TemporaryDirectory() as folder, open_writer(Path(folder)) as writer:
        writer.call(made[0])
        writer.flush()
        mine, started, cpu = 0.0, time.perf_counter(), time.process_time()
        for _ in range(count // BATCH):
            before = time.thread_time()
            for call in made:
                writer.call(call)
            mine += time.thread_time() - before
            writer.flush()
        seconds = time.perf_counter() - started
        cpu = time.process_time() - cpu
    yield "Calls recorded a second, one process, batches of 2,000", count / seconds, 100_000, ">= /s"
    yield "CPU of the caller for each Call", mine / count * 1e6, 12, "<= us"
    yield "CPU of the whole process for each Call, encoding and writing too", cpu / count * 1e6, 0, "us"


def measure_writers(many: int = 8, each: int = 20_000) -> Iterator[Line]:
    """Processes that write at once, as quickly as they can without losing any."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        processes = [start(Path(folder), f"w{number}", each, 0.02) for number in range(many)]
        lost = sum(int(process.communicate()[0].split("lost ")[-1]) for process in processes)
        seconds = time.perf_counter() - started
        found = {call.id for call in read_rows(Path(folder), Where())}
    yield f"Calls lost by {many} writers at once", many * each - len(found) + lost, 0.5, "<= of " + str(many * each)
    yield "Calls a second of all of them, starting included", many * each / seconds, 0, "/s"


def measure_kills(rounds: int = 50, many: int = 4) -> Iterator[Line]:
    """kill -9 of writers under load: what each had handed over one flush window before must be readable."""
    unreadable = lost = late = total = 0
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            told, died = kill_all(Path(folder), many)
            tally = Tally()
            found = {call.id for call in read_rows(Path(folder), Where(), tally)}
            unreadable += sum(read_header(segment) is None for segment in every_file(Path(folder)))
            unreadable += tally.invalid + tally.damaged
            total += len(found)
            for name, lines in told.items():
                due = max((count for count, at in lines if at <= died[name] - WINDOW_S - 0.1), default=0)
                lost += sum(f"{name}-{number}" not in found for number in range(due))
                handed = max((count for count, _ in lines), default=0)
                late += sum(f"{name}-{number}" not in found for number in range(due, handed))
    yield f"files or lines unreadable after {rounds} kills of {many} writers", unreadable, 0.5, "<="
    yield "Calls lost that were older than the flush window and 0.1 s", lost, 0.5, f"<= of {total}"
    yield "Calls lost within the flush window", late, 0, f"of {total}"


def kill_all(folder: Path, many: int) -> tuple[dict[str, list[tuple[int, float]]], dict[str, float]]:
    """When each writer had handed over how many Calls, and when it was killed."""
    told: dict[str, list[tuple[int, float]]] = {f"w{number}": [] for number in range(many)}
    processes = {name: start(folder, name, 10**9, 0.03) for name in told}
    readers = [threading.Thread(target=listen, args=(process, told[name])) for name, process in processes.items()]
    for reader in readers:
        reader.start()
    while not all(len(lines) > 8 for lines in told.values()):
        time.sleep(0.01)
    time.sleep(random.Random(time.monotonic()).uniform(0, 0.4))
    died = {}
    for name, process in processes.items():
        died[name] = time.monotonic()
        process.send_signal(signal.SIGKILL)
    for process, reader in zip(processes.values(), readers, strict=True):
        process.wait()
        reader.join()
    return told, died


def listen(process: "subprocess.Popen[str]", lines: list[tuple[int, float]]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if line.endswith("\n"):
            count, at, _ = line.split()
            lines.append((int(count), float(at)))


def start(folder: Path, name: str, count: int, pause: float) -> "subprocess.Popen[str]":
    parts = str(Path(__file__).parent.parent)
    arguments = [sys.executable, "-c", PROGRAM, str(folder), name, parts, str(count), str(pause)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
