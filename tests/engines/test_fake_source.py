"""The fake inside a program: answers in their time, true times kept, failures as named errors."""

import asyncio
import time
from dataclasses import replace

import pytest

from ollascope.engines.fake import Fake, FakeSource
from ollascope.engines.fake.settings import Answering, Failing, Loading, Queueing, Remembering
from ollascope.words.errors import (
    AnswerMalformed,
    AnswerUnfinished,
    ConnectionCut,
    EngineBusy,
    EngineCrashed,
    ModelMissing,
)
from ollascope.words.prompt import Prompt

QUICK = Fake(ttft_s=0, gap_s=0)


def say(text="Hi", **more):
    return Prompt(model="scripted", operation="generate", text=text, **more)


async def answer(fake, prompt):
    return [chunk async for chunk in fake.generate(prompt)]


def test_answer_comes_piece_by_piece_and_its_times_are_true():
    async def main():
        fake = FakeSource(Fake(ttft_s=0.02, gap_s=0.01))
        began = time.monotonic_ns()
        chunks = await answer(fake, say())
        [truth] = fake.memory
        assert "".join(chunk.text for chunk in chunks) == "Hello! I say what my script says."
        assert truth.outcome == "ok"
        assert began <= truth.arrived <= truth.slot < truth.first < truth.ended
        assert [at - truth.first for at in truth.due] == [number * 10_000_000 for number in range(8)]
        assert all(at >= due for at, due in zip(truth.written, truth.due, strict=True))

    asyncio.run(main())


def test_last_piece_adds_up_to_the_whole_time():
    async def main():
        fake = FakeSource(Fake(ttft_s=0.02, gap_s=0.001, loading=Loading(load_s=0.01), prefill_s=0.0005))
        last = (await answer(fake, say()))[-1]
        assert last.load_s == pytest.approx(0.01, abs=0.01)
        assert last.prefill_s == pytest.approx(0.02 + 23 * 0.0005)
        assert last.decode_s == pytest.approx(0.007)
        assert last.total_s == pytest.approx(last.queue_s + last.load_s + last.prefill_s + last.decode_s)

    asyncio.run(main())


@pytest.mark.parametrize(("cached", "first", "second"), [("absent", None, None), ("zero", 0, 0), ("count", 0, 22)])
def test_cached_count_is_absent_zero_or_true(cached, first, second):
    async def main():
        fake = FakeSource(replace(QUICK, answer=Answering(cached=cached)))
        assert [(await answer(fake, say()))[-1].tokens_cached for _ in range(2)] == [first, second]

    asyncio.run(main())


def test_cached_tokens_are_not_read_again():
    async def main():
        fake = FakeSource(replace(QUICK, prefill_s=0.0001))
        for _ in range(2):
            await answer(fake, say("word " * 20))
        first, second = fake.memory
        assert (second.tokens_cached, second.prefill) == (first.tokens_in - 1, 100_000)

    asyncio.run(main())


def test_unload_says_so_and_needs_no_load():
    async def main():
        fake = FakeSource(replace(QUICK, loading=Loading(load_s=30)))
        [last] = await answer(fake, say("", keep_alive=0))
        assert (last.reason, last.load_s) == ("unload", None)

    asyncio.run(main())


@pytest.mark.parametrize(
    ("kind", "error"),
    [("line", EngineCrashed), ("cut", ConnectionCut), ("unfinished", AnswerUnfinished), ("garbage", AnswerMalformed)],
)
def test_failure_comes_after_the_pieces_that_were_asked_for(kind, error):
    async def main():
        fake = FakeSource(replace(QUICK, failures=Failing(kind=kind, after=2)))
        stream = fake.generate(say())
        assert [(await anext(stream)).text for _ in range(2)] == ["Hello", "! "]
        with pytest.raises(error):
            await anext(stream)
        [truth] = fake.memory
        assert truth.outcome == error.code

    asyncio.run(main())


def test_stall_is_silence_and_then_the_rest():
    async def main():
        fake = FakeSource(replace(QUICK, failures=Failing(kind="stall", after=3, stall_s=0.03)))
        await answer(fake, say())
        [truth] = fake.memory
        assert [(at - truth.first) // 30_000_000 for at in truth.due] == [0, 0, 0, 1, 1, 1, 1, 1]

    asyncio.run(main())


def test_who_stops_listening_frees_the_slot():
    async def main():
        fake = FakeSource(replace(QUICK, queue=Queueing(slots=1, depth=0)))
        stream = fake.generate(say("<|loop|>", max_tokens=-1))
        await anext(stream)
        with pytest.raises(EngineBusy):
            await answer(fake, say())
        await stream.aclose()
        assert (await answer(fake, say()))[-1].done
        assert [truth.outcome for truth in fake.memory] == ["cancelled", "engine-busy", "ok"]

    asyncio.run(main())


def test_unknown_model_names_those_that_look_like_it():
    with pytest.raises(ModelMissing) as caught:
        asyncio.run(answer(FakeSource(QUICK), replace(say(), model="scripd")))
    assert "scripted:latest" in caught.value.hint


def test_only_so_many_requests_and_pieces_are_remembered():
    async def main():
        fake = FakeSource(replace(QUICK, truth=Remembering(requests=3, pieces=2)))
        for _ in range(5):
            await answer(fake, say())
        assert [truth.id for truth in fake.memory] == ["fake-3", "fake-4", "fake-5"]
        assert [(truth.pieces, len(truth.written)) for truth in fake.memory] == [(8, 2)] * 3

    asyncio.run(main())


def test_same_seed_makes_the_same_choices():
    async def lengths():
        fake = FakeSource(replace(QUICK, answer=Answering(tokens=50, spread=1.0, seed=9)))
        return [(await answer(fake, say("x")))[-1].tokens_out for _ in range(10)]

    assert asyncio.run(lengths()) == asyncio.run(lengths())
