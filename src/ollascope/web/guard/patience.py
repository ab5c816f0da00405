"""Patience with slow clients: how long a thread waits for one, and how many threads wait at the same time."""

import errno
import select
import socket
import threading
from collections.abc import Callable
from time import monotonic
from typing import Final

USUAL_S: Final = 0.25  # between two packets of a client that is not slow
HEAD_S: Final = 10.0  # for the head of a request
SLOWEST: Final = 8192  # bytes a second of a body that takes longer
TAKE_S: Final = 20.0  # for a client that takes nothing of an answer
SHARE: Final = 8  # one thread of so many waits for slow clients: streams take most of the others


class Patience:
    """Lets a part of the threads wait for slow clients; who comes when all of these wait is let go."""

    def __init__(self, threads: int, read_s: float = HEAD_S, take_s: float = TAKE_S) -> None:
        self.read_s = read_s
        self.take_s = take_s
        self._free = threading.BoundedSemaphore(max(2, threads // SHARE))

    def wait(self, line: socket.socket, what: int, timeout_s: float) -> bool:
        """Whether a client sent something, or has room for more, within that time."""
        poll = select.poll()
        poll.register(line, what)
        if poll.poll(max(0.0, min(USUAL_S, timeout_s)) * 1000):
            return True
        if timeout_s <= USUAL_S or not self._free.acquire(blocking=False):
            return False
        try:
            return bool(poll.poll((timeout_s - USUAL_S) * 1000))
        finally:
            self._free.release()


class Line(socket.socket):
    """The connection of a client, on which nobody waits for ever."""

    def __init__(self, plain: socket.socket, patience: Patience, clock: Callable[[], float] = monotonic) -> None:
        family, kind, protocol = plain.family, plain.type, plain.proto
        super().__init__(family, kind, protocol, fileno=plain.detach())
        self._patience = patience
        self._clock = clock
        self._over = False
        self.begin()

    def begin(self) -> None:
        """The next request is to be read."""
        self._until = self._clock() + self._patience.read_s

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """What came; nothing, as from one who has left, where it takes too long."""
        limit_s = self.gettimeout()
        if self._over:
            self.setblocking(False)
            return super().recv(size)
        if flags or limit_s == 0:
            return super().recv(size, flags)
        left_s = self._until - self._clock()
        if left_s <= 0 or not self._patience.wait(self, select.POLLIN, min(left_s, limit_s or left_s)):
            self._until = float("-inf")
            if limit_s is not None:
                raise TimeoutError("the client sends nothing")
            return b""
        came = super().recv(size)
        self._until += len(came) / SLOWEST
        return came

    def shutdown(self, how: int, /) -> None:
        """Nothing more is sent; gunicorn then reads what is left in its only loop, where nobody may be waited for."""
        self._over = True
        super().shutdown(how)

    def sendall(self, data: object, flags: int = 0, /) -> None:
        """Send all of it, as long as the client takes some of it now and then."""
        assert isinstance(data, bytes | bytearray | memoryview)
        if flags or self.gettimeout() is not None:
            super().sendall(data, flags)
            return
        left = memoryview(data).cast("B")
        while left:
            if not self._patience.wait(self, select.POLLOUT, self._patience.take_s):
                raise ConnectionResetError(errno.ECONNRESET, "the client takes nothing of its answer")
            try:
                left = left[super().send(left, socket.MSG_DONTWAIT) :]
            except BlockingIOError:  # somebody else's bytes were faster
                continue
