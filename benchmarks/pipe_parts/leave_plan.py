"""Who leaves an exchange, when and how: drawn at random, the same for the same seed."""

import asyncio
import random
import socket
import struct
from dataclasses import dataclass

HEAD_CHUNKED = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n"
HEAD_LENGTH = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: %d\r\n\r\n"
FOREVER = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """One exchange and its end."""

    number: int
    side: str  # client, upstream, nobody
    manner: str  # close (FIN), reset (RST), half (FIN, and goes on reading)
    sent: int | None = None  # the client sends so many bytes of the request and goes; None: all of them
    wait_s: float = 0.0  # then it waits so long before it goes
    hold_ms: int = 0  # the upstream waits so long with its answer
    pieces: int = 5  # and has so many pieces, a millisecond apart
    written: int | None = None  # the upstream goes after so many bytes of its answer; None: it stays
    chunked: bool = True
    warm: bool = False  # a whole exchange comes before on the same connection
    stall: bool = False  # the client reads nothing, and the answer is big

    @property
    def request(self) -> bytes:
        body = b'{"number":%d,"text":"%s"}' % (self.number, b"q" * 150)
        return (
            b"POST /leave/%d HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
            b"content-length: %d\r\n\r\n%s" % (self.number, len(body), body)
        )

    def piece(self, index: int) -> bytes:
        """Bytes that no other exchange has."""
        return (b"%d.%d;" % (self.number, index)).ljust(65536 if self.stall else 120, b".")

    def answer(self, index: int) -> bytes:
        """What the upstream writes at step `index`: the head with the first piece, then piece by piece."""
        piece = self.piece(index)
        framed = b"%x\r\n%s\r\n" % (len(piece), piece) if self.chunked else piece
        if index == 0:
            head = HEAD_CHUNKED if self.chunked else HEAD_LENGTH % sum(len(self.piece(i)) for i in range(self.pieces))
            framed = head + framed
        return framed + b"0\r\n\r\n" if self.chunked and index == self.pieces - 1 else framed


def draw(number: int, dice: random.Random) -> Leaving:
    """One exchange at random: any side, any manner, any phase."""
    manner = dice.choice(("close", "reset", "half"))
    warm, hold = dice.random() < 0.2, dice.choice((0, 0, 1, 2, 4))
    lot = dice.random()
    if lot < 0.01:
        return Leaving(number=number, side="client", manner=manner, stall=True, pieces=FOREVER, wait_s=0.02)
    if lot < 0.20:
        whole = len(Leaving(number=number, side="client", manner=manner).request)
        sent = dice.choice((0, dice.randrange(1, whole), dice.randrange(1, whole)))
        wait = dice.choice((0, 0, 0.001))
        return Leaving(number=number, side="client", manner=manner, sent=sent, warm=warm, wait_s=wait, pieces=FOREVER)
    if lot < 0.50:
        wait = dice.choice((0.0, 0.001, 0.002, 0.004, 0.008))
        return Leaving(
            number=number, side="client", manner=manner, pieces=FOREVER, wait_s=wait, hold_ms=hold, warm=warm
        )
    if lot < 0.55:
        return Leaving(
            number=number, side="client", manner=manner, pieces=3, wait_s=dice.choice((0.003, 0.004, 0.005)), warm=warm
        )
    draft = Leaving(number=number, side="upstream", manner=manner, hold_ms=hold, warm=warm, chunked=dice.random() < 0.5)
    if lot < 0.60:
        return Leaving(number=number, side="nobody", manner=manner, hold_ms=hold, chunked=draft.chunked)
    whole = sum(len(draft.answer(i)) for i in range(draft.pieces))
    written = dice.choice((0, dice.randrange(1, 100), dice.randrange(1, whole), dice.randrange(1, whole)))
    return Leaving(
        number=number, side="upstream", manner=manner, hold_ms=hold, warm=warm, chunked=draft.chunked, written=written
    )


def go(transport: asyncio.Transport, manner: str) -> None:
    """Leave in the given manner."""
    if transport.is_closing():
        return
    if manner == "half":
        transport.write_eof()
    elif manner == "close":
        transport.close()
    else:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
