"""A TCP connection that can be abandoned while its name is looked up and while it is made."""

import errno
import os
import select
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import Final

from ollascope.engines.wire.grip import Grip
from ollascope.engines.wire.troubles import cancelled, late, not_connected, unknown_name

Target = tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]]

LOOK_S: Final = 0.02  # how soon one who looks up a name sees that it is not wanted any more


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """Where to connect to, how it is shown, and how long it may take."""

    host: str
    port: int
    place: str
    patience_s: float

    def late(self) -> Exception:
        return late(self.place, "no connection", self.patience_s)


def connect(goal: Goal, grip: Grip) -> socket.socket:
    """A connected socket, known to the grip from its first moment; each address of the name is tried in turn."""
    deadline = time.monotonic() + goal.patience_s
    failed = OSError(errno.EADDRNOTAVAIL, "the name has no address")
    for family, address in _targets(goal, grip, deadline):
        try:
            return _reach(socket.socket(family, socket.SOCK_STREAM), address, grip, deadline)
        except TimeoutError:
            raise goal.late() from None
        except OSError as error:
            failed = error
    raise not_connected(goal.place, failed) from failed


def _reach(sock: socket.socket, address: object, grip: Grip, deadline: float) -> socket.socket:
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setblocking(False)
        grip.take(sock)
        code = sock.connect_ex(address)  # type: ignore[arg-type]  # as getaddrinfo gave it
        if code == errno.EINPROGRESS:
            code = _wait(sock, grip, deadline)
        if grip.ended:
            raise cancelled()
        if code:
            raise OSError(code, os.strerror(code))
    except BaseException:
        grip.drop()
        sock.close()
        raise
    return sock


def _wait(sock: socket.socket, grip: Grip, deadline: float) -> int:
    """The outcome of a connection on its way; shutting the socket wakes the poll."""
    if grip.ended:  # it was ended before there was anything on its way to be shut
        raise cancelled()
    poll = select.poll()
    poll.register(sock, select.POLLOUT)
    if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
        raise TimeoutError
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)


def _targets(goal: Goal, grip: Grip, deadline: float) -> list[Target]:
    try:
        return _look_up(goal.host, goal.port, socket.AI_NUMERICHOST)
    except socket.gaierror:
        pass
    search = _Search(goal.host, goal.port)
    threading.Thread(target=search.run, name="name-look-up", daemon=True).start()
    while not search.done.wait(LOOK_S):
        if grip.ended:
            raise cancelled()
        if time.monotonic() >= deadline:
            raise goal.late()
    if not search.found:
        raise unknown_name(goal.place, goal.host)
    return search.found


@dataclass(slots=True)
class _Search:
    """One look-up: the system's cannot be interrupted, so it has a thread, which ends when the system answers."""

    host: str
    port: int
    found: list[Target] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        try:
            self.found = _look_up(self.host, self.port)
        except (OSError, UnicodeError):  # nobody knows the name, or it is none
            pass
        finally:
            self.done.set()


def _look_up(host: str, port: int, flags: int = 0) -> list[Target]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return [(family, address) for family, _, _, _, address in found]
