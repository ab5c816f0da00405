"""The floor: a bare protocol on uvloop that stamps what it reads and keeps it, and nothing else."""

import asyncio
import json
import resource
import subprocess
import sys
import time
from functools import partial
from typing import Any

import uvloop

END = b"0\r\n\r\n"


class Stamper(asyncio.Protocol):
    """One stream."""

    def __init__(self, request: bytes, done: "asyncio.Future[None]") -> None:
        self._request = request
        self._done = done
        self.began = 0
        self.at: list[int] = []
        self.kept: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        transport.write(self._request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self.at.append(time.monotonic_ns())
        self.kept.append(data)
        if data.endswith(END):
            self._transport.close()

    def connection_lost(self, _error: Exception | None) -> None:
        self._done.set_result(None)


def measure(url: str, streams: int, tokens: int) -> dict[str, Any]:
    """CPU and first pieces of so many streams, in a process of its own."""
    command = [sys.executable, "-P", __file__, url, str(streams), str(tokens)]
    told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    found: dict[str, Any] = json.loads(told.stdout)
    return found


async def _watch(url: str, streams: int, tokens: int) -> list[Stamper]:
    host, _, port = url.removeprefix("http://").partition(":")
    loop = asyncio.get_running_loop()
    stampers = [Stamper(_request(host, number, tokens), loop.create_future()) for number in range(streams)]
    opening = []
    start = loop.time()
    for number, stamper in enumerate(stampers):
        await asyncio.sleep(start + number * min(0.001, 1 / streams) - loop.time())
        stamper.began = time.monotonic_ns()
        opening.append(loop.create_task(loop.create_connection(partial(_same, stamper), host, int(port))))
    await asyncio.gather(*(stamper._done for stamper in stampers))
    return stampers


def _same(stamper: Stamper) -> Stamper:
    return stamper


def _request(host: str, number: int, tokens: int) -> bytes:
    said = [{"role": "user", "content": f"bare{number:08d} <|loop|>"}]
    body = json.dumps({"model": "slow", "messages": said, "options": {"num_predict": tokens}}).encode()
    named = f"host: {host}\r\nx-request-id: bare-{number}\r\ncontent-length: {len(body)}\r\n"
    return f"POST /api/chat HTTP/1.1\r\n{named}\r\n".encode() + body


def main() -> None:
    url, streams, tokens = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    before = time.process_time()
    stampers = uvloop.run(_watch(url, streams, tokens))
    cpu_s = time.process_time() - before
    firsts = {f"bare-{number}": (one.at[0] - one.began) / 1e9 for number, one in enumerate(stampers)}
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"cpu_s": cpu_s, "tokens": streams * tokens, "firsts": firsts, "rss_bytes": rss}))


if __name__ == "__main__":
    main()
