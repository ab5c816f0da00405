"""Malformed requests: a clear refusal in the form of the API that was called, never a 500, never a hang."""

import asyncio
import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ollascope.pipe import run
from ollascope.serve import Serve
from tests.serve.fronts import QUICK, Line, ask, served

SPEAKING = {
    "/api/chat": {"model": "scripted", "messages": [{"role": "user", "content": "Hi"}], "stream": False},
    "/api/generate": {"model": "scripted", "prompt": "Hi", "stream": False},
    "/api/embed": {"model": "vectors", "input": "Hi"},
    "/api/embeddings": {"model": "vectors", "prompt": "Hi"},
    "/v1/chat/completions": {"model": "scripted", "messages": [{"role": "user", "content": "Hi"}]},
    "/v1/completions": {"model": "scripted", "prompt": "Hi"},
    "/v1/embeddings": {"model": "vectors", "input": "Hi"},
    "/v1/messages": {"model": "scripted", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]},
}
ORDERS = {
    "/api/show": {"model": "scripted"},
    "/api/copy": {"source": "scripted", "destination": "x"},
    "/api/pull": {"model": "x", "stream": False},
    "/api/push": {"model": "scripted", "stream": False},
    "/api/create": {"model": "x", "from": "scripted", "stream": False},
}
BODIES = {
    "empty": b"",
    "blank": b" \r\n",
    "not json": b"hello",
    "cut": b'{"model": "scripted", "prom',
    "a list": b"[]",
    "a number": b"7",
    "null": b"null",
    "deep": b'{"model":' + b"[" * 100_000,
    "deep and closed": b'{"model":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    "not utf-8": b'{"model": "\xff\xfe"}',
    "half a pair": b'{"model": "\\ud800"}',
    "nan": b'{"model": NaN}',
    "huge number": b'{"model": 1e999}',
    "twice": b"{}{}",
    "zero bytes": b"\x00" * 100,
    "without a model": b"{}",
    "model is a number": b'{"model": 7}',
    "model is nothing": b'{"model": ""}',
    "model is no name": b'{"model": "no such name!!"}',
    "huge name": b'{"model": "' + b"x" * 1_000_000 + b'"}',
}


def has_form(path, body):
    error = json.loads(body)["error"]
    if path.startswith("/v1/"):
        return isinstance(error["message"], str) and isinstance(error["type"], str)
    return isinstance(error, str) and error != ""


@pytest.mark.parametrize("what", BODIES)
@pytest.mark.parametrize("path", [*SPEAKING, *ORDERS])
def test_malformed_body_is_refused_in_the_form_of_the_api(path, what):
    async def main():
        async with served() as (_, address):
            heard = await ask(address, "POST", path, BODIES[what])
            assert 400 <= heard.status < 500, heard.body
            assert has_form(path, heard.body)

    run(main())


ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
FIELDS = (
    "model", "messages", "prompt", "input", "stream", "format", "options", "tools", "think", "keep_alive", "stop",
    "system", "template", "context", "raw", "suffix", "images", "logprobs", "top_logprobs", "response_format",
    "max_tokens", "seed", "temperature", "reasoning_effort", "dimensions", "truncate", "encoding_format", "shift",
    "tool_choice", "n", "user", "stream_options", "max_completion_tokens", "source", "destination", "from", "files",
    "quantize", "verbose",
)  # fmt: skip
KNOBS = ("num_ctx", "num_predict", "seed", "stop", "temperature", "top_k", "use_mmap", "x")
OPTIONS = st.dictionaries(st.sampled_from(KNOBS), ANY, max_size=3)


@given(
    st.sampled_from([*SPEAKING, *ORDERS]),
    st.dictionaries(st.sampled_from(FIELDS), ANY, min_size=1, max_size=3),
    st.none() | OPTIONS,
)
@settings(max_examples=300)
def test_field_of_any_type_is_answered_or_refused(path, fields, options):
    body = {**(SPEAKING | ORDERS)[path], "max_tokens": 5, **fields}
    if options is not None:
        body["options"] = options

    async def main():
        async with served() as (_, address):
            heard = await ask(address, "POST", path, body)
            assert heard.status < 500, (body, heard.body)
            assert heard.status == 200 or has_form(path, heard.body)

    # An answer without any limit is no malformed one.
    if not (isinstance(body.get("options"), dict) and "num_predict" in body["options"]):
        run(main())


@pytest.mark.parametrize("path", [*SPEAKING, *ORDERS])
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_wrong_method_is_405_and_tells_the_right_one(path, method):
    async def main():
        async with served() as (_, address):
            heard = await ask(address, method, path)
            assert (heard.status, heard.headers["allow"]) == (405, "POST")

    run(main())


@pytest.mark.parametrize(
    "path", ["/nothing", "/api", "/api/", "/v1", "/v1/nothing", "/api/chat/", "//api/chat", "/API/CHAT"]
)
def test_unknown_path_is_404(path):
    async def main():
        async with served() as (_, address):
            assert (await ask(address, "POST", path, b"{}")).status == 404

    run(main())


@pytest.mark.parametrize("path", [path for path in SPEAKING if path != "/v1/messages"])
def test_unknown_model_names_those_that_look_like_it(path):
    async def main():
        async with served() as (_, address):
            near = SPEAKING[path]["model"]
            heard = await ask(address, "POST", path, {**SPEAKING[path], "model": near[:-1]})
            assert heard.status == 404
            assert f"{near}:latest".encode() in heard.body

    run(main())


@pytest.mark.parametrize("path", ["/api/chat", "/v1/chat/completions", "/v1/messages", "/api/pull"])
def test_body_over_the_limit_is_413_in_the_form_of_the_api(path):
    async def main():
        async with served(QUICK, Serve(body_mib=1, drain_s=0)) as (_, address), Line(address) as line:
            line.send("POST", path, b"x" * 1_100_000)
            heard = await line.hear()
            assert heard.status == 413
            assert has_form(path, heard.body)

    run(main())


def test_huge_prompt_is_answered_in_bounded_time():
    async def main():
        async with served() as (_, address):
            for path in ("/api/generate", "/v1/completions"):
                body = {"model": "scripted", "prompt": "x" * 5_000_000, "stream": False}
                heard = await ask(address, "POST", path, body)
                assert heard.status == 200
                assert len(heard.body) < 2_000_000

    run(main())


def test_noise_never_stops_the_server():
    async def main():
        chance = random.Random(4)
        async with served() as (_, address):
            for _ in range(50):
                async with Line(address) as line:
                    line.writer.write(chance.randbytes(chance.randrange(1, 400)))
                    if chance.random() < 0.5:
                        line.writer.write_eof()
                    await asyncio.wait_for(line.reader.read(), 15) if chance.random() < 0.1 else None
            assert (await ask(address, "GET", "/")).body == b"Ollama is running"

    run(main())
