"""The embedded engine behind the front: real inference over HTTP, with models of known answers."""

import asyncio
import json
from dataclasses import replace

import pytest

from ollascope.pipe import run
from ollascope.registry.gguf.scripted import vector
from ollascope.serve.llamacpp.settings import Memory
from tests.serve.fronts import Line, ask
from tests.serve.llamacpp.rooms import SETTINGS, opened, put
from tests.serve.llamacpp.slots.test_adapter import HIDDEN, write_adapter
from tests.serve.llamacpp.speech.scripted import FIRST_PIECE, STORY, Words

pytestmark = pytest.mark.usefixtures("llama")
HELLO = "Hello! I say what my script says."


@pytest.fixture
def play(tmp_path):
    """A scene with a server over a folder of scripted models."""

    def perform(scene, *names, settings=SETTINGS, **more):
        async def whole():
            async with opened(put(tmp_path / "models", *names), settings, **more) as serving:
                await scene(serving)

        run(whole())

    return perform


def chat(text, **more):
    return {"model": "scripted", "messages": [{"role": "user", "content": text}], **more}


async def said(serving, body, path="/api/chat"):
    heard = await ask(serving.address, "POST", path, body)
    return heard.status, [json.loads(line) for line in heard.body.splitlines()]


async def idle(serving):
    """Until no slot is busy."""
    for _ in range(400):
        slots = (await ask(serving.address, "GET", "/slots")).json()
        if not any(slot["is_processing"] for slot in slots):
            return
        await asyncio.sleep(0.01)
    pytest.fail("a slot is still busy")


# Bad input


def test_prompt_longer_than_the_context_is_refused_where_cutting_is_forbidden(play):
    async def scene(serving):
        status, [told] = await said(serving, chat("word " * 3000, truncate=False, stream=False))
        assert status == 400
        assert "exceeds the available context size" in told["error"]
        assert (await said(serving, chat("Hi", stream=False)))[1][0]["message"]["content"] == HELLO

    play(scene)


def test_context_larger_than_the_memory_is_refused_and_the_loaded_model_stays(play):
    async def scene(serving):
        await said(serving, chat("Hi"))
        status, [told] = await said(serving, chat("Hi", options={"num_ctx": 4096}, stream=False))
        assert status >= 500
        assert "needs" in told["error"]
        status, [told] = await said(serving, chat("Hi", stream=False))
        assert (status, "load_cause" in told) == (200, False)

    play(scene, settings=replace(SETTINGS, memory=Memory(budget_mib=16)))


NO_MODELS = {
    "empty": b"",
    "magic only": b"GGUF",
    "wrong magic": b"GGML" + b"\0" * 64,
    "too new": b"GGUF\x63\0\0\0" + b"\0" * 64,
    "corrupt": b"GGUF\3\0\0\0" + b"\xff" * 64,
}


@pytest.mark.parametrize("content", NO_MODELS.values(), ids=NO_MODELS)
def test_file_that_is_no_model_is_told_by_name_and_the_server_goes_on(play, tmp_path, content):
    async def scene(serving):
        (tmp_path / "models" / "odd.gguf").write_bytes(content)
        status, [told] = await said(serving, chat("Hi", model="odd"))
        assert status >= 400
        assert "odd.gguf" in told["error"]
        assert (await said(serving, chat("Hi", stream=False)))[0] == 200
        listed = (await ask(serving.address, "GET", "/api/tags")).json()["models"]
        assert [one["name"] for one in listed] == ["scripted:latest"]

    play(scene)


def test_file_that_is_cut_short_is_told(play, tmp_path):
    async def scene(serving):
        whole = (tmp_path / "models" / "scripted.gguf").read_bytes()
        (tmp_path / "models" / "short.gguf").write_bytes(whole[: len(whole) // 2])
        status, [told] = await said(serving, chat("Hi", model="short"))
        assert status >= 400
        assert "short.gguf" in told["error"]

    play(scene)


def test_file_that_went_is_told(play, tmp_path):
    async def scene(serving):
        (tmp_path / "models" / "scripted.gguf").unlink()
        assert (await said(serving, chat("Hi")))[0] == 404

    play(scene, "scripted", "plain")


def test_schema_that_cannot_match_is_refused(play):
    async def scene(serving):
        status, told = await said(serving, chat("Hi", format={"type": "object", "required": 5}, stream=False))
        assert status in {200, 400}
        assert told

    play(scene)


def test_unknown_model_names_those_that_look_like_it(play):
    async def scene(serving):
        status, [told] = await said(serving, chat("Hi", model="scriptd"))
        assert (status, told["error"]) == (404, "model 'scriptd' not found (did you mean scripted:latest?)")

    play(scene)


# Answers


def test_answer_comes_in_pieces_with_counts_and_times(play):
    async def scene(serving):
        _, lines = await said(serving, chat("<|zh|>"))
        assert "".join(line["message"]["content"] for line in lines) == "你好，世界。"
        last = lines[-1]
        assert (last["done_reason"], last["eval_count"]) == ("stop", 6)
        assert min(last["load_duration"], last["prompt_eval_duration"], last["eval_duration"]) > 0
        assert last["total_duration"] >= last["load_duration"] + last["prompt_eval_duration"]

    play(scene)


def test_both_apis_and_anthropic_s_say_the_same(play):
    async def scene(serving):
        body = chat("Hi", max_tokens=50)
        openai = (await ask(serving.address, "POST", "/v1/chat/completions", body)).json()
        anthropic = (await ask(serving.address, "POST", "/v1/messages", body)).json()
        assert openai["choices"][0]["message"]["content"] == HELLO
        assert anthropic["content"][0]["text"] == HELLO

    play(scene)


def test_many_requests_at_once_are_answered_together(play):
    async def scene(serving):
        heard = await asyncio.gather(*(said(serving, chat("Hi", stream=False)) for _ in range(20)))
        assert {told["message"]["content"] for _, [told] in heard} == {HELLO}
        figures = (await ask(serving.address, "GET", "/metrics")).body.decode()
        assert "llamacpp:tokens_predicted_total 160" in figures

    play(scene)


def test_stop_word_ends_the_answer_and_frees_the_slot(play):
    async def scene(serving):
        _, [told] = await said(serving, chat("<|stop|>", options={"stop": ["STOP"]}, stream=False))
        assert (told["message"]["content"], told["done_reason"]) == ("Count: 1 2 ", "stop")
        assert (told["eval_count"], told["prompt_eval_duration"] > 0) == (5, True)
        await idle(serving)

    play(scene)


def test_client_that_leaves_frees_its_slot(play):
    async def scene(serving):
        async with Line(serving.address) as line:
            line.send("POST", "/api/chat", chat("<|loop|>", options={"num_predict": 100_000}))
            await line.head()
            await line.piece()
        await idle(serving)

    play(scene)


def test_smaller_context_binds_one_answer_and_loads_nothing(play):
    async def scene(serving):
        _, [told] = await said(serving, chat("<|loop|>", options={"num_ctx": 64}, stream=False))
        assert (told["done_reason"], told["prompt_eval_count"] + told["eval_count"]) == ("length", 64)
        [room] = (await ask(serving.address, "GET", "/api/ps")).json()["models"]
        assert room["context_length"] == 2048

    play(scene)


def test_larger_context_loads_again_and_says_why(play):
    async def scene(serving):
        await said(serving, chat("Hi"))
        _, [told] = await said(serving, chat("Hi", options={"num_ctx": 3000}, stream=False))
        assert told["load_cause"] == "context-changed"
        [room] = (await ask(serving.address, "GET", "/api/ps")).json()["models"]
        assert room["context_length"] == 3000

    play(scene)


def test_vectors_are_the_known_ones(play):
    async def scene(serving):
        texts = ["abc", "aabbcc"]
        found = (await ask(serving.address, "POST", "/api/embed", {"model": "vectors", "input": texts})).json()
        for text, one in zip(texts, found["embeddings"], strict=True):
            assert one == pytest.approx(vector(text), abs=1e-3)
        assert found["prompt_eval_count"] == 9

    play(scene, "vectors")


def test_empty_message_list_loads_and_keep_alive_0_unloads(play):
    async def scene(serving):
        assert (await said(serving, {"model": "scripted"}))[1][0]["done_reason"] == "load"
        assert len((await ask(serving.address, "GET", "/api/ps")).json()["models"]) == 1
        assert (await said(serving, {"model": "scripted", "keep_alive": 0}))[1][0]["done_reason"] == "unload"
        for _ in range(100):
            if not (await ask(serving.address, "GET", "/api/ps")).json()["models"]:
                break
            await asyncio.sleep(0.01)
        assert (await ask(serving.address, "GET", "/api/ps")).json()["models"] == []

    play(scene)


def test_adapter_of_the_listing_is_loaded_with_the_model_and_is_none_itself(play, tmp_path):
    place = put(tmp_path / "models", "scripted")
    letter, heads = Words().tokens("i")[0], FIRST_PIECE + STORY.index(b" heads")
    write_adapter(place / "bent.gguf", HIDDEN, FIRST_PIECE + len(STORY), letter, heads)
    (place / "models.yaml").write_text(
        "models:\n  plain:\n    file: scripted.gguf\n  odd:\n    file: scripted.gguf\n    lora: bent.gguf\n"
    )

    async def scene(serving):
        listed = (await ask(serving.address, "GET", "/api/tags")).json()["models"]
        assert {one["name"] for one in listed} == {"plain:latest", "odd:latest"}
        texts = [(await said(serving, chat("Hi", model=name, stream=False)))[1][0]["message"]["content"]
                 for name in ("plain", "odd")]  # fmt: skip
        assert texts[0] == HELLO
        assert texts[1] != HELLO
        assert (await said(serving, chat("Hi", model="bent")))[0] == 404

    play(scene)


def test_options_of_the_listing_hold_where_a_request_sets_none(play, tmp_path):
    put(tmp_path / "models", "scripted")
    listing = "models:\n  short:\n    file: scripted.gguf\n    options: {num_predict: 2}\n"
    (tmp_path / "models" / "models.yaml").write_text(listing)

    async def scene(serving):
        _, [told] = await said(serving, chat("Hi", model="short", stream=False))
        assert (told["message"]["content"], told["done_reason"]) == ("Hello! ", "length")
        _, [told] = await said(serving, chat("Hi", model="short", stream=False, options={"num_predict": 3}))
        assert told["message"]["content"] == "Hello! I say"

    play(scene)
