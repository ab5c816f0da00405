"""The same streams as the bare server's, written through the pipe's server side."""

import asyncio
import gc
from time import monotonic_ns

from ollascope.pipe import Answer, Limits, Place, Request, Server, run
from pipe_parts.script import PIECE, SHORT, first_piece, read_plan
from pipe_parts.wheel import Wheel

HEADERS = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache")]
JSON = [(b"content-type", b"application/json")]


class Stream:
    """One answer: pieces at known times."""

    __slots__ = ("answer", "asked", "due", "gap", "left", "wheel")

    def __init__(self, request: Request, answer: Answer, wheel: Wheel) -> None:
        plan = read_plan(request.path)
        self.answer, self.wheel, self.asked = answer, wheel, monotonic_ns()
        self.left, self.gap = plan.pieces, plan.gap_ms
        self.due = wheel.now() + plan.ttft_ms
        request.collect(self.begin)

    def begin(self, body: bytes) -> None:
        self.wheel.at(self.due, self.first)

    def first(self) -> None:
        self.answer.start(200, HEADERS)
        self.answer.piece(first_piece(self.asked))
        self.follow()

    def next(self) -> None:
        self.answer.piece(PIECE)
        self.follow()

    def follow(self) -> None:
        self.left -= 1
        if self.left:
            self.due += self.gap
            self.wheel.at(self.due, self.next)
        else:
            self.answer.end()


async def serve() -> None:
    """Listen on a free port of loopback, say which, and serve until killed."""
    wheel = Wheel(asyncio.get_running_loop())

    def application(request: Request, answer: Answer) -> None:
        if request.path.startswith("/stream/"):
            Stream(request, answer, wheel)
        else:
            request.collect(lambda _: answer.whole(200, SHORT, JSON))

    server = Server(application, limits=Limits(connections=4096, requests=1_000_000))
    [address] = await server.listen(Place())
    gc.freeze()
    print("ready", address.port, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    run(serve())
