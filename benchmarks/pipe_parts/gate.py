"""How the benchmark and its processes talk: an order as one argument, "ready" out, a line in, one line of JSON out."""

import asyncio
import json
import sys
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a client process is to do."""

    port: int
    path: str
    streams: int
    times: int = 1
    spread_s: float = 0.0

    def write(self) -> str:
        return json.dumps(asdict(self))

    @staticmethod
    def read(text: str) -> "Order":
        return Order(**json.loads(text))


async def wait_for_go(loop: asyncio.AbstractEventLoop) -> None:
    """Say that everything is set up, and wait for a line."""
    print("ready", 0, flush=True)
    await loop.run_in_executor(None, sys.stdin.readline)
