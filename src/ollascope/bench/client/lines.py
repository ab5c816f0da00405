"""What passes between a worker and its coordinator: the plan, orders one a line, and status lines."""

import contextlib
import os
import pickle
import struct
from collections.abc import Callable
from typing import Final

from ollascope.bench.plan import Plan, Status
from ollascope.words import record

SIZE: Final = struct.Struct(">Q")
PIECE: Final = 1 << 16


def write_plan(plan: Plan) -> bytes:
    """A plan as a worker reads it: its length, and the pickle of a value that never leaves this program."""
    data = pickle.dumps(plan, protocol=pickle.HIGHEST_PROTOCOL)
    return SIZE.pack(len(data)) + data


def read_plan(descriptor: int) -> Plan | None:
    """The plan; none if whoever was to send it has gone."""
    head = _exactly(descriptor, SIZE.size)
    data = _exactly(descriptor, SIZE.unpack(head)[0]) if head is not None else None
    if data is None:
        return None
    plan = pickle.loads(data)  # noqa: S301 - from the process that started this one
    assert isinstance(plan, Plan)
    return plan


class Orders:
    """Orders as they come in, whole lines only; the end of the input is the order to cut."""

    def __init__(self, descriptor: int, obey: Callable[[list[str]], None]) -> None:
        self._descriptor = descriptor
        self._obey = obey
        self._held = b""
        self.ended = False
        os.set_blocking(descriptor, False)

    def read(self) -> None:
        """What is there."""
        try:
            data = os.read(self._descriptor, PIECE)
        except BlockingIOError:
            return
        if not data:
            self.ended = True
            self._obey(["cut"])
            return
        *lines, self._held = (self._held + data).split(b"\n")
        for line in lines:
            if words := line.decode("ascii", "replace").split():
                self._obey(words)


class Voice:
    """Status lines out; a coordinator that does not read holds nothing up, it misses lines."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._left = b""
        os.set_blocking(descriptor, False)

    def say(self, status: Status, *, last: bool = False) -> bool:
        """One line; false if it was left out. The last one is waited for."""
        if last:
            os.set_blocking(self._descriptor, True)
        line = record.dumps(status).encode("utf-8", "replace") + b"\n"
        with contextlib.suppress(BrokenPipeError):
            try:
                self._push(b"")
                if self._left:
                    return False
                self._push(line)
            except BlockingIOError:
                return False
        return True

    def _push(self, data: bytes) -> None:
        self._left += data
        while self._left:
            self._left = self._left[os.write(self._descriptor, self._left) :]


def _exactly(descriptor: int, size: int) -> bytes | None:
    data = bytearray()
    while len(data) < size:
        piece = os.read(descriptor, min(size - len(data), 1 << 20))
        if not piece:
            return None
        data += piece
    return bytes(data)
