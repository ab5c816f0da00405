"""The check `ports`: are the addresses that Ollascope will open free?"""

import errno
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ollascope.checks.finding import Facts, Finding, Surroundings
from ollascope.processes.address import holder, nearest_free, try_port
from ollascope.processes.state import own_ports
from ollascope.settings.addresses import Addresses

ID = "ports"
NOBODY: Mapping[int, str] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """What happened when one address was opened: `error` is 0 or an errno; the rest is known only of a taken one.

    `owner` is the child of our own supervisor that has it, as it should.
    """

    name: str
    number: int
    error: int = 0
    holder: str = ""
    instead: int | None = None
    owner: str = ""


def check_ports(around: Surroundings) -> Finding:
    """Each address of the section `addresses`: free, ours already, or taken and by whom."""
    addresses = around.settings.of(Addresses)
    named = {"dashboard": addresses.dashboard, "gateway": addresses.gateway, "monitor": addresses.monitor}
    owned = own_ports(around.settings.data_folder)
    return judge(addresses.host, [look(addresses.host, name, named, owned) for name in named])


def judge(host: str, ports: Sequence[Port]) -> Finding:
    """An address that cannot be opened is a problem: what should stand there cannot start."""
    facts: Facts = {
        port.name: {
            "address": _address(host, port.number),
            "free": port.error == 0 and not port.owner,
            "holder": port.owner or port.holder or None,
            "instead": port.instead,
            "ours": bool(port.owner),
        }
        for port in ports
    }
    wrong = [port for port in ports if port.error]
    if not wrong:
        text = _fine(host, ports)
        return Finding(id=ID, state="ok", text=text, facts=facts)
    text = "; ".join(dict.fromkeys(_complaint(host, port) for port in wrong))
    hint = "; ".join(dict.fromkeys(_advice(port) for port in wrong))
    return Finding(id=ID, state="problem", text=text, hint=hint, facts=facts)


def look(host: str, name: str, named: dict[str, int], owned: Mapping[int, str] = NOBODY) -> Port:
    """Try one of the named ports; one that an earlier name has is taken by it."""
    number = named[name]
    earlier = next(other for other in named if named[other] == number)
    if earlier != name:
        instead = nearest_free(host, number, named.values())
        return Port(name=name, number=number, error=errno.EADDRINUSE, holder=f"addresses.{earlier}", instead=instead)
    if number in owned:
        return Port(name=name, number=number, owner=owned[number])
    error = try_port(host, number)
    if error != errno.EADDRINUSE:
        return Port(name=name, number=number, error=error)
    instead = nearest_free(host, number, named.values())
    return Port(name=name, number=number, error=error, holder=holder(number), instead=instead)


def _fine(host: str, ports: Sequence[Port]) -> str:
    own = [
        f"{port.name} {_address(host, port.number)} is Ollascope's own, {port.owner}" for port in ports if port.owner
    ]
    free = ", ".join(f"{port.name} {_address(host, port.number)}" for port in ports if not port.owner)
    return "; ".join([*own, f"{free}: {'free' if own else 'all free'}"] if free else own)


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
