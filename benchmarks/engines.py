"""What the clients of model servers cost: CPU for each piece beside a bare loop over requests, and what streams leave.

`python benchmarks/engines.py` prints one table: CPU, first piece, and 10,000 streams left half-way.
"""

import argparse
import gc
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import requests

from ollascope.engines.engine import Engine
from ollascope.engines.metered import Metered
from ollascope.engines.ollama.client import Ollama
from ollascope.engines.openai.client import OpenAi
from ollascope.engines.wire import Exchange, Patience, Session
from ollascope.words.call import Call
from ollascope.words.errors import Cancelled
from ollascope.words.prompt import Message, Prompt

SERVER = Path(__file__).parent / "engines_parts" / "server.py"
BODY = b'{"model":"scripted","messages":[{"role":"user","content":"go"}]}'
PATIENCE = Patience(connect_s=10, first_s=30, idle_s=30, answer_s=30)
PROMPT = Prompt(model="scripted", messages=(Message(role="user", content="go"),))


@dataclass(frozen=True)
class Reader:
    """One way to read the same stream; gives the number of pieces."""

    name: str
    read: Callable[[], int]


@contextmanager
def server(pieces: int, gap_us: int) -> Iterator[str]:
    """The server of the streams, in a process of its own."""
    command = [sys.executable, str(SERVER), str(pieces), str(gap_us)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


@contextmanager
def fake(gap_s: float) -> Iterator[str]:
    """`ollascope fake` on a free port, with a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "ollascope", "--data", folder, "fake", "--port", "0", "--ttft", "0"]
        with subprocess.Popen([*command, "--gap", str(gap_s), "--json"], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            try:
                yield json.loads(started(process.stdout))["url"]
            finally:
                process.terminate()


def started(lines: IO[str]) -> str:
    """The JSON that it prints when it listens."""
    said = ""
    for line in lines:
        said += line
        if line.startswith("}"):
            break
    return said


def readers(url: str) -> list[Reader]:
    """Ways to read the stream of an Ollama; all are compared with the first."""
    bare, session, engine = requests.Session(), Session(url, PATIENCE), Ollama(url, PATIENCE)

    def parsed() -> int:
        with bare.post(f"{url}/api/chat", data=BODY, stream=True) as answer:
            return sum(1 for line in answer.iter_lines() if json.loads(line))

    def lines() -> int:
        with bare.post(f"{url}/api/chat", data=BODY, stream=True) as answer:
            return sum(1 for _ in answer.iter_lines())

    def contents() -> int:
        with bare.post(f"{url}/api/chat", data=BODY, stream=True) as answer:
            return sum(1 for _ in answer.iter_content(None))

    def wire() -> int:
        with session.open("POST", "/api/chat", BODY) as exchange:
            exchange.begin()
            return sum(piece.count(b"\n") for piece in exchange)

    return [
        Reader("requests: iter_lines, json.loads", parsed), Reader("requests: iter_lines", lines),
        Reader("requests: iter_content(None)", contents), Reader("our wire: bytes", wire),
        *clients("ollama", engine),
    ]  # fmt: skip


def event_readers(url: str) -> list[Reader]:
    """Ways to read the stream of a server of the OpenAI API; all are compared with the first."""
    bare, engine = requests.Session(), OpenAi(url, PATIENCE)

    def parsed() -> int:
        with bare.post(f"{url}/v1/chat/completions", data=BODY, stream=True) as answer:
            data = (line[6:] for line in answer.iter_lines() if line.startswith(b"data: "))
            return sum(1 for text in data if text != b"[DONE]" and json.loads(text))

    return [Reader("requests: iter_lines, json.loads", parsed), *clients("openai", engine)]


def clients(name: str, engine: Engine) -> list[Reader]:
    """Our client alone and metered."""
    calls: deque[Call] = deque(maxlen=1)
    metered = Metered(engine, calls.append, source="bench")

    def client() -> int:
        with engine.stream(PROMPT) as stream:
            return sum(1 for _ in stream)

    def measured() -> int:
        with metered.stream(PROMPT) as stream:
            return sum(1 for _ in stream)

    return [Reader(f"our {name} client: Chunks", client), Reader("the same, metered", measured)]


def cpu_us(read: Callable[[], int]) -> float:
    """CPU of this process for each piece, in microseconds."""
    before = time.process_time()
    count = read()
    return (time.process_time() - before) * 1e6 / max(1, count)


def show_cpu(make: Callable[[str], list[Reader]], pieces: int, gap_us: int, rounds: int) -> None:
    """The ratio is that of each round, since the machine may have other work in some of them."""
    print(f"\nclient CPU for each piece, {pieces} pieces {gap_us} µs apart, {rounds} rounds in turn")
    with server(pieces, gap_us) as url:
        ways = make(url)
        found: dict[str, list[float]] = {way.name: [] for way in ways}
        for way in ways:
            way.read()
        for _ in range(rounds):
            for way in ways:
                found[way.name].append(cpu_us(way.read))
    first = found[ways[0].name]
    print(f"  {'':36} {'median':>9} {'least':>9} {'x first':>8} {'x least':>8}")
    for name, times in found.items():
        ratio = statistics.median(time / bare for time, bare in zip(times, first, strict=True))
        median, least = statistics.median(times), min(times)
        print(f"  {name:36} {median:6.1f} µs {least:6.1f} µs {ratio:8.2f} {least / min(first):8.2f}")


def show_first(rounds: int) -> None:
    """From the server's send to the reader's hands: both read the monotonic clock of one machine."""
    with server(2, 20_000) as url:
        session = Session(url, PATIENCE)
        lates: list[float] = []
        for _ in range(rounds):
            with session.open("POST", "/api/stamp", BODY) as exchange:
                exchange.begin()
                piece = next(exchange)
                at = time.monotonic()
                lates.append(at - float(piece.split()[0]))
                for _ in exchange:
                    pass
    lates.sort()
    p50, p99 = lates[len(lates) // 2] * 1e6, lates[int(len(lates) * 0.99)] * 1e6
    print(f"\nfirst piece after the server sent it: p50 {p50:.0f} µs, p99 {p99:.0f} µs ({rounds} streams)")


def show_close(rounds: int) -> None:
    """How long `close` takes for its caller, and until the reader in another thread has been woken and has ended."""
    print(f"\nclose from another thread, {rounds} each, in ms: what it takes, and until the reader has ended")
    for phase, path in (("waiting for the head", "/api/hang"), ("between two pieces", "/api/chat")):
        with server(2, 10_000_000) as url, closing(Session(url, PATIENCE)) as session:
            took, woken = [], []
            for _ in range(rounds):
                exchange = session.open("POST", path, BODY)
                reader = threading.Thread(target=read_on, args=(exchange,))
                reader.start()
                time.sleep(0.01)
                started = time.monotonic()
                exchange.close()
                took.append((time.monotonic() - started) * 1e3)
                reader.join()
                woken.append((time.monotonic() - started) * 1e3)
        for name, times in (("close", sorted(took)), ("reader", sorted(woken))):
            print(f"  {phase:22} {name:8} p50 {times[rounds // 2]:6.2f}  most {times[-1]:6.2f}")


def read_on(exchange: Exchange) -> None:
    with suppress(Cancelled):
        exchange.begin()
        for _ in exchange:
            pass


def show_left(streams: int, limit_s: float) -> None:
    """Streams of the fake server left half-way: closed, closed by another thread, by the end of a block, forgotten."""
    calls = 0

    def sink(_call: Call) -> None:
        nonlocal calls
        calls += 1

    with fake(gap_s=0.0005) as url:
        metered = Metered(Ollama(url, PATIENCE), sink, source="bench")
        deadline = time.monotonic() + limit_s
        rows, done = [], 0
        for part in range(6):
            target = streams * part // 5 if part else min(200, streams // 10)
            while done < target and time.monotonic() < deadline:
                leave(metered, done % 4)
                done += 1
            gc.collect()
            rows.append((done, calls, rss_kib(), count_sockets(), threading.active_count()))
        metered.close()
    print(f"\n{done} streams of the fake server left half-way")
    print(f"  {'streams':>8} {'Calls':>8} {'RSS KiB':>9} {'sockets':>8} {'threads':>8}")
    for row in rows:
        print("  {:>8} {:>8} {:>9} {:>8} {:>8}".format(*row))


def leave(metered: Metered, way: int) -> None:
    stream = metered.stream(PROMPT)
    next(stream)
    next(stream)
    if way == 0:
        stream.close()
    elif way == 1:
        thread = threading.Thread(target=stream.close)
        thread.start()
        thread.join()
    elif way == 2:
        with stream:
            next(stream)


def rss_kib() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1024


def count_sockets() -> int:
    count = 0
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            count += str(entry.readlink()).startswith("socket:")
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--streams", type=int, default=10_000)
    parser.add_argument("--limit-s", type=float, default=55.0)
    given = parser.parse_args()
    print(f"Python {sys.version.split()[0]}, requests {requests.__version__}, {os.cpu_count()} cores, over loopback")
    for make in (readers, event_readers):
        show_cpu(make, 400, 500, given.rounds)
        show_cpu(make, 4000, 0, given.rounds)
    show_first(200)
    show_close(100)
    show_left(given.streams, given.limit_s)


if __name__ == "__main__":
    main()
