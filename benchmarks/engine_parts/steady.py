"""The server by itself: ready, idle, memory, and what is left after many loads and many clients that leave."""

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from pipe_parts.table import Row

from engine_parts import servers
from engine_parts.asking import Wanted, ask
from engine_parts.leaving import leave
from engine_parts.noise import Watch, cpu_s
from engine_parts.servers import Server
from engine_parts.settings import Settings
from engine_parts.turns import limit

READY_S, IDLE, RSS_MB = 1.5, 0.5, 120.0
IDLE_S = 20.0
CYCLES, LEAVING, SAMPLES = 60, 10_000, 10
GROWTH_MB = 5.0
WARM = 1 / 5  # of the times before the first look: pools and caches fill up


def measure(settings: Settings) -> Iterator[Row]:
    """One server after another, then one that goes through it all."""
    yield from _ready(settings)
    with servers.ours(settings, "--demo") as server:
        yield from _idle(settings, server)
        yield from _cycles(settings, server)
        yield from _leaving(settings, server)


def _ready(settings: Settings) -> Iterator[Row]:
    taken = []
    for _ in range(2 * settings.rounds):
        watch = Watch([])
        with servers.ours(settings, "--demo") as server:
            assert server.get("/health")
            own = cpu_s(server.pid)
            noise = watch.read()
        taken.append((server.ready_s, noise, own))
    best, noise, own = min(taken, key=lambda one: one[0])
    every = ", ".join(f"{ready:.2f}" for ready, *_ in taken)
    # the server's own CPU is in the noise of a watch that began before it
    others = noise.others - own / best
    note = f"best of {every}; {own:.2f} s of CPU of its own; others {max(0.0, others):.2f} cores, load {noise.load:.1f}"
    yield limit("ready with the demo model", best, "s", READY_S, judge=others < 0.3, note=note)


def _idle(settings: Settings, server: Server) -> Iterator[Row]:
    _answer(server)
    seconds = IDLE_S / 4 if settings.quick else IDLE_S
    before, started = _exact_cpu_s(server), time.monotonic()
    time.sleep(seconds)
    used = 100 * (_exact_cpu_s(server) - before) / (time.monotonic() - started)
    yield Row(name=f"idle for {seconds:.0f} s", figure=used, unit="% of a core", most=IDLE)
    yield Row(name="memory with the demo model", figure=server.rss_mb(), unit="MB", most=RSS_MB,
              note=f"VmRSS; peak {server.status('VmHWM') * 1024 / 1e6:.0f}")  # fmt: skip


def _cycles(settings: Settings, server: Server) -> Iterator[Row]:
    times = CYCLES // 6 if settings.quick else CYCLES
    fresh = server.rss_mb()
    for _ in range(int(times * WARM)):
        _cycle(server)
    _answer(server)
    before = _held(server)
    started = time.monotonic()
    for _ in range(times):
        _cycle(server)
    each_ms = 1000 * (time.monotonic() - started) / times
    _answer(server)
    yield from _grown(
        f"{times} loads and unloads",
        before,
        _held(server),
        f"{each_ms:.0f} ms each; {fresh:.1f} MB {int(times * WARM)} loads before",
    )


def _leaving(settings: Settings, server: Server) -> Iterator[Row]:
    times = LEAVING // 10 if settings.quick else LEAVING
    leave(server, int(times * WARM))
    before, seen, started = _held(server), [], time.monotonic()
    for _ in range(SAMPLES):
        leave(server, times // SAMPLES)
        seen.append(f"{server.rss_mb():.1f}")
    note = f"{times / (time.monotonic() - started):.0f}/s; RSS on the way {' '.join(seen)}"
    _until_idle(server)
    yield from _grown(f"{times} clients that left", before, _held(server), note)
    assert not any(slot["is_processing"] for slot in server.get("/slots"))


def _grown(name: str, before: tuple[float, int, int], after: tuple[float, int, int], note: str) -> Iterator[Row]:
    yield Row(name=f"memory grown by {name}", figure=after[0] - before[0], unit="MB", most=GROWTH_MB,
              note=f"{before[0]:.1f} to {after[0]:.1f} MB; {note}")  # fmt: skip
    yield Row(name=f"files and threads grown by {name}", figure=after[1] - before[1] + after[2] - before[2], unit="",
              most=0, note=f"{after[1]} files, {after[2]} threads")  # fmt: skip


def _cycle(server: Server) -> None:
    """Load, answer, unload; the answer of the next cycle finds nothing in memory."""
    _answer(server, keep_alive=0)
    ended = time.monotonic() + 20
    while server.get("/slots"):
        if time.monotonic() > ended:
            raise SystemExit("the model is still in memory")


def _answer(server: Server, **more: object) -> None:
    body = {"model": server.model, "messages": [{"role": "user", "content": "hello"}], "stream": False, **more}
    [[answer]] = ask(server.port, [[Wanted(path="/api/chat", body=body)]])
    assert answer.tokens


def _until_idle(server: Server) -> None:
    ended = time.monotonic() + 20
    while any(slot["is_processing"] for slot in server.get("/slots")) and time.monotonic() < ended:
        time.sleep(0.05)


def _held(server: Server) -> tuple[float, int, int]:
    """Memory, open files, threads."""
    with suppress(OSError):
        server.get("/health")  # whatever is still to be closed is closed by then
    return server.rss_mb(), server.files(), server.status("Threads")


def _exact_cpu_s(server: Server) -> float:
    """CPU seconds to the nanosecond; for a process whose threads stay."""
    tasks = Path(f"/proc/{server.pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9
