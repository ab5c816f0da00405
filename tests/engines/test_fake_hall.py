"""Where requests wait: slots in order, bounded queues, loading, unloading, and who leaves while waiting."""

import asyncio
from random import Random

import pytest

from ollascope.engines.fake import Fake, decide
from ollascope.engines.fake.hall import Hall, shared
from ollascope.engines.fake.settings import Loading, Queueing
from ollascope.words.errors import EngineBusy
from ollascope.words.prompt import Prompt


class Clock:
    """Time that passes when it is told to."""

    def __init__(self):
        self.now = 0

    def __call__(self):
        return self.now

    def pass_s(self, seconds):
        self.now += int(seconds * 1e9)


def hall(clock=None, *, queue=None, loading=None):
    settings = Fake(queue=queue or Queueing(), loading=loading or Loading())
    return Hall(settings, clock or Clock())


def plan(context=2048, keep_alive=None):
    prompt = Prompt(model="a", operation="generate", text="x", options={"num_ctx": context}, keep_alive=keep_alive)
    return decide(prompt, Fake(), Random(1))


async def settle():
    for _ in range(5):
        await asyncio.sleep(0)


def names(found):
    return [seat.model for seat in found.loaded()]


def test_who_waits_gets_the_slot_in_order():
    async def main():
        found = hall(queue=Queueing(slots=1))
        first = await found.enter("a", plan())
        order = []

        async def wait(name):
            order.append((name, await found.enter("a", plan())))

        tasks = [asyncio.ensure_future(wait(name)) for name in ("b", "c")]
        await settle()
        assert order == []
        found.leave(first, 60)
        await settle()
        assert [name for name, _ in order] == ["b"]
        found.leave(order[0][1], 60)
        await asyncio.gather(*tasks)
        assert [name for name, _ in order] == ["b", "c"]

    asyncio.run(main())


def test_one_more_than_the_queue_holds_is_refused():
    async def main():
        found = hall(queue=Queueing(slots=1, depth=1))
        await found.enter("a", plan())
        waiting = asyncio.ensure_future(found.enter("a", plan()))
        await settle()
        with pytest.raises(EngineBusy):
            await found.enter("a", plan())
        waiting.cancel()
        await settle()

    asyncio.run(main())


def test_with_the_manners_of_ollama_only_loading_bounds_the_queue():
    async def main():
        clock = Clock()
        found = hall(clock, queue=Queueing(slots=1, depth=1, manners="ollama"), loading=Loading(load_s=0.01))
        loading = [asyncio.ensure_future(found.enter("a", plan())) for _ in range(2)]
        await settle()
        with pytest.raises(EngineBusy):
            await found.enter("a", plan())
        clock.pass_s(1)
        await asyncio.sleep(0.02)
        waiting = [asyncio.ensure_future(found.enter("a", plan())) for _ in range(20)]
        await settle()
        assert not any(task.done() for task in waiting)
        for task in [*loading, *waiting]:
            task.cancel()
        await settle()

    asyncio.run(main())


def test_who_leaves_the_queue_gives_its_place_away():
    async def main():
        found = hall(queue=Queueing(slots=1, depth=1))
        first = await found.enter("a", plan())
        waiting = asyncio.ensure_future(found.enter("a", plan()))
        await settle()
        waiting.cancel()
        await settle()
        last = asyncio.ensure_future(found.enter("a", plan()))
        await settle()
        found.leave(first, 60)
        await last

    asyncio.run(main())


def test_slot_that_is_given_to_somebody_who_just_left_goes_on():
    async def main():
        found = hall(queue=Queueing(slots=1))
        first = await found.enter("a", plan())
        second, third = (asyncio.ensure_future(found.enter("a", plan())) for _ in range(2))
        await settle()
        found.leave(first, 60)
        second.cancel()
        await third

    asyncio.run(main())


def test_model_that_loads_is_not_in_memory_and_leaving_ends_the_loading():
    async def main():
        found = hall(loading=Loading(load_s=10))
        waiting = asyncio.ensure_future(found.enter("a", plan()))
        await settle()
        assert names(found) == []
        waiting.cancel()
        await settle()
        assert found._seats == {}

    asyncio.run(main())


def test_loading_goes_on_while_somebody_else_waits_for_it():
    async def main():
        clock = Clock()
        found = hall(clock, loading=Loading(load_s=0.01))
        first, second = (asyncio.ensure_future(found.enter("a", plan())) for _ in range(2))
        await settle()
        first.cancel()
        clock.pass_s(0.02)
        assert (await second).ready == 10_000_000

    asyncio.run(main())


def test_unused_model_is_unloaded_after_its_lifetime():
    async def main():
        clock = Clock()
        found = hall(clock)
        found.leave(await found.enter("a", plan()), 2)
        clock.pass_s(1.9)
        assert names(found) == ["a"]
        clock.pass_s(0.2)
        assert names(found) == []

    asyncio.run(main())


def test_lifetime_of_zero_unloads_at_once_and_a_negative_one_never():
    async def main():
        clock = Clock()
        found = hall(clock)
        forever = plan(keep_alive=-1)
        found.leave(await found.enter("a", forever), forever.lifetime_s)
        found.leave(await found.enter("b", plan()), 0)
        clock.pass_s(10**9)
        assert names(found) == ["a"]

    asyncio.run(main())


def test_another_context_loads_the_model_again():
    async def main():
        clock = Clock()
        found = hall(clock)
        found.leave(await found.enter("a", plan()), 60)
        clock.pass_s(5)
        seat = await found.enter("a", plan(context=1024))
        assert (seat.context, seat.ready) == (1024, clock.now)

    asyncio.run(main())


def test_the_model_unused_for_longest_makes_room():
    async def main():
        clock = Clock()
        found = hall(clock, loading=Loading(most=2))
        for name in ("a", "b", "c"):
            clock.pass_s(1)
            found.leave(await found.enter(name, plan()), 60)
        assert names(found) == ["c", "b"]

    asyncio.run(main())


@pytest.mark.parametrize(("one", "other", "common"), [("", "", 0), ("abc", "abd", 2), ("ab", "abc", 2), ("x", "y", 0)])
def test_what_two_prompts_begin_with_is_found(one, other, common):
    assert shared(one, other) == common
