"""The wrapper that times, counts and retries: exactly one Call for every stream and embed, whatever becomes of it."""

import threading
import weakref
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

from ollascope.apis.models import Card, Model, Order, Progress
from ollascope.engines.engine import Capabilities, Engine, Health, Stream, Tell, Trace
from ollascope.engines.meter import FOLD, Meter, Sink, Tools, given_up, outcome_of, silence_of
from ollascope.engines.retries import Retries
from ollascope.words.call import Call
from ollascope.words.chunk import Chunk
from ollascope.words.errors import AnswerUnfinished, Cancelled, Trouble
from ollascope.words.prompt import Prompt

__all__ = ["Metered", "MeteredStream", "Sink", "Tools"]


class Metered:
    """An engine whose every stream and embed leaves one Call in the sink, before whoever asked learns of its end."""

    def __init__(
        self, engine: Engine, sink: Sink, *, source: str, tell: Tell | None = None, retries: Retries | None = None,
        tools: Tools | None = None,
    ) -> None:  # fmt: skip
        self._engine = engine
        self._sink = sink
        self._source = source
        self._tell = tell
        self._retries = retries or Retries()
        self._tools = tools or Tools()
        self._lock = threading.Lock()
        self._running: weakref.WeakSet[MeteredStream] = weakref.WeakSet()

    @property
    def name(self) -> str:
        return self._engine.name

    @property
    def backend(self) -> str:
        return self._engine.backend

    def stream(self, prompt: Prompt) -> "MeteredStream":
        """An answer; its Call is left when it ends, is closed, fails or is forgotten."""
        stream = MeteredStream(self._engine.stream, self._meter(prompt), self._retries)
        with self._lock:
            self._running.add(stream)
        return stream

    def embed(self, prompt: Prompt) -> Chunk:
        meter = self._meter(prompt)
        try:
            chunk = self._embed(prompt, meter)
        except BaseException as error:
            meter.leave(outcome_of(error), Trace())
            raise
        meter.take(chunk, meter.now())
        meter.leave("ok", silence_of(chunk))
        return chunk

    def models(self) -> tuple[Model, ...]:
        return self._engine.models()

    def loaded(self) -> tuple[Model, ...]:
        return self._engine.loaded()

    def show(self, model: str) -> Card:
        return self._engine.show(model)

    def load(self, model: str, *, keep_alive: str | float | None = None, context: int | None = None) -> None:
        self._engine.load(model, keep_alive=keep_alive, context=context)

    def unload(self, model: str) -> None:
        self._engine.unload(model)

    def pull(self, order: Order) -> Iterator[Progress]:
        return self._engine.pull(order)

    def create(self, order: Order) -> Iterator[Progress]:
        return self._engine.create(order)

    def copy(self, source: str, model: str) -> None:
        self._engine.copy(source, model)

    def delete(self, model: str) -> None:
        self._engine.delete(model)

    def health(self) -> Health:
        return self._engine.health()

    def capabilities(self, model: str | None = None) -> Capabilities:
        return self._engine.capabilities(model)

    def close(self) -> None:
        with self._lock:
            running = list(self._running)
        for stream in running:
            stream.close()
        self._engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _meter(self, prompt: Prompt) -> Meter:
        engine = self._engine
        subject = Call(
            id=self._tools.ids.next(), sent_at=self._tools.clock.wall(), source=self._source, outcome="",
            operation=prompt.operation, engine=engine.name, backend=engine.backend, model=prompt.model,
            stream=prompt.stream and prompt.operation != "embed",
        )  # fmt: skip
        return Meter(prompt, subject, self._sink, self._tell, self._tools.clock)

    def _embed(self, prompt: Prompt, meter: Meter) -> Chunk:
        gone = threading.Event()
        self._retries.earn()
        while True:
            try:
                return self._engine.embed(prompt)
            except Trouble as trouble:
                if not meter.waits(trouble, self._retries, gone, None):
                    raise


class MeteredStream:
    """A Stream that is measured; sent again if it fails before its first piece in a way that may pass."""

    def __init__(self, ask: Callable[[Prompt], Stream], meter: Meter, retries: Retries) -> None:
        self._ask = ask
        self._meter = meter
        self._retries = retries
        self._gone = threading.Event()
        self._stream: Stream | None = None
        self._trace = Trace()
        self._advance: Callable[[], Chunk] | None = None  # once the first piece has come
        self._begun = False

    def __iter__(self) -> Iterator[Chunk]:
        return self

    def __next__(self) -> Chunk:
        meter = self._meter
        try:
            chunk = self._first() if self._advance is None else self._advance()
        except StopIteration:
            if meter.left and not meter.final:
                raise given_up() from None
            self._finish()
            raise
        except BaseException as error:
            self._fail(error)
            raise
        now = meter.now()
        if meter.left:  # a close from elsewhere has ended it
            gone = given_up()
            self._fail(gone)
            raise gone
        if chunk.text and meter.speaks and not chunk.done and len(meter.stamps) < FOLD:
            meter.stamps.append(now)
        else:
            meter.take(chunk, now)
        return chunk

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Ends the answer if it has not ended, and leaves its Call if it has left none."""
        self._gone.set()
        stream = self._stream
        if stream is not None:
            stream.close()
        self._meter.leave("ok" if self._meter.final else Cancelled.code, self.trace)

    @property
    def trace(self) -> Trace:
        return self._stream.trace if self._stream is not None else self._trace

    def _first(self) -> Chunk:
        """The first piece, by as many attempts as may be made."""
        meter = self._meter
        if meter.left or self._begun:
            raise StopIteration if meter.final else given_up()
        self._begun = True
        self._retries.earn()
        meter.start()
        while True:
            stream = self._stream = self._ask(meter.prompt)
            if self._gone.is_set():
                stream.close()
            try:
                chunk = next(stream)
            except Trouble as trouble:
                asked_s = stream.trace.retry_after_s
                if not meter.waits(trouble, self._retries, self._gone, asked_s):
                    if self._gone.is_set():
                        raise given_up() from trouble
                    raise
                stream.close()
            else:
                self._advance = stream.__next__
                return chunk

    def _finish(self) -> None:
        """The engine has nothing more: fine, if it said so."""
        if self._meter.final is not None:
            self._meter.leave("ok", self.trace)
            return
        error = AnswerUnfinished("the answer ended without its last part", hint="ask again; the server's log says more")
        self._fail(error)
        raise error

    def _fail(self, error: BaseException) -> None:
        stream = self._stream
        if stream is not None:
            stream.close()
        if self._gone.is_set():
            self._meter.leave("ok" if self._meter.final else Cancelled.code, self.trace)
        else:
            self._meter.leave(outcome_of(error), self.trace)
