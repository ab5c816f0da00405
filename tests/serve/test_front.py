"""The front's routes, streams and ends: what a client sees, and what its leaving stops."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from ollascope.engines.fake.settings import Failing, Loading, Queueing
from ollascope.pipe import run
from ollascope.serve import Front, Serve
from ollascope.serve.fake import FakeModels
from ollascope.words.chunk import Chunk
from ollascope.words.errors import OutOfMemory
from tests.serve.fronts import MANNERS, QUICK, Line, ask, fronted, served

LOOP = {"model": "scripted", "prompt": "<|loop|>", "options": {"num_predict": -1}}
HI = {"model": "scripted", "messages": [{"role": "user", "content": "Hi"}]}


def say(text, **more):
    return {"model": "scripted", "prompt": text, **more}


async def until(true):
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0.002)


def test_head_comes_with_the_first_piece_and_each_token_is_one_piece():
    async def main():
        async with served() as (_, address), Line(address) as line:
            line.send("POST", "/api/generate", say("Hi"))
            head = await line.head()
            pieces = []
            while piece := await line.piece():
                pieces.append(json.loads(piece))
            assert head.headers["content-type"] == "application/x-ndjson"
            assert "".join(piece["response"] for piece in pieces) == "Hello! I say what my script says."
            assert [piece["done"] for piece in pieces] == [False] * 7 + [True]

    run(main())


def test_two_requests_on_one_connection_are_answered_one_after_the_other():
    async def main():
        async with served() as (_, address), Line(address) as line:
            line.send("POST", "/v1/chat/completions", HI)
            line.send("GET", "/api/version")
            assert (await line.hear()).json()["object"] == "chat.completion"
            assert (await line.hear()).json() == {"version": "0.32.15"}

    run(main())


@pytest.mark.parametrize("phase", ["queued", "loading", "prefill", "decode"])
def test_client_that_leaves_stops_its_generation_at_once(phase):
    settings = {
        "queued": replace(QUICK, queue=Queueing(slots=1)),
        "loading": replace(QUICK, loading=Loading(load_s=60)),
        "prefill": replace(QUICK, prefill_s=30),
        "decode": replace(QUICK, gap_s=0.01),
    }[phase]

    async def main():
        async with served(settings) as (fake, address), Line(address) as first, Line(address) as line:
            if phase == "queued":
                first.send("POST", "/api/generate", LOOP)
                await first.head()
            line.send("POST", "/api/generate", LOOP)
            await until(lambda: len(fake.memory) == (2 if phase == "queued" else 1))
            if phase == "decode":
                await line.head()
            [*_, truth] = fake.memory
            line.writer.close()
            await until(lambda: truth.outcome == "cancelled")
            assert [seat.users for seat in fake.hall._seats.values()] == {"queued": [1], "loading": []}.get(phase, [0])

    run(main())


def test_slow_reader_is_waited_for_and_not_written_ahead_of():
    async def main():
        manners = replace(MANNERS, buffer_kib=16)
        async with served(QUICK, manners) as (fake, address), Line(address) as line:
            line.send("POST", "/api/generate", LOOP)
            await line.head()
            [truth] = fake.memory
            before = -1
            async with asyncio.timeout(20):
                while truth.pieces != before:  # the buffers on the way fill first
                    before = truth.pieces
                    await asyncio.sleep(0.05)
                while truth.pieces == before:
                    await line.piece()

    run(main())


def test_error_in_mid_stream_has_the_form_of_the_api():
    async def main():
        async with served(replace(QUICK, failures=Failing(kind="line", after=1))) as (_, address):
            native = (await ask(address, "POST", "/api/generate", say("Hi"))).body.splitlines()
            openai = (await ask(address, "POST", "/v1/chat/completions", {**HI, "stream": True})).body.split(b"\n\n")
            whole = await ask(address, "POST", "/v1/chat/completions", HI)
        assert "unexpected EOF" in json.loads(native[-1])["error"]
        assert "unexpected EOF" in json.loads(openai[1].removeprefix(b"data: "))["error"]["message"]
        assert (whole.status, "unexpected EOF" in whole.json()["error"]["message"]) == (500, True)

    run(main())


@pytest.mark.parametrize("kind", ["cut", "unfinished", "garbage", "content-type", "429"])
def test_failures_on_demand_are_seen_by_the_client(kind):
    async def main():
        async with served() as (_, address), Line(address) as line:
            line.send("POST", "/api/generate", say(f"<|fail:{kind}|>"))
            if kind == "cut":
                with pytest.raises((asyncio.IncompleteReadError, ConnectionError, ValueError)):
                    await line.hear()
                return
            heard = await line.hear()
        if kind == "unfinished":
            assert b'"done":true' not in heard.body
        elif kind == "garbage":
            assert b"\x00\xff" in heard.body
        elif kind == "content-type":
            assert heard.headers["content-type"].startswith("text/html")
        else:
            assert heard.status == 429

    run(main())


def test_every_route_answers():
    async def main():
        async with served() as (_, address):
            for method, path, body in (
                ("GET", "/", b""), ("HEAD", "/", b""), ("GET", "/api/tags", b""), ("GET", "/api/ps", b""),
                ("GET", "/api/version", b""), ("GET", "/v1/models", b""), ("GET", "/v1/models/scripted", b""),
                ("POST", "/api/show", {"model": "scripted"}), ("POST", "/api/chat", HI),
                ("POST", "/api/embed", {"model": "vectors", "input": ["a", "b"]}),
                ("POST", "/api/embeddings", {"model": "vectors", "prompt": "a"}),
                ("POST", "/v1/embeddings", {"model": "vectors", "input": "a"}),
                ("POST", "/v1/completions", say("Hi")), ("POST", "/v1/chat/completions", HI),
                ("POST", "/v1/messages", {**HI, "max_tokens": 5}),
                ("POST", "/api/pull", {"model": "new"}), ("POST", "/api/push", {"model": "new"}),
                ("POST", "/api/create", {"model": "poet", "from": "new", "stream": False}),
                ("POST", "/api/copy", {"source": "poet", "destination": "second"}),
                ("DELETE", "/api/delete", {"model": "second"}),
            ):  # fmt: skip
                heard = await ask(address, method, path, body)
                assert heard.status == 200, (path, heard.body)

    run(main())


def test_file_that_was_sent_makes_a_model():
    data = b"GGUF and so on"
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"

    async def main():
        async with served() as (_, address):
            assert (await ask(address, "HEAD", f"/api/blobs/{digest}")).status == 404
            assert (await ask(address, "POST", f"/api/blobs/{digest}", data)).status == 201
            assert (await ask(address, "HEAD", f"/api/blobs/{digest}")).status == 200
            made = await ask(address, "POST", "/api/create", {"model": "own", "files": {"a.gguf": digest}})
            assert made.body.splitlines()[-1] == b'{"status":"success"}'
            assert (await ask(address, "POST", "/api/show", {"model": "own"})).status == 200

    run(main())


class Scripted:
    """A source without known times: what any real engine is."""

    def __init__(self, *chunks: Chunk | Exception) -> None:
        self.chunks = chunks
        self.closed = False

    async def generate(self, _prompt: object) -> AsyncIterator[Chunk]:
        try:
            for chunk in self.chunks:
                if isinstance(chunk, Exception):
                    raise chunk
                yield chunk
                await asyncio.sleep(0)
        finally:
            self.closed = True


def ask_source(source: Scripted, body: dict[str, object]) -> bytes:
    async def main():
        async with served() as (fake, _), fronted(Front(source, FakeModels(fake))) as address:
            return await ask(address, "POST", "/api/generate", body)

    return run(main())


def test_any_source_of_chunks_is_streamed():
    source = Scripted(Chunk(text="a"), Chunk(text="b"), Chunk(done=True, reason="stop"))
    heard = ask_source(source, say("x"))
    assert [json.loads(line)["response"] for line in heard.body.splitlines()] == ["a", "b", ""]
    assert source.closed


def test_source_that_fails_before_its_first_chunk_is_a_status():
    heard = ask_source(Scripted(OutOfMemory("out of memory", hint="x")), say("x"))
    assert (heard.status, heard.json()) == (500, {"error": "out of memory"})


def test_source_that_ends_without_an_end_is_an_error_line():
    heard = ask_source(Scripted(Chunk(text="a")), say("x"))
    assert "without finishing" in json.loads(heard.body.splitlines()[-1])["error"]


def test_any_source_is_closed_when_the_client_leaves():
    class Endless(Scripted):
        async def generate(self, _prompt):
            try:
                while True:
                    yield Chunk(text="x")
                    await asyncio.sleep(0.001)
            finally:
                self.closed = True

    async def main():
        source = Endless()
        async with served() as (fake, _), fronted(Front(source, FakeModels(fake))) as address:
            async with Line(address) as line:
                line.send("POST", "/api/generate", say("x"))
                await line.head()
            await until(lambda: source.closed)

    run(main())


def test_more_connections_than_allowed_get_a_plain_503():
    async def main():
        async with served(QUICK, Serve(connections=20, drain_s=0)) as (_, address):
            lines = [Line(address) for _ in range(40)]
            for line in lines:
                await line.__aenter__()
                line.send("GET", "/api/version")
            statuses = [(await line.hear()).status for line in lines]
            for line in lines:
                line.writer.close()
            assert (statuses.count(200), statuses.count(503)) == (20, 20)

    run(main())
