"""Letting other machines of the network see the pages, in one step: a password, and the addresses to give them."""

import socket
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from ollascope.processes.address import written
from ollascope.processes.plan import Child
from ollascope.web.guard.password import has_password, keep_password, make_password
from ollascope.words.setting import Secret

EVERYWHERE: Final = "0.0.0.0"  # noqa: S104 - asked for by name, and behind a password
NEAR: Final = ("127.", "169.254.", "::1", "fe80")  # reached from this machine or this cable alone
INNER: Final = ("docker", "br-", "veth", "virbr", "cni", "flannel")  # networks that lie within this machine


def open_to_others(child: Child) -> Child:
    """The dashboard, reached from other machines too; nothing else is."""
    return replace(child, host=EVERYWHERE, command=(*child.command, "--host", EVERYWHERE))


def ensure_password(data: Path, said: Secret) -> str:
    """Make a password where there is none yet, to be shown this once; else nothing."""
    if said or has_password(data):
        return ""
    password = make_password()
    keep_password(data, password)
    return password


def told(port: int, password: str, others: Sequence[str] | None = None) -> list[tuple[str, str]]:
    """What a person has to know, as names and texts."""
    places = own_addresses() if others is None else others
    lines = [("network", f"http://{written(place, port)}") for place in places] or [("network", "no network was found")]
    kept = f"{password}  (shown this once" if password else "the one that was made before"
    another = "`ollascope dashboard --new-password` makes another"
    return [
        *lines,
        ("password", f"{kept}; {another}{')' if password else ''}"),
        ("open", "not encrypted: where others may listen, put a proxy with TLS in front"),
    ]


def own_addresses() -> list[str]:
    """The addresses of this machine that others can reach: those of IPv4, or where there are none of IPv6."""
    import psutil  # noqa: PLC0415 - only whoever opens the pages to others needs it

    up = {name for name, facts in psutil.net_if_stats().items() if facts.isup and not name.startswith(INNER)}
    known = [
        (each.family, each.address) for name, found in psutil.net_if_addrs().items() if name in up for each in found
    ]
    old = [address for family, address in known if family == socket.AF_INET and not address.startswith(NEAR)]
    new = [address for family, address in known if family == socket.AF_INET6 and not address.startswith(NEAR)]
    return old or new
