"""The time wheel: nobody is called early, all are called in order, and one timer is enough."""

import asyncio
import time
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ollascope.pipe import run
from ollascope.serve.wheel import TICK, Wheel


def test_calls_come_in_the_order_they_are_due_and_never_early():
    async def main():
        wheel, came = Wheel(), []
        now = time.monotonic_ns()
        dues = [now + number * TICK // 2 for number in (9, 3, 7, 1, 5)]
        done = asyncio.get_running_loop().create_future()

        def call(due):
            def called(_now):
                came.append((due, time.monotonic_ns()))
                if len(came) == len(dues):
                    done.set_result(None)
                return 0

            return called

        for due in dues:
            wheel.add(due, call(due))
        await asyncio.wait_for(done, 5)
        assert [due for due, _ in came] == sorted(dues)
        assert all(at >= due for due, at in came)
        assert wheel.waiting == 0

    run(main())


def test_call_that_wants_another_gets_it():
    async def main():
        wheel, times = Wheel(), []
        done = asyncio.get_running_loop().create_future()

        def call(now):
            times.append(now)
            if len(times) < 5:
                return now + TICK
            done.set_result(None)
            return 0

        wheel.add(0, call)
        await asyncio.wait_for(done, 5)
        assert all(later - sooner >= TICK for sooner, later in pairwise(times))

    run(main())


def test_call_for_a_time_that_has_passed_leaves_the_loop_its_turn():
    async def main():
        wheel, turns = Wheel(), []
        wheel.add(0, lambda now: turns.append(now) or 1)
        while len(turns) < 10:
            await asyncio.sleep(0)
        wheel.close()
        assert wheel.waiting == 0

    run(main())


@given(st.lists(st.integers(0, 5 * TICK), min_size=1, max_size=30))
def test_whatever_is_added_is_called_once(offsets):
    async def main():
        wheel, came = Wheel(), []
        now = time.monotonic_ns()
        done = asyncio.get_running_loop().create_future()

        def call(number):
            def called(_now):
                came.append(number)
                if len(came) == len(offsets):
                    done.set_result(None)
                return 0

            return called

        for number, offset in enumerate(offsets):
            wheel.add(now + offset, call(number))
        await asyncio.wait_for(done, 5)
        assert sorted(came) == list(range(len(offsets)))

    asyncio.run(main())
