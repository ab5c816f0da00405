"""What every reading client shares: warm up, wait for the word, read all streams, say what it cost."""

import asyncio
import gc
import json
import os
import sys
from collections.abc import Awaitable, Callable
from time import monotonic_ns, process_time

import uvloop

from pipe_parts.gate import Order, wait_for_go
from pipe_parts.script import PIECE, Plan

WARM = Plan(pieces=2, ttft_ms=400, gap_ms=5)
Stamped = list[tuple[int, bytes]]
ReadOne = Callable[[str, Stamped], Awaitable[None]]


async def measure(order: Order, read: ReadOne) -> dict[str, object]:
    """Read `order.streams` answers at once with `read`, which appends each piece and when it came."""
    warm: list[Stamped] = [[] for _ in range(order.streams)]
    await asyncio.gather(*[read(WARM.path, kept) for kept in warm])
    kept: list[Stamped] = [[] for _ in range(order.streams)]
    gc.collect()
    gc.freeze()
    gc.disable()
    await wait_for_go(asyncio.get_running_loop())
    started, busy, kernel = monotonic_ns(), process_time(), os.times().system
    await asyncio.gather(*[_begin(read, order, i, kept[i]) for i in range(order.streams)])
    spent: dict[str, object] = {"seconds": (monotonic_ns() - started) / 1e9, "client_cpu_s": process_time() - busy}
    spent["kernel_cpu_s"] = os.times().system - kernel
    return spent | {
        "pieces": sum(len(data) for stream in kept for _, data in stream) // len(PIECE),
        "reads": sum(len(stream) for stream in kept),
        "failed": 0,
    }


async def _begin(read: ReadOne, order: Order, index: int, kept: Stamped) -> None:
    await asyncio.sleep(order.spread_s * index / order.streams)
    await read(order.path, kept)


def main(program: Callable[[Order], Awaitable[dict[str, object]]]) -> None:
    """Run a reading client as a process of the benchmark."""
    print(json.dumps(uvloop.run(program(Order.read(sys.argv[1])))), flush=True)  # type: ignore[arg-type]
