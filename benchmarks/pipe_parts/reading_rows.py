"""The pipe's client side against a bare protocol with httptools and aiohttp's client, reading a thousand streams."""

from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec

from pipe_parts.field import Field
from pipe_parts.gate import Order
from pipe_parts.script import Plan
from pipe_parts.settings import Settings
from pipe_parts.table import Row
from pipe_parts.turns import Run, best, describe, judge, take_turns

CLIENTS = {"bare": "read_bare", "pipe": "read_pipe", "aiohttp": "read_aiohttp"}
PROMISES = {"bare": 1.25, "aiohttp": 0.4}
PLAN = Plan(pieces=100, ttft_ms=100, gap_ms=20)


def measure(settings: Settings) -> Iterator[Row]:
    """Every client in turns, before the same bare server; then the ratios of the best."""
    clients = {name: module for name, module in CLIENTS.items() if name != "aiohttp" or find_spec(name)}
    if "aiohttp" not in clients:
        settings.skip("aiohttp", "the package is not installed")
    with Field() as field:
        upstream = field.python("upstream")
        order = Order(port=upstream.port, path=PLAN.path, streams=1000, spread_s=1.0)
        drives: dict[str, Callable[[], Run]] = {
            name: partial(field.drive, order, None, module) for name, module in clients.items()
        }
        runs = take_turns(settings, drives)
    cost = {name: best(taken, lambda run: 1e6 * run["client_cpu_s"] / run["pieces"]) for name, taken in runs.items()}
    for name, micros in cost.items():
        yield Row(name=f"reading 1000 streams, {name}", figure=micros, unit="µs/piece", note=describe(runs[name]))
    for name in [name for name in cost if name != "pipe"]:
        note = "" if name == "bare" else f"the bare protocol itself: {cost['bare'] / cost[name]:.2f}"
        most = judge(PROMISES[name], runs["pipe"], runs[name])
        yield Row(name=f"reading, pipe : {name}", figure=cost["pipe"] / cost[name], unit="x", most=most, note=note)
