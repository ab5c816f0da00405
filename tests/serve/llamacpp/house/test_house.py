"""A house of models: loaded once for all who want one, unloaded for others, never more than fits."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ollascope.serve.llamacpp.house.house import House, Tools, Wanted
from ollascope.serve.llamacpp.house.room import Limits
from ollascope.serve.llamacpp.wish import Load
from ollascope.words.errors import EngineBusy, Interrupted, LoadFailed, OutOfMemory, Trouble

FOREVER = float("inf")


class Opened:
    """What stands for a model in memory: it knows whether it is open."""

    def __init__(self, street, name, load):
        self.street, self.name, self.load = street, name, load
        street.open[name] += 1
        street.bytes += street.size(name, load)

    def close(self):
        self.street.open[self.name] -= 1
        self.street.bytes -= self.street.size(self.name, self.load)


class Street:
    """A house with a loader that waits for the test, and a clock that the test turns."""

    def __init__(self, limits, *, free=None, at_once=True):
        self.now, self.open, self.bytes, self.loads = 0.0, Counter(), 0, []
        self.broken, self.free, self.at_once = set(), free, at_once
        self.jobs = []
        tools = Tools(open=self.load, weigh=self.weigh, free=lambda: self.free, run=self.run, clock=lambda: self.now)
        self.house = House(tools, limits)

    def size(self, name, load):
        return int(name[1:]) * load.context

    def weigh(self, name, path, load):
        if path.name == "corrupt":
            raise LoadFailed("it is corrupt", hint="get another")
        return self.size(name, load)

    def load(self, path, load):
        name = path.name
        if name in self.broken:
            raise LoadFailed("it is broken", hint="mend it")
        self.loads.append(name)
        return Opened(self, name, load)

    async def run(self, work):
        if not self.at_once:
            turn = asyncio.get_running_loop().create_future()
            self.jobs.append(turn)
            await turn
        return work()

    def finish(self, number=0):
        turn = self.jobs.pop(number)
        if not turn.cancelled():
            turn.set_result(None)


def wanted(name="m1", context=1, **more):
    load = Load(context=context, slots=more.pop("slots", 2))
    return Wanted(name=name, path=Path(more.pop("path", name)), load=load, **more)


async def settle(times=20):
    for _ in range(times):
        await asyncio.sleep(0)


LIMITS = Limits(bytes=10, depth=4)


def play(scene, limits=LIMITS, **more):
    async def perform():
        street = Street(limits, **more)
        await scene(street, street.house)
        street.at_once = True
        while street.jobs:
            street.finish()
        await street.house.close()
        assert not +street.open
        assert street.bytes == 0

    asyncio.run(perform())


def test_model_larger_than_the_budget_is_refused_before_it_is_loaded():
    async def scene(street, house):
        with pytest.raises(OutOfMemory, match="m11 needs"):
            async with house.guest(wanted("m11")):
                pass
        assert street.loads == []

    play(scene)


def test_model_larger_than_what_is_free_is_refused_and_nobody_leaves_for_it():
    async def scene(street, house):
        async with house.guest(wanted("m1")):
            pass
        street.free = 3
        with pytest.raises(OutOfMemory, match="free on this machine"):
            async with house.guest(wanted("m5")):
                pass
        assert street.open["m1"] == 1

    play(scene)


def test_failed_load_is_told_to_all_who_wait_and_the_next_one_tries_again():
    async def scene(street, house):
        street.broken.add("m1")
        asked = [asyncio.create_task(use(house, wanted())) for _ in range(3)]
        assert [type(one) for one in await asyncio.gather(*asked, return_exceptions=True)] == [LoadFailed] * 3
        street.broken.clear()
        assert (await use(house, wanted())).cause == "cold"

    play(scene)


def test_corrupt_file_is_refused_without_a_load():
    async def scene(street, house):
        with pytest.raises(LoadFailed, match="corrupt"):
            await use(house, wanted(path="corrupt"))
        assert street.loads == []

    play(scene)


async def use(house, want):
    async with house.guest(want) as guest:
        return guest


def test_two_who_want_a_model_at_once_share_one_load():
    async def scene(street, house):
        first, second = await asyncio.gather(use(house, wanted()), use(house, wanted()))
        assert first.model is second.model
        assert (first.cause, second.cause) == ("cold", "cold")
        assert street.loads == ["m1"]

    play(scene)


def test_warm_model_has_no_cause():
    async def scene(street, house):
        await use(house, wanted())
        assert (await use(house, wanted())).cause is None

    play(scene)


def test_time_in_a_load_is_load_and_time_before_it_is_queue():
    async def scene(street, house):
        task = asyncio.create_task(use(house, wanted()))
        await settle()
        street.now = 1.0
        street.finish()  # it was weighed
        await settle()
        street.now = 3.0
        street.finish()
        guest = await task
        assert (guest.queue_s, guest.load_s) == (1.0, 2.0)

    play(scene, at_once=False)


def test_longest_unused_leaves_first_and_says_so_when_it_comes_back():
    async def scene(street, house):
        for now, name in enumerate(("m4", "m3", "m4", "m5")):
            street.now = now
            await use(house, wanted(name))
        assert +street.open == {"m4": 1, "m5": 1}
        assert (await use(house, wanted("m3"))).cause == "evicted"

    play(scene)


def test_model_in_use_is_waited_for():
    async def scene(street, house):
        async with house.guest(wanted("m8")):
            task = asyncio.create_task(use(house, wanted("m5")))
            await settle()
            assert street.loads == ["m8"]
        await task
        assert +street.open == {"m5": 1}

    play(scene)


def test_stream_of_users_does_not_keep_another_model_out():
    async def scene(street, house):
        async with house.guest(wanted("m8")):
            other = asyncio.create_task(use(house, wanted("m5")))
            await settle()
            late = asyncio.create_task(use(house, wanted("m8")))
            await settle()
        await other
        assert (await late).cause == "evicted"
        assert street.loads == ["m8", "m5", "m8"]

    play(scene)


def test_larger_context_loads_again_and_a_smaller_one_does_not():
    async def scene(street, house):
        await use(house, wanted(context=4))
        assert (await use(house, wanted(context=2))).load.context == 4
        guest = await use(house, wanted(context=6))
        assert (guest.cause, guest.load.context) == ("context-changed", 6)
        assert street.loads == ["m1", "m1"]

    play(scene)


def test_context_that_can_never_fit_leaves_the_model_as_it_is():
    async def scene(street, house):
        await use(house, wanted(context=4))
        with pytest.raises(OutOfMemory):
            await use(house, wanted(context=11))
        assert (await use(house, wanted(context=4))).cause is None

    play(scene)


def test_another_file_under_the_name_is_loaded_in_its_place():
    async def scene(street, house):
        await use(house, wanted(version=1))
        assert (await use(house, wanted(version=2))).cause == "cold"
        assert street.loads == ["m1", "m1"]

    play(scene)


def test_no_more_models_than_wanted():
    async def scene(street, house):
        for name in ("m1", "m2", "m3"):
            street.now += 1
            await use(house, wanted(name))
        assert +street.open == {"m2": 1, "m3": 1}

    play(scene, Limits(bytes=100, most=2))


@pytest.mark.parametrize(("lifetime", "left"), [(0, 0), (5, 1), (FOREVER, 1)])
def test_model_stays_for_its_lifetime(lifetime, left):
    async def scene(street, house):
        await use(house, wanted(lifetime_s=lifetime))
        await settle()
        assert street.open["m1"] == left
        street.now = 4.9
        house.sweep()
        await settle()
        assert street.open["m1"] == left
        street.now = 5.0
        house.sweep()
        await settle()
        assert street.open["m1"] == (lifetime == FOREVER)

    play(scene)


def test_timer_unloads_without_being_asked():
    async def scene(street, house):
        await use(house, wanted(lifetime_s=0.01))
        street.now = 1.0
        await asyncio.sleep(0.03)
        await settle()
        assert not +street.open

    play(scene)


def test_model_in_use_outlives_its_lifetime():
    async def scene(street, house):
        async with house.guest(wanted(lifetime_s=1)):
            await use(house, wanted(lifetime_s=0))
            street.now = 99
            house.sweep()
            await settle()
            assert street.open["m1"] == 1

    play(scene)


def test_unloading_waits_for_who_uses_it():
    async def scene(street, house):
        async with house.guest(wanted()):
            house.unload("m1")
            await settle()
            assert street.open["m1"] == 1
            assert house.loaded() == []
        await settle()
        assert not +street.open

    play(scene)


def test_who_comes_when_the_queue_is_full_is_sent_away_also_while_the_model_loads():
    async def scene(street, house):
        tasks = [asyncio.create_task(use(house, wanted())) for _ in range(8)]
        await settle()
        assert [type(task.exception()) for task in tasks if task.done()] == [EngineBusy, EngineBusy]
        assert tasks[-1].done()
        assert tasks[-2].done()
        while street.jobs:
            street.finish()
            await settle()
        await asyncio.gather(*tasks[:6])

    play(scene, at_once=False)


def test_queue_of_slots_is_bounded_too():
    async def scene(street, house):
        async with AsyncExitStack() as stack:
            for _ in range(6):  # two slots, four who wait
                await stack.enter_async_context(house.guest(wanted()))
            assert house.waiting() == 4
            with pytest.raises(EngineBusy, match="maximum pending requests exceeded"):
                await use(house, wanted())
        await use(house, wanted())

    play(scene)


def test_who_leaves_while_waiting_leaves_the_load_to_the_others():
    async def scene(street, house):
        first, second = (asyncio.create_task(use(house, wanted())) for _ in range(2))
        await settle()
        first.cancel()
        await settle()
        while street.jobs:
            street.finish()
            await settle()
        assert (await second).cause == "cold"

    play(scene, at_once=False)


def test_load_that_nobody_waits_for_any_more_does_not_begin():
    async def scene(street, house):
        async with house.guest(wanted("m8")):
            task = asyncio.create_task(use(house, wanted("m1", slots=1)))
            held = asyncio.create_task(use(house, wanted("m5")))
            await settle()
            later = asyncio.create_task(use(house, wanted("m3")))
            await settle()
            later.cancel()
        await asyncio.gather(task, held)
        await settle()
        assert "m3" not in street.loads
        await use(house, wanted("m3"))

    play(scene)


def test_load_that_is_left_in_the_middle_is_kept_for_the_next():
    async def scene(street, house):
        task = asyncio.create_task(use(house, wanted()))
        await settle()
        street.finish()  # weighed; it loads
        await settle()
        task.cancel()
        await settle()
        street.finish()
        await settle()
        assert (await use(house, wanted())).cause is None

    play(scene, at_once=False)


def test_closing_ends_what_is_loaded_and_nobody_comes_in_after():
    async def scene(street, house):
        async with house.guest(wanted()):
            closing = asyncio.create_task(house.close())
            await settle()
            assert not +street.open
            await closing
        with pytest.raises(Interrupted):
            await use(house, wanted())

    play(scene)


def test_closing_does_not_wait_for_ever_for_a_load():
    async def scene(street, house):
        task = asyncio.create_task(use(house, wanted()))
        await settle()
        assert await house.close(0.01) is False
        while street.jobs:
            street.finish()
            await settle()
        assert await house.close() is True
        await asyncio.gather(task, return_exceptions=True)

    play(scene, at_once=False)


NAMES = st.sampled_from(["m1", "m2", "m4", "m6"])


class Neighbourhood(RuleBasedStateMachine):
    """Anybody wants, uses and leaves any model at any time; loads end when they will, some of them badly."""

    def __init__(self):
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.street = self.loop.run_until_complete(self.make())
        self.users, self.gone = [], []

    async def make(self):
        return Street(LIMITS, at_once=False)

    def turn(self):
        self.loop.run_until_complete(settle())

    @rule(name=NAMES, context=st.sampled_from([1, 2, 3]), lifetime=st.sampled_from([0.0, 5.0, FOREVER]))
    def want(self, name, context, lifetime):
        leave = asyncio.Event()
        want = wanted(name, context, lifetime_s=lifetime)

        async def live():
            async with self.street.house.guest(want) as guest:
                assert self.street.open[name] == 1
                assert guest.load.context >= context
                await leave.wait()
                assert self.street.open[name] == 1

        self.users.append((self.loop.create_task(live()), leave))
        self.turn()

    @precondition(lambda self: self.users)
    @rule(data=st.data(), rudely=st.booleans())
    def leave(self, data, rudely):
        task, event = self.users.pop(data.draw(st.integers(0, len(self.users) - 1)))
        event.set()
        if rudely:
            task.cancel()
        self.gone.append(task)
        self.turn()

    @precondition(lambda self: self.street.jobs)
    @rule(data=st.data())
    def finish(self, data):
        self.street.finish(data.draw(st.integers(0, len(self.street.jobs) - 1)))
        self.turn()

    @rule()
    def finish_all(self):
        while self.street.jobs:
            self.street.finish()
            self.turn()

    @rule(name=st.sampled_from(["m2", "m6"]))
    def break_or_mend(self, name):
        self.street.broken ^= {name}

    @rule(name=NAMES)
    def unload(self, name):
        self.loop.call_soon(self.street.house.unload, name)
        self.turn()

    @rule(seconds=st.sampled_from([1.0, 6.0]))
    def wait(self, seconds):
        self.street.now += seconds
        self.loop.call_soon(self.street.house.sweep)
        self.turn()

    @rule(free=st.sampled_from([None, 2, 20]))
    def fill_memory(self, free):
        self.street.free = free

    @invariant()
    def never_more_than_fits(self):
        assert self.street.bytes <= LIMITS.bytes

    @invariant()
    def never_twice(self):
        assert max(self.street.open.values(), default=0) <= 1

    @invariant()
    def never_too_many_wait(self):
        assert self.street.house.waiting() <= LIMITS.depth

    @invariant()
    def only_expected_troubles(self):
        for task, _ in self.users:
            if task.done() and not task.cancelled():
                assert isinstance(task.exception(), Trouble)

    def teardown(self):
        self.loop.run_until_complete(self.end())
        self.loop.close()

    async def end(self):
        """Whoever still wants something gets it or is told why not; then all is unloaded."""
        for _, event in self.users:
            event.set()
        tasks = [task for task, _ in self.users] + self.gone
        for _ in range(100):
            while self.street.jobs:
                self.street.finish()
            await settle()
            if all(task.done() for task in tasks):
                break
        assert all(task.done() for task in tasks)
        assert all(isinstance(one, Trouble | None | asyncio.CancelledError)
                   for one in await asyncio.gather(*tasks, return_exceptions=True))  # fmt: skip
        self.gone.clear()
        self.street.at_once = True
        while self.street.jobs:
            self.street.finish()
        await self.street.house.close()
        assert not +self.street.open


Neighbourhood.TestCase.settings = settings(max_examples=60, stateful_step_count=40)
TestNeighbourhood = Neighbourhood.TestCase
