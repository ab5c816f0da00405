"""The rooms that have pages: where each one's `pages` function lies, in the order their tabs are shown."""

from collections.abc import Mapping
from importlib import import_module
from typing import cast

from ollascope.web.joint import Desk, Join, Pages

ROOMS: Mapping[str, str] = {
    "now": "ollascope.web.now.page:pages",
    "bench": "ollascope.bench.web:pages",
    "ledger": "ollascope.ledger.web:pages",
    "checks": "ollascope.checks.web:pages",
    "alerts": "ollascope.monitor.web:alerts_pages",
    "logs": "ollascope.logs.web:pages",
    "engines": "ollascope.engines.web:pages",
}


def join(desk: Desk, rooms: Mapping[str, str] = ROOMS) -> list[Pages]:
    """The pages of every room."""
    return [_function(path)(desk) for path in rooms.values()]


def _function(path: str) -> Join:
    module, name = path.split(":")
    return cast("Join", vars(import_module(module))[name])
