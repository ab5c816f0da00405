"""The bare exchange as a process: everything that is asked here is asked of one server behind, and carried back."""

import asyncio
import gc
import json
import os
import signal
import sys
from collections import Counter
from pathlib import Path

from ollascope.pipe import Address, Answer, Client, Limits, Place, Plan, Request, Server, exchange, run

LIMITS = Limits(connections=4096, requests=100_000_000)


async def serve(upstream: int) -> None:
    """Listen on a free port of loopback, say which, and carry until killed."""
    client = Client(limits=LIMITS)
    plan = Plan(address=Address(port=upstream))

    def application(request: Request, answer: Answer) -> None:
        exchange(client, request, answer, plan)

    server = Server(application, limits=LIMITS)
    [address] = await server.listen(Place())
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, lambda: print(json.dumps(report(server, client)), flush=True))
    gc.freeze()
    print("ready", address.port, flush=True)
    await asyncio.Event().wait()


def report(server: Server, client: Client) -> dict[str, object]:
    """Everything that could have been left behind, counted."""
    gc.collect()
    kinds = Counter(type(thing).__name__ for thing in gc.get_objects())
    return {
        "tasks": len(asyncio.all_tasks()),
        "fds": sum(1 for _ in Path("/proc/self/fd").iterdir()),
        "blocks": sys.getallocatedblocks(),
        "rss_kb": int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024,
        "kinds": {kind: count for kind, count in kinds.items() if count >= 1},
        "server": server.counters.snapshot(),
        "client": client.counters.snapshot(),
    }


if __name__ == "__main__":
    run(serve(int(sys.argv[1])))
