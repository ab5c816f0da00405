"""The same streams as the bare server's, written by aiohttp's server, a coroutine a stream on the shared wheel."""

import asyncio
import gc
from time import monotonic_ns

import uvloop
from aiohttp import web

from pipe_parts.script import PIECE, SHORT, first_piece, read_plan
from pipe_parts.wheel import Wheel

HEADERS = {"content-type": "text/event-stream", "cache-control": "no-cache"}


async def serve() -> None:
    """Listen on a free port of loopback, say which, and serve until killed."""
    wheel = Wheel(asyncio.get_running_loop())

    async def stream(request: web.Request) -> web.StreamResponse:
        asked, plan = monotonic_ns(), read_plan(request.path)
        due = wheel.now() + plan.ttft_ms
        await request.read()
        await wheel.sleep(due)
        answer = web.StreamResponse(headers=HEADERS)
        await answer.prepare(request)
        await answer.write(first_piece(asked))
        for _ in range(plan.pieces - 1):
            due += plan.gap_ms
            await wheel.sleep(due)
            await answer.write(PIECE)
        await answer.write_eof()
        return answer

    async def short(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(body=SHORT, content_type="application/json")

    application = web.Application()
    application.router.add_post("/stream/{rest:.*}", stream)
    application.router.add_post("/short", short)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=4096).start()
    gc.freeze()
    print("ready", runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve())
