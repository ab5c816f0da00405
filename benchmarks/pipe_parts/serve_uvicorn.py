"""The same streams as the bare server's, written by a raw ASGI application on uvicorn (uvloop, httptools)."""

import asyncio
import gc
import socket
from time import monotonic_ns
from typing import Any

import uvicorn
import uvloop

from pipe_parts.script import PIECE, SHORT, first_piece, read_plan
from pipe_parts.wheel import Wheel

HEADERS = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache")]
JSON = [(b"content-type", b"application/json"), (b"content-length", str(len(SHORT)).encode())]


def build(wheel: Wheel) -> Any:
    """The raw ASGI application."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        asked = monotonic_ns()
        while (await receive()).get("more_body"):
            pass
        if scope["path"] == "/short":
            await send({"type": "http.response.start", "status": 200, "headers": JSON})
            await send({"type": "http.response.body", "body": SHORT})
            return
        plan = read_plan(scope["path"])
        due = wheel.now() + plan.ttft_ms
        await wheel.sleep(due)
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        await send({"type": "http.response.body", "body": first_piece(asked), "more_body": True})
        for _ in range(plan.pieces - 1):
            due += plan.gap_ms
            await wheel.sleep(due)
            await send({"type": "http.response.body", "body": PIECE, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    return application


async def serve() -> None:
    """Listen on a free port of loopback, say which, and serve until killed."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    settings = uvicorn.Config(
        build(Wheel(asyncio.get_running_loop())),
        http="httptools",
        lifespan="off",
        access_log=False,
        log_level="warning",
    )
    gc.freeze()
    print("ready", listener.getsockname()[1], flush=True)
    await uvicorn.Server(settings).serve(sockets=[listener])


if __name__ == "__main__":
    uvloop.run(serve())
