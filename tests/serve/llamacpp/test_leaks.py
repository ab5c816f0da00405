"""Nothing grows: not by loading and unloading, not by clients that leave."""

import asyncio
from pathlib import Path

import pytest

from ollascope.pipe import run
from tests.serve.fronts import Line, ask
from tests.serve.llamacpp.rooms import opened, put

pytestmark = [pytest.mark.usefixtures("llama"), pytest.mark.slow]
CYCLES = 60
LEAVING = 300
GROWTH_KIB = 12_000


def resident_kib():
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise LookupError("the system does not say how much memory we have")


async def until_unloaded(serving):
    for _ in range(1000):
        if not (await ask(serving.address, "GET", "/slots")).json():
            return
        await asyncio.sleep(0.005)
    pytest.fail("it is still in memory")


async def cycle(serving):
    body = {"model": "scripted", "messages": [{"role": "user", "content": "Hi"}], "keep_alive": 0}
    assert (await ask(serving.address, "POST", "/api/chat", body)).status == 200
    await until_unloaded(serving)


async def leave(serving):
    async with Line(serving.address) as line:
        endless = {"model": "scripted", "prompt": "<|loop|>", "options": {"num_predict": 2000}}
        line.send("POST", "/api/generate", endless)
        await line.head()


def grown(place, step, times):
    async def scene():
        async with opened(place) as serving:
            for _ in range(times // 4):
                await step(serving)
            before = resident_kib()
            for _ in range(times):
                await step(serving)
            return resident_kib() - before

    return run(scene())


def test_loading_and_unloading_leaves_nothing(tmp_path):
    growth = grown(put(tmp_path / "models"), cycle, CYCLES)
    assert growth < GROWTH_KIB


def test_clients_that_leave_leave_nothing(tmp_path):
    growth = grown(put(tmp_path / "models"), leave, LEAVING)
    assert growth < GROWTH_KIB
