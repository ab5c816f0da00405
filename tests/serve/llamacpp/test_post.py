"""What threads say arrives on the loop, in order, for whoever waits, with one wake-up for many."""

import asyncio
import threading

from ollascope.pipe import run
from ollascope.serve.llamacpp.post import Box, Post

COUNT = 2000


def test_everything_arrives_in_order_from_many_threads():
    async def scene():
        post = Post()
        boxes = [Box[int](post) for _ in range(4)]

        def speak(box):
            for number in range(COUNT):
                box.put([number])

        threads = [threading.Thread(target=speak, args=(box,)) for box in boxes]
        for thread in threads:
            thread.start()
        for box in boxes:
            heard = []
            while len(heard) < COUNT:
                heard += await box.take()
            assert heard == list(range(COUNT))
        for thread in threads:
            thread.join()

    run(scene())


def test_many_who_speak_in_a_step_wake_the_loop_once():
    async def scene():
        loop, woken = asyncio.get_running_loop(), []
        post = Post()
        post._loop = type("Loop", (), {"call_soon_threadsafe": lambda _, call: woken.append(call)})()
        boxes = [Box[str](post) for _ in range(16)]
        for box in boxes:
            box.put(["a", "b"])
        assert len(woken) == 1
        loop.call_soon(woken[0])
        assert [await box.take() for box in boxes] == [["a", "b"]] * 16

    asyncio.run(scene())


def test_reader_that_leaves_leaves_nothing_behind():
    async def scene():
        box = Box[str](Post())
        waiting = asyncio.create_task(box.take())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        box.put(["late"])
        assert await box.take() == ["late"]

    run(scene())


def test_who_speaks_after_the_loop_has_ended_is_not_harmed():
    async def made():
        return Box[str](Post())

    box = asyncio.run(made())
    box.put(["nobody listens"])
