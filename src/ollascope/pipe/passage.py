"""The way of pieces that nobody looks at or changes: read here, written there, and only counted."""

from collections.abc import Callable


class Passage:
    """Shared by the connection read from, the one written to, and the exchange between them.

    `bytes` are counted as read and written, `body` without the framing.
    """

    __slots__ = ("body", "bytes", "pieces", "write")

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self.write = write
        self.pieces = 0
        self.bytes = 0
        self.body = 0
