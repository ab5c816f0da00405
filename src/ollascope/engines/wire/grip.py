"""The hold on an exchange's socket, by which any thread can end it in any phase."""

import contextlib
import socket
import threading

from ollascope.engines.wire.troubles import cancelled


class Grip:
    """Knows the socket from its making to its giving back, so that it is never another exchange's that is shut."""

    __slots__ = ("_lock", "_sock", "ended")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sock: socket.socket | None = None
        self.ended = False

    def take(self, sock: socket.socket) -> None:
        """This socket is the exchange's; one that has been ended takes none."""
        with self._lock:
            if self.ended:
                raise cancelled()
            self._sock = sock

    def drop(self) -> None:
        """The socket is no longer the exchange's: it goes back to the pool, or is closed."""
        with self._lock:
            self._sock = None

    def end(self) -> None:
        """Whoever waits at the socket wakes: an open connection is shut, one on its way is abandoned."""
        with self._lock:
            self.ended = True
            if self._sock is not None:
                with contextlib.suppress(OSError):  # it has left by itself
                    socket.socket.shutdown(self._sock, socket.SHUT_RDWR)  # an SSLSocket's own would lose its state
                self._sock = None
