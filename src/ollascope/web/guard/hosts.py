"""Which names of this server a browser may use, and which pages may send changes: against rebinding and forgery."""

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit

from ollascope.serve.origins import is_local

SAME = frozenset({"same-origin", "none"})  # values of Sec-Fetch-Site of our own pages, and of an address typed in


def is_host_known(host: str, named: Collection[str], *, loopback: bool) -> bool:
    """Whether a Host header means this server.

    Beyond loopback an address in figures passes as well: a name is what an attacker can point anywhere.
    """
    name = name_of(host)
    if name is None:
        return False
    return bool(host) and (
        is_local(host) or name in {each.lower() for each in named} or (not loopback and _is_ip(name))
    )


def is_own_origin(origin: str | None, fetch_site: str | None, host: str) -> bool:
    """Whether a change was sent by a page of this server, as far as the browser tells.

    The scheme is not compared: a proxy in front may speak TLS. A program that says nothing of it still needs the token.
    """
    if fetch_site is not None and fetch_site not in SAME:
        return False
    if origin is None:
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and parts.netloc.lower() == host.lower()


def name_of(host: str) -> str | None:
    """The name in a Host header, without port and brackets; None for what is no such header."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port  # raises for what is no port
    except ValueError:
        return None
    return parts.hostname if parts.netloc == host and parts.username is None else None


def _is_ip(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
