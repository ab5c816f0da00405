"""How true the fake is: 1000 streams of 50 tokens/s, when each piece is written against its plan, and what it costs."""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
import urllib.request
from array import array
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import uvloop

STREAMS, GAP_S, TOKENS, STAGGER_S = 1000, 0.02, 200, 1.0
LATE_LIMIT_MS = 5.0
MS = 1e6


@dataclass(slots=True, kw_only=True)
class Round:
    """What one round came to."""

    late: list[float]  # ms between a piece's plan and its writing
    travel: list[float]  # ms between its writing and its arrival
    wrong: int  # streams of which truth and client tell different pieces
    pieces: int
    cpu_s: float
    load: float


@dataclass(slots=True)
class Watcher(asyncio.Protocol):
    """A client that does nothing but note when each piece arrives."""

    request: bytes
    done: "asyncio.Future[None]"
    at: "array[int]" = field(default_factory=lambda: array("q"))
    head: bytes = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.write(self.request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns()
        if not self.head:
            self.head = data
        for _ in range(data.count(b'"done"')):
            self.at.append(now)

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)

    @property
    def id(self) -> str:
        return self.head.partition(b"x-fake-id: ")[2].partition(b"\r")[0].decode()


def main() -> None:
    """Print each round, then the best of all beside its limit."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--rounds", type=int, default=5)
    words.add_argument("--streams", type=int, default=STREAMS)
    words.add_argument("--tokens", type=int, default=TOKENS, help="of each stream")
    chosen = words.parse_args()
    server, url = start(chosen.streams)
    try:
        rounds = [measure(server, url, chosen.streams, chosen.tokens) for _ in range(chosen.rounds)]
    finally:
        server.terminate()
        server.wait(5)
    best = min(part(one.late, 0.99) for one in rounds)
    verdict = "kept" if best <= LATE_LIMIT_MS else "MISSED"
    print(f"write time against plan, p99, best of {len(rounds)}: {best:.2f} ms, limit {LATE_LIMIT_MS} ms: {verdict}")
    print(f"CPU of a token, best: {min(one.cpu_s / one.pieces for one in rounds) * 1e6:.1f} us")
    wrong = sum(one.wrong for one in rounds)
    print(f"streams whose truth differs from what the client saw: {wrong}")


def start(streams: int) -> tuple["subprocess.Popen[str]", str]:
    wanted = {"serve.connections": streams + 100, "fake.truth.requests": streams}
    settings = [f"--set={key}={value}" for key, value in wanted.items()]
    program = str(Path(sys.executable).parent / "ollascope")
    command = [program, *settings, "fake", "--json", "--port", "0", "--gap", str(GAP_S)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    told = "".join(iter(server.stdout.readline, "}\n")) + "}"
    return server, json.loads(told)["url"]


def measure(server: "subprocess.Popen[str]", url: str, streams: int, tokens: int) -> Round:
    urllib.request.urlopen(urllib.request.Request(f"{url}/fake/truth", method="DELETE")).close()
    process = psutil.Process(server.pid)
    before = process.cpu_times()
    watchers = uvloop.run(watch(url, streams, tokens))
    after = process.cpu_times()
    with urllib.request.urlopen(f"{url}/fake/truth", timeout=60) as answer:
        truths = {one["id"]: one for one in json.load(answer)["requests"]}
    found = compare(watchers, truths)
    found.cpu_s = after.user + after.system - before.user - before.system
    found.load = os.getloadavg()[0]
    late = " ".join(f"p{share * 100:g} {part(found.late, share):.2f}" for share in (0.5, 0.9, 0.99, 0.999))
    print(f"{streams} streams, {found.pieces} pieces: late by {late}, most {max(found.late):.1f} ms; "
          f"to the client p50 {part(found.travel, 0.5):.2f}, p99 {part(found.travel, 0.99):.2f} ms; "
          f"CPU {found.cpu_s / found.pieces * 1e6:.1f} us a token; load {found.load:.1f}", flush=True)  # fmt: skip
    return found


async def watch(url: str, streams: int, tokens: int) -> list[Watcher]:
    host, _, port = url.removeprefix("http://").partition(":")
    body = json.dumps({"model": "slow", "prompt": "<|loop|>", "raw": True, "options": {"num_predict": tokens}}).encode()
    head = f"POST /api/generate HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {len(body)}\r\n\r\n"
    loop = asyncio.get_running_loop()
    watchers = [Watcher(head.encode() + body, loop.create_future()) for _ in range(streams)]
    began = loop.time()
    for number, watcher in enumerate(watchers):
        await asyncio.sleep(began + number * STAGGER_S / streams - loop.time())
        await loop.create_connection(partial(_same, watcher), host, int(port))
    await asyncio.gather(*(watcher.done for watcher in watchers))
    return watchers


def _same(watcher: Watcher) -> Watcher:
    return watcher


def compare(watchers: list[Watcher], truths: dict[str, dict[str, Any]]) -> Round:
    """Each piece's plan, writing and arrival; a piece that arrives before it was written is wrong too."""
    found = Round(late=[], travel=[], wrong=0, pieces=0, cpu_s=0.0, load=0.0)
    for watcher in watchers:
        truth = truths.get(watcher.id)
        written = [at + truth["arrived_ns"] for at in truth["written_ns"]] if truth else []
        travel = [(seen - at) / MS for seen, at in zip(watcher.at, written, strict=False)]
        found.wrong += len(written) != len(watcher.at) or not travel or min(travel) < 0
        found.pieces += len(watcher.at)
        found.travel += travel
        found.late += (
            [(at - due) / MS for at, due in zip(truth["written_ns"], truth["due_ns"], strict=True)] if truth else []
        )
    return found


def part(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


if __name__ == "__main__":
    main()
