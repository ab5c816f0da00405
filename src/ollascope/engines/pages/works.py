"""Orders about models that take their time: carried out one thread each, seen by all pages, given up on request."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

from ollascope.apis.models import Progress
from ollascope.engines.engine import Engine
from ollascope.engines.shown.progress import Course
from ollascope.words.errors import BadUsage, Cancelled, EngineBusy, ModelMissing, Trouble

State = Literal["running", "done", "failed", "cancelled"]
Carry = Callable[[Engine], Iterator[Progress]]

MOST: Final = 4  # at the same time: more would only make each slower
KEPT: Final = 8  # that have ended, for whoever looks later
LAST_WAIT_S: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """How one order stands."""

    id: str
    order: str  # pull load unload create
    model: str
    state: State = "running"
    began_at: float
    ended_at: float | None = None
    text: str = ""  # what the server says that it does
    done: int = 0
    total: int | None = None
    rate: float | None = None
    left_s: float | None = None
    trouble: str = ""
    hint: str = ""

    @property
    def share(self) -> float | None:
        """How much of it is done, as far as that can be told."""
        return self.done / self.total if self.total else None


class Works:
    """Carries orders out, each on an engine of its own that is closed where the order is given up."""

    def __init__(
        self, open_: Callable[[], Engine], leave: Callable[[Engine], None], wall: Callable[[], float] = time.time
    ) -> None:
        self._open = open_
        self._leave = leave
        self._wall = wall
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._works: dict[str, Work] = {}
        self._engines: dict[str, Engine] = {}
        self._given_up: set[str] = set()
        self._threads: dict[str, threading.Thread] = {}
        self.ended = 0  # how many, ever: who keeps a list looks at it anew when this grows

    def begin(self, order: str, model: str, carry: Carry) -> str:
        """Start; a second order about the same model waits for the first one's end by being refused."""
        with self._lock:
            running = [one for one in self._works.values() if one.state == "running"]
            if any(one.model == model for one in running):
                raise BadUsage(f"something is being done with {model} already", hint="wait for its end, or cancel it")
            if len(running) >= MOST:
                raise EngineBusy(f"{MOST} orders are on their way already", hint="wait until one of them has ended")
            id_ = str(next(self._numbers))
            self._works[id_] = Work(id=id_, order=order, model=model, began_at=self._wall())
            thread = threading.Thread(target=self._run, args=(id_, carry), name=f"{order}-{id_}", daemon=True)
            self._threads[id_] = thread
            thread.start()  # within the lock, so that nobody sees an order that nobody carries out
        return id_

    def cancel(self, id_: str) -> None:
        """Give an order up; what it has brought so far stays with the server."""
        with self._lock:
            work = self._works.get(id_)
            if work is None or work.state != "running":
                raise ModelMissing(f"there is no order {id_} on its way", hint="load the page again")
            self._given_up.add(id_)
            engine = self._engines.get(id_)
        if engine is not None:
            self._leave(engine)

    def list(self) -> tuple[Work, ...]:
        """Those on their way, and those that ended last; the newest first."""
        with self._lock:
            return tuple(reversed(self._works.values()))

    def close(self) -> None:
        """Give up what runs."""
        for work in self.list():
            if work.state == "running":
                try:
                    self.cancel(work.id)
                except ModelMissing:  # it has just ended
                    continue
        for thread in list(self._threads.values()):
            thread.join(LAST_WAIT_S)

    def _run(self, id_: str, carry: Carry) -> None:
        try:
            self._carry_out(id_, carry)
        except Trouble as trouble:
            given_up = id_ in self._given_up or isinstance(trouble, Cancelled)
            self._end(id_, "cancelled" if given_up else "failed", trouble)
        except BaseException:
            self._end(id_, "failed", Trouble("it broke off: a bug", hint="`ollascope logs` shows more"))
            raise
        else:
            self._end(id_, "done", None)

    def _carry_out(self, id_: str, carry: Carry) -> None:
        engine = self._open()
        with self._lock:
            self._engines[id_] = engine
        try:
            course = Course(time.monotonic)
            self._check(id_)
            for step in carry(engine):
                self._check(id_)
                if not step.success:
                    self._note(id_, course, step)
        finally:
            with self._lock:
                del self._engines[id_]
            self._leave(engine)

    def _check(self, id_: str) -> None:
        if id_ in self._given_up:
            raise Cancelled("the order was given up", hint="give it again: what is there is used")

    def _note(self, id_: str, course: Course, step: Progress) -> None:
        at = course.take(step)
        with self._lock:
            self._works[id_] = replace(
                self._works[id_], text=at.text, done=at.done, total=at.total, rate=at.rate, left_s=at.left_s
            )

    def _end(self, id_: str, state: State, trouble: Trouble | None) -> None:
        told = (trouble.message, trouble.hint) if trouble is not None and state == "failed" else ("", "")
        with self._lock:
            self._works[id_] = replace(
                self._works[id_], state=state, ended_at=self._wall(), trouble=told[0], hint=told[1]
            )
            self._given_up.discard(id_)
            self._threads.pop(id_, None)
            over = [one.id for one in self._works.values() if one.state != "running"]
            for old in over[:-KEPT]:
                del self._works[old]
            self.ended += 1


def load(engine: Engine, model: str, context: int | None) -> Iterator[Progress]:
    """Load a model, as an order that has steps."""
    yield Progress(status="loading")
    engine.load(model, context=context)


def unload(engine: Engine, model: str) -> Iterator[Progress]:
    """Take a model out of memory, as an order that has steps."""
    yield Progress(status="unloading")
    engine.unload(model)
