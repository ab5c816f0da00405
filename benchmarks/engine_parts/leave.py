"""How soon a slot is free after its client left in the middle of a long prompt, on a model that is slow to read it."""

import asyncio
import statistics
from collections.abc import Iterator
from time import perf_counter

import uvloop
from pipe_parts.table import Row

from engine_parts import servers
from engine_parts.asking import Wanted, request_bytes
from engine_parts.noise import Watch
from engine_parts.servers import Server
from engine_parts.settings import Settings
from engine_parts.turns import limit
from ollascope.registry.gguf.scripted import write_scripted

LAYERS, FFN, LETTERS = 32, 2048, 6000
FREE_MS = 100
AFTER_S = 0.25  # the prompt is being read by then, and takes seconds
PATIENCE_S = 20.0
WAIT_S = 2.0


def measure(settings: Settings) -> Iterator[Row]:
    """Alone, and while another client's answer goes on."""
    model = settings.folder / "slow.gguf"
    write_scripted(model, layers=LAYERS, ffn=FFN)
    words = (str(model), "--slots", "4", "--context", "8192", "--threads", str(settings.threads))
    times = 5 if settings.quick else 15
    with servers.ours(settings, *words) as server:
        for name, others in (("nobody else there", 0), ("beside a running answer", 1)):
            watch = Watch([server.pid])
            took, read = uvloop.run(_leave_often(server, times, others))
            noise = watch.read()
            note = (
                f"worst of {times}; median {statistics.median(took):.0f}, best {min(took):.0f}; "
                f"{read:.0f} tokens/s of prompt read; {noise}"
            )
            yield limit(f"slot free after leaving, {name}", max(took), "ms", FREE_MS, judge=noise.is_fair, note=note)


async def _leave_often(server: Server, times: int, others: int) -> tuple[list[float], float]:
    """Milliseconds until the slot was free, and how fast prompts are read here."""
    beside = [await _open(server, "<|loop|>", 8000) for _ in range(others)]
    took = []
    for turn in range(times):
        writer = await _open(server, f"{turn}" + "x" * LETTERS, 5)
        await asyncio.sleep(AFTER_S)
        began = perf_counter()
        while (busy := await _busy(server)) <= others:  # on a busy machine the step before takes long
            assert perf_counter() - began < WAIT_S, "the prompt was read before anybody could leave"
        assert busy == others + 1
        left = perf_counter()
        writer.transport.abort()
        while (busy := await _busy(server)) > others:
            if perf_counter() - left > PATIENCE_S:
                raise SystemExit("the slot was not free after twenty seconds")
        took.append((perf_counter() - left) * 1000)
        assert busy == others, "an answer that stays was ended too"
    for writer in beside:
        writer.transport.abort()
    return took, await _reading(server)


async def _open(server: Server, prompt: str, tokens: int) -> asyncio.StreamWriter:
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    body = {"model": server.model, "prompt": prompt, "raw": True,
            "options": {"num_predict": tokens, "temperature": 0}}  # fmt: skip
    writer.write(request_bytes(Wanted(path="/api/generate", body=body)))
    await asyncio.sleep(0.05)
    return writer


async def _busy(server: Server) -> int:
    """How many slots work; asked over a fresh connection, whose time counts too."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"GET /slots HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n")
    data = await reader.read()
    writer.close()
    return data.count(b'"is_processing":true')


async def _reading(server: Server) -> float:
    """Tokens of a prompt a second, by a whole one."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    body = {
        "model": server.model,
        "prompt": f"{perf_counter()}" + "y" * 1000,
        "raw": True,
        "options": {"num_predict": 1},
    }
    writer.write(request_bytes(Wanted(path="/api/generate", body=body)))
    began = perf_counter()
    await reader.read()
    writer.close()
    return 1000 / (perf_counter() - began)
