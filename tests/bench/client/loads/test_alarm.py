"""The alarm: once, not too early, with and without the system's own timer."""

import asyncio
import time

import pytest

from ollascope.bench.client.loads import alarm as module
from ollascope.bench.client.loads.alarm import Alarm
from ollascope.pipe import run

MS = 1_000_000


@pytest.fixture(params=["the system's timer", "the loop's timer"])
def kind(request, monkeypatch):
    if request.param == "the loop's timer":
        monkeypatch.setattr(module.sys, "platform", "darwin")
    return request.param


async def rung(*times_ns, clears=False):
    """When an alarm rang that was set to these times one after the other, each before it could ring."""
    rings = []
    done = asyncio.Event()

    def ring():
        rings.append(time.monotonic_ns())
        done.set()

    alarm = Alarm(ring)
    for at_ns in times_ns:
        alarm.set(at_ns)
    if clears:
        alarm.clear()
    try:
        async with asyncio.timeout(0.1 if clears else 5):
            await done.wait()
    except TimeoutError:
        pass
    await asyncio.sleep(0.01)
    alarm.close()
    return rings


def test_it_rings_once_and_never_too_early(kind):
    now = time.monotonic_ns()
    [ring] = run(rung(now + 20 * MS))
    assert ring >= now + 20 * MS


def test_time_that_has_passed_is_soon(kind):
    assert len(run(rung(1))) == 1
    assert len(run(rung(0))) == 1


def test_only_the_last_time_counts(kind):
    now = time.monotonic_ns()
    [ring] = run(rung(now + 5 * MS, now + 40 * MS))
    assert ring >= now + 40 * MS


def test_cleared_alarm_is_silent(kind):
    assert run(rung(time.monotonic_ns() + 10 * MS, clears=True)) == []
