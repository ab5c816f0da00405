"""Answers of the playground on their way to browsers: one thread reads the model, lines go out as they come."""

import itertools
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Final

import orjson

from ollascope.engines.asking.answering import Answer
from ollascope.engines.asking.telling import facts_of
from ollascope.engines.engine import Trace
from ollascope.engines.metered import MeteredStream
from ollascope.words.call import Call
from ollascope.words.chunk import Chunk
from ollascope.words.errors import Cancelled, EngineBusy, Trouble
from ollascope.words.metrics import metric
from ollascope.words.record import Json

BEAT_S: Final = 0.5  # an empty line so often tells whether the browser is still there
TIMES: Final = ("queue_s", "load_s", "prefill_s", "ttft_s", "answer_s", "total_s")
RATES: Final = ("prefill_tokens_per_s", "decode_tokens_per_s")
MOST: Final = 8  # answers at the same time, however many threads there are
SPARE: Final = 2  # threads that answers leave to pages
MOST_JOINED: Final = 256  # pieces that go out as one line where the browser is slow

Line = dict[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """A stream that is open: where its Call will be, and what gives its engine back."""

    stream: MeteredStream
    calls: list[Call]
    leave: Callable[[Trouble | None], None]


Tell = Callable[[Mapping[str, Json], Call], Mapping[str, Json]]  # adds what a person reads to the facts of an answer


class Answering:
    """One answer: `lines` goes to the browser; `close`, from any thread, ends it."""

    def __init__(self, id_: str, opened: Open, tell: Tell) -> None:
        self.id = id_
        self._open = opened
        self._tell = tell
        self._queue: SimpleQueue[Line | None] = SimpleQueue()
        threading.Thread(target=self._read, name=f"answer-{id_}", daemon=True).start()

    def lines(self) -> Iterator[bytes]:
        """JSON, a line each: `id` first, then `text` and `thinking` as they come, `error` if it failed, `end` last."""
        yield _line({"id": self.id})
        while True:
            try:
                line = self._queue.get(timeout=BEAT_S)
            except Empty:
                yield b"\n"
                continue
            if line is None:
                return
            yield from map(_line, self._joined(line))

    def close(self) -> None:
        """The model is told to stop, and the Call is left."""
        self._open.stream.close()

    def _read(self) -> None:
        answer, failed = Answer(), None
        try:
            with self._open.stream as stream:
                for chunk in stream:
                    answer.hear(chunk)
                    self._put(chunk)
        except Trouble as trouble:
            failed = trouble
            if not isinstance(trouble, Cancelled):
                self._queue.put({"error": {"code": trouble.code, "message": trouble.message, "hint": trouble.hint}})
        finally:  # after a bug too: whoever waits for lines must not wait for ever
            self._open.leave(failed)
            for call in self._open.calls:
                self._queue.put({"end": dict(self._tell(_facts(answer, call, self._open.stream.trace), call))})
            self._queue.put(None)

    def _put(self, chunk: Chunk) -> None:
        if chunk.thinking:
            self._queue.put({"thinking": chunk.thinking})
        if chunk.text:
            self._queue.put({"text": chunk.text})

    def _joined(self, line: Line) -> Iterator[Line]:
        """Pieces of one kind that wait already go out together."""
        for _ in range(MOST_JOINED):
            try:
                following = self._queue.get_nowait()
            except Empty:
                break
            if following is None:
                self._queue.put(None)
                break
            kind = next(iter(line))
            if kind in {"text", "thinking"} and kind in following:
                line = {kind: f"{line[kind]}{following[kind]}"}
            else:
                yield line
                line = following
        yield line


class Answers:
    """The answers on their way; at most so many, since each takes a thread of the dashboard."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._running: dict[str, Answering] = {}
        self._numbers = itertools.count(1)

    def begin(self, ask: Callable[[], Open], tell: Tell) -> Answering:
        """Start one; `ask` opens its stream."""
        with self._lock:
            if len(self._running) >= self._most:
                raise EngineBusy(
                    f"{self._most} answers are on their way in this dashboard", hint="wait until one has ended"
                )
            id_ = f"{next(self._numbers)}-{secrets.token_hex(4)}"
            answering = self._running[id_] = Answering(id_, ask(), tell)
        return answering

    def stop(self, id_: str) -> bool:
        """End one; false if it has ended already."""
        with self._lock:
            answering = self._running.get(id_)
        if answering is not None:
            answering.close()
        return answering is not None

    def leave(self, answering: Answering) -> None:
        """The browser has all of it, or has gone."""
        answering.close()
        with self._lock:
            self._running.pop(answering.id, None)

    def close(self) -> None:
        """End all."""
        with self._lock:
            running = list(self._running.values())
        for answering in running:
            answering.close()


def seats(threads: int, streams: int) -> int:
    """How many answers may be on their way: live pages and a few others keep threads of their own."""
    return max(1, min(MOST, threads - streams - SPARE))


def shown_times(call: Call, seconds: Callable[[float], str], rate: Callable[[float], str]) -> dict[str, Json]:
    """The times of a Call as texts; None is not measured."""
    values = {name: metric(name).of(call) for name in (*TIMES, *RATES)} | {"decode_s": call.decode_s}
    said: dict[str, Json] = {}
    for name, value in values.items():
        said[name] = None if value is None else rate(value) if name in RATES else seconds(value)
    return said


def _facts(answer: Answer, call: Call, trace: Trace) -> dict[str, Json]:
    """Everything about an answer but its text, which the browser has."""
    facts = facts_of(answer, call, trace)
    return {name: value for name, value in facts.items() if name not in {"text", "thinking"}} | {
        "outcome": call.outcome,
        "status": call.status,
    }


def _line(line: Line) -> bytes:
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
