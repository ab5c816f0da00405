"""Where a server listens: TCP, TLS and Unix sockets."""

import contextlib
import os
import resource
import socket
import ssl
import stat
from dataclasses import dataclass
from pathlib import Path

from ollascope.words.errors import BadSettings, ConnectFailed

BACKLOG = 2048
SPARE_DESCRIPTORS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One address to listen on; `unix` is a path and wins over host and port."""

    host: str = "127.0.0.1"
    port: int = 0
    unix: str = ""
    tls: ssl.SSLContext | None = None


def server_tls(certificate: str, key: str) -> ssl.SSLContext:
    """TLS 1.2 and newer with this certificate, for HTTP/1.1 only."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise BadSettings(f"the certificate {certificate} with the key {key} cannot be used: {error}",
                          hint="give a PEM certificate chain and its private key") from error  # fmt: skip
    return context


def open_sockets(place: Place) -> list[socket.socket]:
    """Bound sockets, one for each address the place means."""
    if place.unix:
        return [_open_unix(Path(place.unix))]
    try:
        found = socket.getaddrinfo(place.host or None, place.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        families = dict.fromkeys((family, address) for family, _, _, _, address in found)
        return [_open_tcp(family, address) for family, address in families]
    except OSError as error:
        raise ConnectFailed(f"cannot listen on {place.host}:{place.port}: {error.strerror or error}",
                            hint="is the port taken, or the address not of this machine?") from error  # fmt: skip


def _open_tcp(family: int, address: tuple[object, ...]) -> socket.socket:
    one = socket.socket(family, socket.SOCK_STREAM)
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.setblocking(False)
        one.bind(address)
    except OSError:
        one.close()
        raise
    return one


def _open_unix(path: Path) -> socket.socket:
    """Only the owner may connect: the mode is set before anybody can."""
    one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    one.setblocking(False)
    try:
        _remove_dead(path)
        one.bind(os.fspath(path))
        path.chmod(0o600)
    except OSError as error:
        one.close()
        raise ConnectFailed(
            f"cannot listen on the socket {path}: {error.strerror or error}",
            hint="is another server running, or the path too long or not writable?",
        ) from error
    return one


def _remove_dead(path: Path) -> None:
    """Removes a socket file that nobody listens on."""
    if not path.exists() or not stat.S_ISSOCK(path.stat().st_mode):
        return
    probe = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with contextlib.closing(probe):
        try:
            probe.connect(os.fspath(path))
        except ConnectionRefusedError:
            path.unlink()


def remove_socket(path: str, inode: int) -> None:
    """Removes the socket file, if it still is the one that was made."""
    with contextlib.suppress(FileNotFoundError):
        if Path(path).stat().st_ino == inode:
            Path(path).unlink()


def room_for(connections: int) -> int:
    """How many connections this process may have files for; its soft limit is raised as far as it may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # An exchange holds two: one to the client, one to the server behind.
    wanted = 2 * connections + SPARE_DESCRIPTORS
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return connections if soft == resource.RLIM_INFINITY else max(1, min(connections, soft - SPARE_DESCRIPTORS))
