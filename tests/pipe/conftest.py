"""Runs every test of the pipe on uvloop and on plain asyncio, and lets none leave a task or an error behind."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop

Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture(params=["uvloop", "asyncio"])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a coroutine to its end; errors that reached the event loop fail the test unless it empties `loop_errors`."""
    factory = uvloop.new_event_loop if request.param == "uvloop" else asyncio.new_event_loop

    def start(main: Coroutine[Any, Any, None]) -> None:
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(_watched(main))

    return start


async def _watched(main: Coroutine[Any, Any, None]) -> None:
    loop = asyncio.get_running_loop()
    errors: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: errors.append(context))
    loop_errors[loop] = errors
    async with asyncio.timeout(30):
        await main
    for _ in range(20):
        # asyncio's own tasks for connections that were never accepted end a little later.
        left = asyncio.all_tasks() - {asyncio.current_task()}
        if not left:
            break
        await asyncio.sleep(0.002)
    assert not left
    assert not errors


loop_errors: dict[asyncio.AbstractEventLoop, list[dict[str, Any]]] = {}
