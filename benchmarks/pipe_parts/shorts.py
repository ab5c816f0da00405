"""Short answers over kept-alive connections: the exchange against nginx, with nginx as the server behind both."""

from collections.abc import Iterator
from typing import Any

from pipe_parts import nginx
from pipe_parts.field import Field
from pipe_parts.gate import Order
from pipe_parts.settings import Settings
from pipe_parts.table import Row

CONNECTIONS = 32


def measure(settings: Settings) -> Iterator[Row]:
    """As many short requests as go through, in turns; the best rate of each."""
    if not nginx.is_here():
        settings.skip("short requests", "nginx is not installed")
        return
    times = 300 if settings.quick else 1000
    with Field() as field:
        behind = nginx.answer(field)
        doors = {"exchange": field.python("middle", str(behind.port)), "nginx": nginx.carry(field, behind.port)}
        runs: dict[str, list[dict[str, Any]]] = {name: [] for name in doors}
        for turn in range(settings.rounds):
            for name in list(doors) if turn % 2 else list(reversed(doors)):
                order = Order(port=doors[name].port, path="/short", streams=CONNECTIONS, times=times)
                runs[name].append(field.drive(order, doors[name]))
    rate = {name: max(run["answers"] / run["seconds"] for run in taken) for name, taken in runs.items()}
    cost = {name: min(1e6 * run["server_cpu_s"] / run["answers"] for run in taken) for name, taken in runs.items()}
    for name, taken in runs.items():
        busy = max(run["server_cpu_s"] / run["seconds"] for run in taken)
        note = f"{cost[name]:.0f} µs CPU an answer, {busy:.0%} of a core busy"
        yield Row(name=f"short answers, {name}", figure=rate[name], unit="/s", note=note)
    for row, figure in (
        ("short answers a second", rate["exchange"] / rate["nginx"]),
        # Where others use the cores too, nobody reaches his own limit, and only this one can be trusted.
        ("short answers a CPU second", cost["nginx"] / cost["exchange"]),
    ):
        yield Row(name=f"{row}, exchange : nginx", figure=figure, unit="x", least=0.5)
