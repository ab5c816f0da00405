"""The pipe's server side against a bare protocol, aiohttp's server and uvicorn, writing a thousand streams."""

from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec

from pipe_parts.field import Field
from pipe_parts.gate import Order
from pipe_parts.script import Plan
from pipe_parts.settings import Settings
from pipe_parts.table import Row
from pipe_parts.turns import Run, best, describe, judge, take_turns

SERVERS = {"bare": "upstream", "pipe": "serve_pipe", "aiohttp": "serve_aiohttp", "uvicorn": "serve_uvicorn"}
PROMISES = {"bare": 1.25, "aiohttp": 0.5, "uvicorn": 0.5}
PLAN = Plan(pieces=100, ttft_ms=100, gap_ms=20)


def measure(settings: Settings) -> Iterator[Row]:
    """Every server in turns, the same streams, the same reader; then the ratios of the best."""
    with Field() as field:
        drives: dict[str, Callable[[], Run]] = {}
        for name, module in SERVERS.items():
            if name in {"bare", "pipe"} or find_spec(name):
                server = field.python(module)
                order = Order(port=server.port, path=PLAN.path, streams=1000, spread_s=1.0)
                drives[name] = partial(field.drive, order, server)
            else:
                settings.skip(name, "the package is not installed")
        runs = take_turns(settings, drives)
    cost = {name: best(taken, lambda run: 1e6 * run["server_cpu_s"] / run["pieces"]) for name, taken in runs.items()}
    for name, micros in cost.items():
        yield Row(name=f"writing 1000 streams, {name}", figure=micros, unit="µs/piece", note=describe(runs[name]))
    for name in [name for name in cost if name != "pipe"]:
        note = "" if name == "bare" else f"the bare protocol itself: {cost['bare'] / cost[name]:.2f}"
        most = judge(PROMISES[name], runs["pipe"], runs[name])
        yield Row(name=f"writing, pipe : {name}", figure=cost["pipe"] / cost[name], unit="x", most=most, note=note)
