"""The fake as an engine in this process: the same answers at the same times, without HTTP."""

import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from types import TracebackType
from typing import Final, Self

from ollascope.apis.models import Card, Model, Order, Progress
from ollascope.engines.engine import Capabilities, Health, Trace
from ollascope.engines.fake.hall import Seat
from ollascope.engines.fake.plan import SECOND
from ollascope.engines.fake.source import FakeSource, Piece, Turn
from ollascope.words.chunk import Chunk
from ollascope.words.errors import BadUsage, Cancelled, Trouble
from ollascope.words.prompt import Prompt
from ollascope.words.record import Json

Sleep = Callable[[threading.Event, float], object]  # until that long has passed or the event is set
ORDERS: Final = frozenset({"show", "load", "unload", "pull", "create", "copy", "delete"})


class FakeEngine:
    """A fake server without the server; threads may share it, and meet in its queue."""

    name = "fake"
    backend = "in process"

    def __init__(self, source: FakeSource | None = None, sleep: Sleep = threading.Event.wait) -> None:
        self.source = source or FakeSource()
        self._sleep = sleep
        self._lock = threading.RLock()  # the hall and the library know no threads; a stream may be forgotten within
        self._running: weakref.WeakSet[FakeStream] = weakref.WeakSet()

    def stream(self, prompt: Prompt) -> "FakeStream":
        if prompt.operation == "embed":
            raise BadUsage("embeddings do not come as a stream", hint="ask for them with `embed`")
        return FakeStream(self, prompt)

    def embed(self, prompt: Prompt) -> Chunk:
        with FakeStream(self, prompt) as stream:
            return next(stream)

    def models(self) -> tuple[Model, ...]:
        with self._lock:
            return tuple(self.source.library.models())

    def loaded(self) -> tuple[Model, ...]:
        with self._lock:
            return tuple(self.source.library.loaded(self.source.hall.loaded(), self.source.clock()))

    def show(self, model: str) -> Card:
        with self._lock:
            return self.source.library.card(model)

    def load(self, model: str, *, keep_alive: str | float | None = None, context: int | None = None) -> None:
        options: dict[str, Json] = {} if context is None else {"num_ctx": context}
        self._only(Prompt(model=model, options=options, keep_alive=keep_alive))

    def unload(self, model: str) -> None:
        self._only(Prompt(model=model, keep_alive=0))

    def pull(self, order: Order) -> Iterator[Progress]:
        return self._steps(self.source.library.pull(order))

    def create(self, order: Order) -> Iterator[Progress]:
        return self._steps(self.source.library.create(order))

    def copy(self, source: str, model: str) -> None:
        with self._lock:
            self.source.library.copy(source, model)

    def delete(self, model: str) -> None:
        with self._lock:
            self.source.hall.unload(self.source.library.delete(model))

    def health(self) -> Health:
        names: list[Json] = [model.name for model in self.loaded()]
        return Health(state="ok", text="the fake answers in this process", facts={"loaded": names})

    def capabilities(self, model: str | None = None) -> Capabilities:
        operations = frozenset({"chat", "generate", "embed"})
        if model is None:
            return Capabilities(operations=operations, logprobs=True, schema=True, orders=ORDERS, source="the fake")
        with self._lock:
            able = self.source.library.find(model).able
        chats = frozenset({"chat", "generate"}) if able.chats else frozenset()
        return Capabilities(
            operations=chats | ({"embed"} if able.embeds else frozenset()), tools=able.tools, thinking=able.thinks,
            images=able.sees, schema=able.chats, logprobs=able.chats, orders=ORDERS, source="the model's name",
            context_length=self.source.settings.answer.context,
        )  # fmt: skip

    def close(self) -> None:
        with self._lock:
            running = list(self._running)
        for stream in running:
            stream.close()

    def begin(self, stream: "FakeStream", prompt: Prompt) -> Turn:
        """A prompt's way through the fake; from here on `close` ends its stream."""
        with self._lock:
            self._running.add(stream)
            return self.source.begin(prompt)

    def enter(self, stream: "FakeStream", turn: Turn) -> None:
        """Until the model begins with the prompt."""
        with self._lock:
            model, plan = turn.look()
            if turn.unload(model, plan):
                return
            seat = self.source.hall.arrive(model, plan)
        try:
            self.sleep_until(stream, seat.ready)
            self._wait_for_slot(stream, seat)
        except BaseException:
            with self._lock:
                self.source.hall.abandon(seat)
            raise
        with self._lock:
            if stream.closed:  # since the slot was given
                self.source.hall.leave(seat, plan.lifetime_s)
                stream.check()
            seat.expires = self.source.clock() + plan.lifetime_s * SECOND
            turn.sit(seat, plan)

    def give(self, turn: Turn, due: int, piece: Piece) -> Chunk:
        """A piece that is due, noted; with the last one the slot is free."""
        with self._lock:
            turn.note(due, self.source.clock())
            return turn.said(piece)

    def leave(self, stream: "FakeStream", turn: Turn, outcome: str) -> None:
        with self._lock:
            turn.leave(outcome)
            self._running.discard(stream)

    def sleep_until(self, stream: "FakeStream", due: int) -> None:
        while not stream.closed and (left := due - self.source.clock()) > 0:
            self._sleep(stream.woken, left / SECOND)
        stream.check()

    def _wait_for_slot(self, stream: "FakeStream", seat: Seat) -> None:
        ticket: Future[None] = Future()
        with self._lock:
            if self.source.hall.take_slot(seat):
                return
            seat.waiting.append(ticket)
        ticket.add_done_callback(lambda _: stream.woken.set())
        while not ticket.done() and not stream.closed:
            stream.woken.wait()
        with self._lock:
            given = ticket.done()
            if given and stream.closed:  # the slot was given and is not wanted any more
                self.source.hall.pass_on(seat)
            elif not given:
                seat.waiting.remove(ticket)
        stream.woken.clear()
        stream.check()

    def _only(self, prompt: Prompt) -> None:
        with FakeStream(self, prompt) as stream:
            for _ in stream:
                pass

    def _steps(self, steps: Iterator[Progress]) -> Iterator[Progress]:
        while True:
            with self._lock:
                step = next(steps, None)
            if step is None:
                return
            yield step


class FakeStream:
    """One answer of the fake; each piece comes when it is due, or at once if it is asked for later."""

    def __init__(self, engine: FakeEngine, prompt: Prompt) -> None:
        self.woken = threading.Event()
        self.closed = False
        self._engine = engine
        self._prompt = prompt
        self._turn: Turn | None = None
        self._chunks = self._answer()

    def __iter__(self) -> Iterator[Chunk]:
        return self

    def __next__(self) -> Chunk:
        return next(self._chunks)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Whoever waits for a piece wakes; the slot is free at once."""
        self.closed = True
        self.woken.set()
        if self._turn is not None:
            self._engine.leave(self, self._turn, Cancelled.code)

    @property
    def trace(self) -> Trace:
        return Trace(api="ollama")

    def check(self) -> None:
        if self.closed:
            raise Cancelled("the request was given up", hint="ask again")

    def _answer(self) -> Iterator[Chunk]:
        self.check()
        turn = self._turn = self._engine.begin(self, self._prompt)
        try:
            self.check()
            self._engine.enter(self, turn)
            for due, piece in turn.steps():
                self._engine.sleep_until(self, due)
                yield self._engine.give(turn, due, piece)
        except Trouble as trouble:
            self._engine.leave(self, turn, trouble.code)
            raise
        finally:
            self._engine.leave(self, turn, Cancelled.code)
