"""The check `ports`: are the addresses that Ollascope will open free?"""

import errno
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from ollascope.checks.finding import Facts, Finding, Surroundings
from ollascope.settings.addresses import Addresses

ID = "ports"
NEAR = 50  # ports above a taken one that are tried for advice


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """What happened when one address was opened: `error` is 0 or an errno; the rest is known only of a taken one."""

    name: str
    number: int
    error: int = 0
    holder: str = ""
    instead: int | None = None


def check_ports(around: Surroundings) -> Finding:
    """Each address of the section `addresses`: free, or taken and by whom."""
    addresses = around.settings.of(Addresses)
    named = {"dashboard": addresses.dashboard, "gateway": addresses.gateway, "monitor": addresses.monitor}
    return judge(addresses.host, [look(addresses.host, name, named) for name in named])


def judge(host: str, ports: Sequence[Port]) -> Finding:
    """An address that cannot be opened is a problem: what should stand there cannot start."""
    facts: Facts = {
        port.name: {
            "address": _address(host, port.number),
            "free": port.error == 0,
            "holder": port.holder or None,
            "instead": port.instead,
        }
        for port in ports
    }
    wrong = [port for port in ports if port.error]
    if not wrong:
        text = ", ".join(f"{port.name} {_address(host, port.number)}" for port in ports) + ": all free"
        return Finding(id=ID, state="ok", text=text, facts=facts)
    text = "; ".join(dict.fromkeys(_complaint(host, port) for port in wrong))
    hint = "; ".join(dict.fromkeys(_advice(port) for port in wrong))
    return Finding(id=ID, state="problem", text=text, hint=hint, facts=facts)


def look(host: str, name: str, named: dict[str, int]) -> Port:
    """Try one of the named ports; one that an earlier name has is taken by it."""
    number = named[name]
    earlier = next(other for other in named if named[other] == number)
    if earlier != name:
        instead = nearest_free(host, number, named)
        return Port(name=name, number=number, error=errno.EADDRINUSE, holder=f"addresses.{earlier}", instead=instead)
    error = try_port(host, number)
    if error != errno.EADDRINUSE:
        return Port(name=name, number=number, error=error)
    instead = nearest_free(host, number, named)
    return Port(name=name, number=number, error=error, holder=holder(number), instead=instead)


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


def nearest_free(host: str, number: int, named: dict[str, int]) -> int | None:
    """The next free port above a taken one that no setting names."""
    candidates = (port for port in range(number + 1, min(number + NEAR, 65_535) + 1) if port not in named.values())
    return next((port for port in candidates if try_port(host, port) == 0), None)


def _address(host: str, number: int) -> str:
    return f"[{host}]:{number}" if ":" in host else f"{host}:{number}"


def _complaint(host: str, port: Port) -> str:
    address = _address(host, port.number)
    if port.error == errno.EADDRINUSE:
        return f"{port.name} {address} is taken" + (f" by {port.holder}" if port.holder else "")
    if port.error == errno.EADDRNOTAVAIL:
        return f"{host} is no address of this machine"
    if port.error in {errno.EACCES, errno.EPERM}:
        return f"{port.name} {address} may not be opened by this user"
    return f"{port.name} {address} cannot be opened: {os.strerror(port.error)}"


def _advice(port: Port) -> str:
    if port.error == errno.EADDRNOTAVAIL:
        return "set addresses.host to 127.0.0.1, or to one of the addresses that `ip address` prints"
    if port.error in {errno.EACCES, errno.EPERM}:
        return f"set addresses.{port.name} to a port of 1024 or higher"
    if port.instead:
        return f"set another port: `--set addresses.{port.name}={port.instead}`"
    return f"set addresses.{port.name} to another port"
