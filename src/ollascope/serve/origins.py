"""Who may call: the Hosts and Origins that Ollama lets in, and what a browser is told that asks first."""

import ipaddress
import re
import socket
from dataclasses import dataclass
from functools import cache
from typing import Final
from urllib.parse import urlsplit

from ollascope.pipe import Request

LOCAL_HOSTS: Final = ("localhost", "127.0.0.1", "0.0.0.0")  # noqa: S104 - names in requests, nothing is bound
SCHEMES: Final = frozenset(
    (
        "app", "file", "tauri", "vscode-webview", "vscode-file",
        "chrome-extension", "safari-extension", "moz-extension", "ms-browser-extension",
    )
)  # fmt: skip
ENDINGS: Final = (".localhost", ".local", ".internal")
ALLOWED_HEADERS: Final = (
    b"Authorization,Content-Type,User-Agent,Accept,X-Requested-With,Openai-Beta,X-Stainless-Arch,X-Stainless-Async,"
    b"X-Stainless-Custom-Poll-Interval,X-Stainless-Helper-Method,X-Stainless-Lang,X-Stainless-Os,"
    b"X-Stainless-Package-Version,X-Stainless-Poll-Helper,X-Stainless-Retry-Count,X-Stainless-Runtime,"
    b"X-Stainless-Runtime-Version,X-Stainless-Timeout"
)
_HOST: Final = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^:\s/\[\]]*)(?::\d{0,5})?")

Pairs = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What to do with a request: refuse it, or go on with these headers on the answer."""

    forbidden: bool = False
    headers: tuple[tuple[bytes, bytes], ...] = ()


FORBIDDEN_VERDICT: Final = Verdict(forbidden=True)
WELCOME: Final = Verdict()


def judge(request: Request, *, loopback: bool, origins: tuple[str, ...] = ()) -> Verdict:
    """May this page and this Host name call a server that listens on loopback or beyond it?"""
    host = (request.headers.first(b"host") or b"").decode("latin-1")
    origin = (request.headers.first(b"origin") or b"").decode("latin-1")
    if loopback and not is_local(host):
        return FORBIDDEN_VERDICT
    if not origin or origin.lower() in {f"http://{host.lower()}", f"https://{host.lower()}"}:
        return WELCOME
    if not is_allowed(origin, origins):
        return FORBIDDEN_VERDICT
    named = (b"access-control-allow-origin", origin.encode("latin-1"))
    return Verdict(headers=(named, (b"vary", b"Origin")))


def preflight(origin: bytes) -> Pairs:
    """What a browser is told that asks before it calls."""
    return [
        (b"access-control-allow-headers", ALLOWED_HEADERS),
        (b"access-control-allow-methods", b"GET,POST,PUT,PATCH,DELETE,HEAD,OPTIONS"),
        (b"access-control-allow-origin", origin),
        (b"access-control-max-age", b"43200"),
        (b"vary", b"Origin"),
        (b"vary", b"Access-Control-Request-Method"),
        (b"vary", b"Access-Control-Request-Headers"),
    ]


def is_loopback(host: str) -> bool:
    """Only this machine reaches an address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


@cache
def _our_name() -> str:
    return socket.gethostname().lower()


def is_local(host: str) -> bool:
    """A Host header means this machine; a name that some web page made up does not."""
    match = _HOST.fullmatch(host)
    if match is None:
        return False
    name = match[1].strip("[]").lower()
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name in {"", "localhost", _our_name()} or name.endswith(ENDINGS)
    return address.is_loopback or address.is_private or address.is_unspecified


def is_allowed(origin: str, more: tuple[str, ...] = ()) -> bool:
    """A web page of this machine, a desktop program, or one that the settings name."""
    if "*" in more or origin in more:
        return True
    try:
        parts = urlsplit(origin)
        if parts.scheme in SCHEMES:
            return True
        _ = parts.port  # raises for what is no port
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and parts.hostname in LOCAL_HOSTS and origin.count("/") == 2
