"""The truth that the fake tells, beside what a client sees that does nothing but read."""

import asyncio
import time
from dataclasses import dataclass, field, replace

import pytest

from ollascope.engines.fake.settings import Failing
from ollascope.pipe import run
from ollascope.serve.fake import TRUTH
from tests.serve.fronts import QUICK, ask, served

SAY = {"model": "scripted", "prompt": "<|loop|>", "raw": True, "options": {"num_predict": 30}}


@dataclass
class Watcher(asyncio.Protocol):
    """Notes when each line of an answer arrives."""

    request: bytes
    ended: "asyncio.Future[None]"
    at: list[int] = field(default_factory=list)
    head: bytes = b""

    def connection_made(self, transport):
        transport.write(self.request)

    def data_received(self, data):
        self.head = self.head or data
        self.at += [time.monotonic_ns()] * data.count(b'"done"')

    def connection_lost(self, _error):
        self.ended.set_result(None)


async def watch(address):
    body = b'{"model": "scripted", "prompt": "<|loop|>", "raw": true, "options": {"num_predict": 30}}'
    head = b"POST /api/generate HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(
        body
    )
    loop = asyncio.get_running_loop()
    watcher = Watcher(head + body, loop.create_future())
    await loop.create_connection(lambda: watcher, address.host, address.port)
    await watcher.ended
    return watcher


def test_truth_is_what_a_bare_client_sees():
    async def main():
        async with served(replace(QUICK, ttft_s=0.02, gap_s=0.005)) as (_, address):
            watchers = await asyncio.gather(*(watch(address) for _ in range(10)))
            told = {one["id"]: one for one in (await ask(address, "GET", TRUTH)).json()["requests"]}
            for watcher in watchers:
                truth = told[watcher.head.partition(b"x-fake-id: ")[2].partition(b"\r")[0].decode()]
                written = [truth["arrived_ns"] + at for at in truth["written_ns"]]
                assert len(watcher.at) == truth["pieces"] == len(written) == 31
                assert all(seen >= at for seen, at in zip(watcher.at, written, strict=True))
                assert all(at >= due for at, due in zip(truth["written_ns"], truth["due_ns"], strict=True))
                gaps = {later - sooner for sooner, later in zip(truth["due_ns"], truth["due_ns"][1:], strict=False)}
                assert gaps == {5_000_000, 0}  # the last line of a limited answer comes with its last token

    run(main())


def test_truth_is_told_by_id_by_label_and_of_the_last():
    async def main():
        async with served() as (_, address):
            for number in range(3):
                await ask(address, "POST", "/api/generate", {**SAY, "stream": False}, x_request_id=f"mine-{number}")
            [one] = (await ask(address, "GET", f"{TRUTH}?id=mine-1")).json()["requests"]
            assert (one["id"], one["label"]) == ("fake-2", "mine-1")
            last = (await ask(address, "GET", f"{TRUTH}?last=2")).json()["requests"]
            assert [one["label"] for one in last] == ["mine-1", "mine-2"]
            assert (await ask(address, "GET", f"{TRUTH}?id=nobody")).json()["requests"] == []

    run(main())


def test_truth_can_be_forgotten_and_not_posted():
    async def main():
        async with served() as (_, address):
            await ask(address, "POST", "/api/generate", {**SAY, "stream": False})
            assert (await ask(address, "DELETE", TRUTH)).status == 204
            assert (await ask(address, "GET", TRUTH)).json()["requests"] == []
            assert (await ask(address, "POST", TRUTH)).status == 405

    run(main())


@pytest.mark.parametrize(
    ("failing", "body", "outcome"),
    [
        (Failing(), SAY, "ok"),
        (Failing(kind="line"), SAY, "engine-crashed"),
        (Failing(kind="status", status=429), SAY, "rate-limited"),
        (Failing(), {**SAY, "model": "nobody"}, "model-missing"),
    ],
)
def test_outcome_is_told_in_one_word(failing, body, outcome):
    async def main():
        async with served(replace(QUICK, failures=failing)) as (fake, address):
            await ask(address, "POST", "/api/generate", body)
            assert [truth.outcome for truth in fake.memory] == [outcome]

    run(main())


def test_late_stream_catches_up_without_losing_a_piece():
    async def main():
        async with served(replace(QUICK, gap_s=0.002)) as (fake, address):
            watching = asyncio.ensure_future(watch(address))
            while not fake.memory:
                await asyncio.sleep(0.001)
            time.sleep(0.04)
            watcher = await watching
            [truth] = fake.memory
            assert truth.pieces == len(watcher.at) == 31

    run(main())
