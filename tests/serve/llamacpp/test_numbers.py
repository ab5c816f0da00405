"""The engine's own figures: read by the same reader as those of llama-server, true, and kept when a model leaves."""

import asyncio

import pytest

from ollascope.engines.openai.gauges import parse_counters
from ollascope.pipe import run
from tests.serve.fronts import ask
from tests.serve.llamacpp.rooms import opened, put

pytestmark = pytest.mark.usefixtures("llama")


@pytest.fixture
def play(tmp_path):
    def perform(scene):
        async def whole():
            async with opened(put(tmp_path / "models", "scripted", "plain")) as serving:
                await scene(serving)

        run(whole())

    return perform


async def counters(serving):
    return parse_counters((await ask(serving.address, "GET", "/metrics")).body.decode())


async def chat(serving, text, **more):
    body = {"model": "scripted", "messages": [{"role": "user", "content": text}], "stream": False, **more}
    return (await ask(serving.address, "POST", "/api/chat", body)).json()


def test_figures_are_zero_before_anything_was_asked(play):
    async def scene(serving):
        found = await counters(serving)
        assert (found.prompt_tokens, found.answer_tokens, found.answer_s) == (0, 0, 0)
        assert (await ask(serving.address, "GET", "/slots")).json() == []

    play(scene)


def test_counters_are_the_sums_of_what_the_answers_said(play):
    async def scene(serving):
        told = [await chat(serving, text) for text in ("Hi", "<|zh|>", "Hi")]
        told.append(await chat(serving, "Hi", model="plain"))
        found = await counters(serving)
        assert found.prompt_tokens == sum(one["prompt_eval_count"] for one in told)  # the reader adds the cached ones
        assert found.cached_tokens == sum(one["prompt_eval_cached_count"] for one in told)
        assert found.answer_tokens == sum(one["eval_count"] for one in told)
        assert found.answer_s > 0

    play(scene)


def test_counters_stay_when_the_model_leaves(play):
    async def scene(serving):
        await chat(serving, "Hi", keep_alive=0)
        for _ in range(400):
            if not (await ask(serving.address, "GET", "/slots")).json():
                break
            await asyncio.sleep(0.005)
        assert (await counters(serving)).answer_tokens == 8
        await chat(serving, "Hi")
        assert (await counters(serving)).answer_tokens == 16

    play(scene)


def test_slots_and_props_tell_of_every_model_in_memory(play):
    async def scene(serving):
        await chat(serving, "Hi")
        await chat(serving, "Hi", model="plain")
        slots = (await ask(serving.address, "GET", "/slots")).json()
        assert [slot["id"] for slot in slots] == list(range(8))
        assert {slot["model"] for slot in slots} == {"scripted:latest", "plain:latest"}
        props = (await ask(serving.address, "GET", "/props")).json()
        assert props["total_slots"] == 8
        assert {model["load"]["threads"] for model in props["models"]} == {1}
        assert props["orders"] == ["show", "load", "unload"]  # the folder is not its own

    play(scene)
