"""Addresses: whether a port is free, who has it, which to take instead, and whether somebody answers there."""

import asyncio
import errno
import os
import socket
from collections.abc import Collection
from itertools import chain

NEAR = 50  # ports above a taken one that are tried for advice
CHOSEN = range(20_000, 32_000)
PATIENCE_S = 2.0
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - to be recognised, not opened


def url(host: str, port: int) -> str:
    """The address as a link that works on this machine."""
    return f"http://{written(near_host(host), port)}"


def written(host: str, port: int) -> str:
    """Host and port in one text."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def near_host(host: str) -> str:
    """Where this machine reaches what is opened on `host`."""
    return EVERYWHERE.get(host, host)


def try_port(host: str, number: int) -> int:
    """Open the address and let it go again: 0, or the errno that says why not."""
    try:
        found = socket.getaddrinfo(host, number, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        return errno.EADDRNOTAVAIL
    for family, kind, protocol, _, address in found:
        try:
            with socket.socket(family, kind, protocol) as trial:
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: the last owner's rest
                if family == socket.AF_INET6:
                    trial.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                trial.bind(address)
        except OSError as error:
            return error.errno or errno.EADDRNOTAVAIL
    return 0


def holder(number: int) -> str:
    """The program that listens on a port, as `nginx (pid 812)`; empty where it cannot be told."""
    try:
        import psutil  # noqa: PLC0415 - only a taken port pays for it
    except ImportError:
        return ""
    try:
        for connection in psutil.net_connections(kind="tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr
            if listens and listens.port == number and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except (psutil.Error, OSError):  # another user's program, or one that has just ended
        return ""
    return ""


def nearest_free(host: str, number: int, named: Collection[int]) -> int | None:
    """The next free port above a taken one that is not among those named."""
    candidates = (port for port in range(number + 1, min(number + NEAR, 65_535) + 1) if port not in named)
    return next((port for port in candidates if try_port(host, port) == 0), None)


def refusal(host: str, port: int, key: str) -> str:
    """Why a port cannot be opened: who has it, and what to set instead; empty if it can."""
    error = try_port(host, port)
    if not error:
        return ""
    place = written(host, port)
    if error != errno.EADDRINUSE:
        return f"cannot open {place}: {os.strerror(error)}"
    who, instead = holder(port), nearest_free(host, port, ())
    advice = f"; set another port: `--set {key}={instead}`" if key and instead else ""
    return f"cannot open {place}: it is taken" + (f" by {who}" if who else "") + advice


def choose_port(host: str) -> int:
    """A port that is free now.

    It lies below those that the system gives to outgoing connections: one that asks whether a child answers could get
    the child's own port, and would talk to itself.
    """
    first = CHOSEN.start + os.getpid() * 16 % len(CHOSEN)
    candidates = chain(range(first, CHOSEN.stop), range(CHOSEN.start, first))
    return next(port for port in candidates if try_port(host, port) == 0)


async def answers(host: str, port: int, path: str) -> bool:
    """Whether a GET of `path` is answered with a status below 500; without a path, whether a connection is accepted."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            reader, writer = await asyncio.open_connection(near_host(host), port)
            try:
                return not path or await _asks(reader, writer, f"{written(near_host(host), port)}", path)
            finally:
                writer.transport.abort()
    except (OSError, TimeoutError):
        return False


async def _asks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, path: str) -> bool:
    request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: ollascope\r\nConnection: close\r\n\r\n"
    writer.write(request.encode())
    await writer.drain()
    try:
        line = await reader.readuntil(b"\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return False
    words = line.split()
    return len(words) >= 2 and words[0].startswith(b"HTTP/") and words[1].isdigit() and int(words[1]) < 500
