"""Shots for an engine in this process: a thread for each stream, measured by the same rules."""

import asyncio
import queue
import threading
import time
from functools import partial
from typing import Final

from ollascope.apis.skimming import Heard
from ollascope.bench.client.bodies import Bodies, Talk
from ollascope.bench.client.desk import Desk
from ollascope.bench.client.flight import Flight, Shot
from ollascope.bench.client.sender import WARM_UP, Then
from ollascope.engines.engine import Engine, Trace
from ollascope.words.clock import Clock
from ollascope.words.errors import InferenceFailed, Trouble
from ollascope.words.ids import Ids
from ollascope.words.prompt import Prompt

CLOSE_S: Final = 2.0

Job = tuple[Flight, Prompt]


class Inside:
    """Threads that ask an engine; as many as there were streams at once."""

    def __init__(self, engine: Engine, bodies: Bodies, desk: Desk, clock: Clock | None = None) -> None:
        self._engine = engine
        self._bodies = bodies
        self._desk = desk
        self._wall = (clock or Clock()).wall
        self._ids = Ids(self._wall)
        self._loop = asyncio.get_running_loop()
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._threads: set[threading.Thread] = set()
        self._busy = 0

    def send(self, shot: Shot, talk: Talk | None, then: Then) -> None:
        """One shot now."""
        number, warm = shot.number, shot.phase == WARM_UP
        prompt = talk.prompt if talk is not None else self._bodies.prompt(number, warm=warm)
        flight = Flight(shot, prompt, self._desk, partial(self._landed, then))
        flight.id = self._ids.next()
        self._busy += 1
        if self._busy > len(self._threads):
            self._add_thread()
        self._desk.begin(flight)
        flight.at_wall = self._wall()
        flight.sent_ns = time.monotonic_ns()
        self._jobs.put((flight, prompt))

    async def close(self) -> None:
        """End what runs and every thread."""
        self._engine.close()
        for _ in self._threads:
            self._jobs.put(None)
        until = time.monotonic() + CLOSE_S
        for thread in tuple(self._threads):
            thread.join(max(0.0, until - time.monotonic()))

    def _landed(self, then: Then, flight: Flight) -> None:
        self._busy -= 1
        then(flight)

    def _add_thread(self) -> None:
        thread = threading.Thread(target=self._work, name=f"stream-{len(self._threads)}", daemon=True)
        self._threads.add(thread)
        thread.start()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            flight, prompt = job
            told: tuple[Trouble | None, Trace] | None = None
            try:
                told = self._ask(flight, prompt)
            finally:
                if told is None:  # a bug of the engine, which ends this thread
                    self._threads.discard(threading.current_thread())
                self._loop.call_soon_threadsafe(_end, flight, told or (broken(), Trace()), time.monotonic_ns())

    def _ask(self, flight: Flight, prompt: Prompt) -> tuple[Trouble | None, Trace]:
        heard = flight.heard = Heard(keeps_text=self._bodies.talks)
        trace = Trace()
        try:
            if prompt.operation == "embed":
                heard.take(self._engine.embed(prompt), time.monotonic_ns())
                return None, trace
            with self._engine.stream(prompt) as stream:
                flight.stream = stream
                if flight.done:  # it was given up before it began
                    return None, trace
                for chunk in stream:
                    heard.take(chunk, time.monotonic_ns())
        except Trouble as trouble:
            return trouble, trace
        return None, stream.trace


def _end(flight: Flight, told: tuple[Trouble | None, Trace], at: int) -> None:
    if not flight.done:
        flight.trouble, flight.trace = told
        flight.ended_ns = at
        flight.hearer.has_ended(flight)


def broken() -> InferenceFailed:
    """The engine raised what nobody expects."""
    return InferenceFailed("the engine broke off with a mistake of its own", hint="its error stands in the output")
