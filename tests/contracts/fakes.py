"""The fake server in this process, for clients that block: its loop runs in a thread."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from ollascope.engines.fake import Fake, FakeSource
from ollascope.pipe import run
from ollascope.serve import Serve, serving
from ollascope.serve.fake import front_of


@dataclass(frozen=True, slots=True)
class Running:
    """A fake server: where it is, and what it knows."""

    url: str
    source: FakeSource


@contextlib.contextmanager
def fake_server(settings: Fake) -> Iterator[Running]:
    """Serves until the block ends."""
    source, ready, found = FakeSource(settings), threading.Event(), []

    async def main() -> None:
        end = asyncio.Event()
        async with serving(front_of(source, Serve()), Serve(drain_s=0), 0) as address:
            found.append((f"http://{address.host}:{address.port}", asyncio.get_running_loop(), end))
            ready.set()
            await end.wait()

    thread = threading.Thread(target=lambda: run(main()), daemon=True)
    thread.start()
    assert ready.wait(10)
    url, loop, end = found[0]
    try:
        yield Running(url, source)
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join(10)
