"""One request's clock and counts, and the one place where its Call is left."""

import threading
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final

from ollascope.engines.engine import Tell, Trace
from ollascope.engines.retries import Retries
from ollascope.stats.sketch import Sketch
from ollascope.words.call import Call
from ollascope.words.chunk import Chunk
from ollascope.words.clock import Clock
from ollascope.words.errors import Cancelled, Trouble
from ollascope.words.ids import Ids
from ollascope.words.prompt import Prompt
from ollascope.words.record import Json

Sink = Callable[[Call], None]

BUG: Final = Trouble.code  # the outcome of what nobody expected
FOLD: Final = 4096  # stamps that are kept as they are before their gaps are counted
NOTHING: Final = Chunk()


@dataclass(frozen=True, slots=True)
class Tools:
    """What tells the time and makes ids."""

    clock: Clock = field(default_factory=Clock)
    ids: Ids = field(default_factory=Ids)


class Meter:
    """One request's clock and counts, and the one place where its Call is left."""

    def __init__(self, prompt: Prompt, subject: Call, sink: Sink, tell: Tell | None, clock: Clock) -> None:
        self.prompt = prompt
        self.now = clock.monotonic
        self.stamps = array("d")  # when a piece said or thought something, up to the last one that was counted
        self.speaks = False  # the answer itself has begun: what says more of it needs nothing but its stamp
        self.left = False
        self.retries = 0
        self.final: Chunk | None = None
        self._subject = subject
        self._sink = sink
        self._tell = tell
        self._clock = clock
        self._lock = threading.RLock()  # one who leaves a Call may be interrupted by one who forgets the stream
        self._started = clock.monotonic()
        self._first_s: float | None = None
        self._answer_s: float | None = None
        self._end_s: float | None = None
        self._sketch: Sketch | None = None

    def start(self) -> None:
        """The request is sent now."""
        self._subject = replace(self._subject, sent_at=self._clock.wall())
        self._started = self._clock.monotonic()

    def take(self, chunk: Chunk, now: float) -> None:
        """A piece has come."""
        speaks = bool(chunk.text or chunk.tool_calls or chunk.vectors)
        if self._first_s is None and (speaks or chunk.thinking or chunk.done):
            self._first_s = now - self._started  # an empty piece, as some servers send at once, is no first token
        if speaks and self._answer_s is None:
            self._answer_s = now - self._started
        if speaks or chunk.thinking:
            self.stamps.append(now)
        self.speaks = self.speaks or speaks
        if len(self.stamps) >= FOLD:
            self._fold()
        if chunk.done:
            self.final = chunk
            self._end_s = now - self._started

    def waits(self, trouble: Trouble, retries: Retries, gone: threading.Event, asked_s: float | None) -> bool:
        """Waits for another attempt; false if there is none."""
        wait = retries.wait_s(trouble, self.retries + 1, asked_s)
        if wait is None:
            return False
        if self._tell is not None and wait:
            self._tell(f"{trouble.message}; asking again in {wait:.1f} s")
        if gone.wait(wait):
            return False
        self.retries += 1
        return True

    def leave(self, outcome: str, trace: Trace) -> None:
        """The Call goes to the sink, once; whoever comes later waits until it is there."""
        with self._lock:
            if self.left:
                return
            self.left = True
            self._sink(self._call(outcome, trace))
        if self._tell is not None:
            for note in trace.notes:
                self._tell(note)

    def _call(self, outcome: str, trace: Trace) -> Call:
        subject, final = self._subject, self.final or NOTHING
        end_s = self._end_s if self._end_s is not None else self._clock.monotonic() - self._started
        self._fold()
        return Call(
            id=subject.id, sent_at=subject.sent_at, source=subject.source, outcome=outcome, api=trace.api,
            operation=subject.operation, engine=subject.engine, backend=subject.backend, model=subject.model,
            stream=subject.stream, status=trace.status, retries=self.retries, queue_s=final.queue_s,
            connect_s=trace.connect_s, load_s=final.load_s, prefill_s=final.prefill_s, decode_s=final.decode_s,
            first_chunk_s=self._first_s, first_answer_s=self._answer_s, end_s=end_s, load_cause=trace.load_cause,
            tokens_in=final.tokens_in, tokens_cached=final.tokens_cached, tokens_out=final.tokens_out,
            tokens_thinking=final.tokens_thinking, gaps=self._sketch.pairs() if self._sketch else (),
            flags=trace.flags,
        )  # fmt: skip

    def _fold(self) -> None:
        """Counts the gaps so far; the last stamp stays, as the beginning of the next gap."""
        stamps = self.stamps[:]  # a reader may go on while another thread closes
        if len(stamps) > 1:
            self._sketch = self._sketch or Sketch()
            self._sketch.add_all([after - before for before, after in pairwise(stamps)])
            del self.stamps[: len(stamps) - 1]


def outcome_of(error: BaseException) -> str:
    """The outcome of a request that ended with this: a bug is `failed`, who interrupts a program cancels."""
    if isinstance(error, Trouble):
        return error.code
    return BUG if isinstance(error, Exception) else Cancelled.code


def silence_of(chunk: Chunk) -> Trace:
    """What an engine did in silence with texts to embed: no stream has a trace of it, so its Chunk tells."""
    return Trace(flags=_texts(chunk.extra.get("flags")), notes=_texts(chunk.extra.get("notes")))


def _texts(value: Json) -> tuple[str, ...]:
    return tuple(text for text in value if isinstance(text, str)) if isinstance(value, list | tuple) else ()


def given_up() -> Cancelled:
    return Cancelled("the request was given up", hint="ask again")
