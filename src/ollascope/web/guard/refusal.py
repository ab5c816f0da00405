"""What the server refuses before any page is asked, as a head that is too long, has the headers of every answer."""

import socket
from typing import Final

from ollascope.web.guard.headers import CLOSED_POLICY, FIXED

HEADERS: Final = "".join(
    f"{name}: {value}\r\n"
    for name, value in {**FIXED, "Content-Security-Policy": CLOSED_POLICY, "Cache-Control": "no-store"}.items()
).encode()


class Refusal:
    """A connection on which one refusal is written, as gunicorn writes it."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line

    def gettimeout(self) -> float | None:
        """How long the connection waits."""
        return self._line.gettimeout()

    def setblocking(self, flag: bool) -> None:
        """Whether the connection waits."""
        self._line.setblocking(flag)

    def sendall(self, data: bytes) -> None:
        """Send an answer, with more headers behind its first line."""
        first, _, rest = data.partition(b"\r\n")
        self._line.sendall(first + b"\r\n" + HEADERS + rest)
