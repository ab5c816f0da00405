"""Exchanges left in random phases by either side: how soon the other side hears, and what stays behind."""

import json
import time
from collections.abc import Iterator
from typing import Any

from pipe_parts.field import Field, Server, read_json
from pipe_parts.settings import Settings
from pipe_parts.table import Row

OURS = ("Link", "Door", "Exchange", "Sending", "Request", "Answer", "Task", "TCPTransport")
FAIR = 0.15  # share of the time; who waits longer for a CPU hears late, whatever the exchange does
BLOCKS = 1000  # small objects that caches and tables may keep, whatever the number of exchanges


def measure(settings: Settings) -> Iterator[Row]:
    """Leave some to warm up, count everything, leave the rest in as many parts as there are rounds, count again."""
    part = max(1, settings.exchanges // settings.rounds)
    with Field() as field:
        world = field.python("leave_world")
        middle = field.python("middle", str(world.port))
        bare = middle.fds()
        order(world, middle.port, min(2000, part), seed=1)
        before = settle(middle, bare)
        seen = [order_timed(world, middle, part, seed=2 + turn) for turn in range(settings.rounds)]
        after = settle(middle, bare)
    for run in seen:
        settings.say(f"  phases: {run['phases']}")
        for line in [*run["wrong_first"], *(f"slow: {slow}" for slow in run["slow"][:3])]:
            settings.say(f"  {line}")
    yield from _tell(part * settings.rounds, seen, before, after)


def order(world: Server, port: int, count: int, seed: int) -> dict[str, Any]:
    """Have the world live through `count` exchanges."""
    assert world.process.stdin
    world.process.stdin.write(json.dumps({"port": port, "count": count, "seed": seed}) + "\n")
    world.process.stdin.flush()
    return read_json(world.process) | {"count": count}


def order_timed(world: Server, middle: Server, count: int, seed: int) -> dict[str, Any]:
    """The same, with the share of the time that the two had to wait for a CPU which others had."""
    before = world.waited_s() + middle.waited_s()
    seen = order(world, middle.port, count, seed)
    return seen | {"waited": (world.waited_s() + middle.waited_s() - before) / seen["seconds"]}


def settle(middle: Server, bare: int) -> dict[str, Any]:
    """What the middle holds when all is over: it has four seconds to let go of its sockets."""
    for _ in range(80):
        if middle.fds() <= bare:
            break
        time.sleep(0.05)
    time.sleep(0.1)
    return middle.report() | {"fds_over": middle.fds() - bare}


def _tell(count: int, seen: list[dict[str, Any]], before: dict[str, Any], after: dict[str, Any]) -> Iterator[Row]:
    delays = [run["p99_ms"] for run in seen]
    fair = [run["p99_ms"] for run in seen if run["waited"] <= FAIR]
    waited = ", ".join(f"{run['waited']:.0%}" for run in seen) + " of the time without a CPU"
    heard, middle = sum(run["heard"] for run in seen), min(run["p50_ms"] for run in seen)
    note = f"best of {[round(d, 1) for d in delays]}; p50 {middle:.2f}, {heard} heard, {waited}"
    note += "" if fair else ", machine too busy to judge"
    grown = {
        kind: n - before["kinds"].get(kind, 0) for kind, n in after["kinds"].items() if n > before["kinds"].get(kind, 0)
    }
    more = {"parts": seen, "before": before, "after": after, "grown": grown}
    yield Row(
        name=f"{count} exchanges left: the other side hears, p99",
        figure=min(fair or delays),
        unit="ms",
        most=5 if fair else None,
        note=note,
        more=more,
    )
    rate = count / sum(run["seconds"] for run in seen)
    note = f"{rate:.0f} exchanges a second, {sum(run['refused_unasked'] for run in seen)} found a connection gone"
    yield Row(
        name="foreign bytes, false ends, never heard",
        figure=sum(run["wrong"] for run in seen),
        unit="",
        most=0,
        note=note,
    )
    yield Row(name="sockets left behind", figure=after["fds_over"], unit="", most=0)
    yield Row(name="tasks left behind", figure=after["tasks"] - before["tasks"], unit="", most=0)
    ours = {kind: grown[kind] for kind in OURS if kind in grown}
    yield Row(
        name="connections and exchanges left behind", figure=sum(ours.values()), unit="", most=0, note=str(ours or "")
    )
    yield Row(name="memory blocks left behind", figure=after["blocks"] - before["blocks"], unit="", most=BLOCKS)
    yield Row(name="resident memory grown", figure=(after["rss_kb"] - before["rss_kb"]) / 1024, unit="MB", most=2)
