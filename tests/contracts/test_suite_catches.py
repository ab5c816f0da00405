"""The suite of all engines catches planted faults: with each of them the test that should fail does."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from ollascope.engines.fake import Fake
from ollascope.engines.wire import Exchange
from ollascope.words.call import Call
from ollascope.words.chunk import Chunk
from ollascope.words.errors import Trouble
from ollascope.words.prompt import Prompt
from tests.contracts import engine as suite
from tests.contracts.subject import Ground, Subject
from tests.contracts.subjects import FAKE, OLLAMA

Mangle = Callable[[Iterator[Chunk]], Iterator[Chunk]]


def dropped_last(chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    return (chunk for chunk in chunks if not chunk.done)


def doubled(chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    for number, chunk in enumerate(chunks):
        yield chunk
        if number == 2:
            yield chunk


def wrong_usage(chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    for chunk in chunks:
        yield replace(chunk, tokens_out=(chunk.tokens_out or 0) - 1) if chunk.done else chunk


def swallowed_error(chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    try:
        yield from chunks
    except Trouble:
        yield Chunk(done=True, reason="stop")


def wrong_unit(chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    for chunk in chunks:
        yield replace(chunk, prefill_s=(chunk.prefill_s or 0) * 1000) if chunk.done else chunk


class Mangled:
    """A stream whose pieces pass through a fault."""

    def __init__(self, stream: Any, mangle: Mangle) -> None:
        self._stream = stream
        self._chunks = mangle(iter(stream))

    def __iter__(self) -> Iterator[Chunk]:
        return self

    def __next__(self) -> Chunk:
        return next(self._chunks)

    def __enter__(self) -> "Mangled":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class Deafened(Mangled):
    """A stream that cannot be closed while it is read."""

    def close(self) -> None:
        pass


class Faulty:
    """An engine with a planted fault."""

    def __init__(self, engine: Any, wrap: Callable[[Any], Any]) -> None:
        self._engine = engine
        self._wrap = wrap

    def stream(self, prompt: Prompt) -> Any:
        return self._wrap(self._engine.stream(prompt))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)


def with_fault(subject: Subject, wrap: Callable[[Any], Any]) -> Subject:
    @contextmanager
    def serve(settings: Fake) -> Iterator[Ground]:
        with subject.serve(settings) as ground:
            yield Ground(Faulty(ground.engine, wrap), ground.source)

    return replace(subject, serve=serve)


def mangled(mangle: Mangle) -> Callable[[Any], Any]:
    return lambda stream: Mangled(stream, mangle)


def late_sink(calls: list[Call]) -> Callable[[Call], None]:
    return lambda call: threading.Timer(0.02, calls.append, [call]).start()


def doubling_sink(calls: list[Call]) -> Callable[[Call], None]:
    return lambda call: calls.extend([call, call])


@dataclass(frozen=True)
class Plant:
    """A fault, and the test of the suite that must fail with it."""

    name: str
    test: str
    fault: Callable[[Subject], Subject]


PLANTS = [
    Plant(name, test, lambda subject, wrap=wrap: with_fault(subject, wrap))  # type: ignore[misc]
    for name, test, wrap in (
        ("dropped last chunk", "test_last_piece_and_no_other_says_that_it_is_the_last", mangled(dropped_last)),
        ("doubled chunk", "test_pieces_come_in_order_and_make_the_whole_text", mangled(doubled)),
        ("wrong usage", "test_usage_is_the_true_one", mangled(wrong_usage)),
        ("swallowed error line", "test_engine_goes_on_after_a_failure", mangled(swallowed_error)),
        ("wrong unit", "test_times_are_seconds_in_their_order", mangled(wrong_unit)),
        ("lost cancellation", "test_server_learns_at_once_that_a_reader_left", lambda one: Deafened(one, iter)),
    )
] + [
    Plant("late Call", "test_call_is_there_when_the_reader_learns_of_the_end",
          lambda subject: replace(subject, sink=late_sink)),
    Plant("doubled Call", "test_finished_stream_leaves_one_call",
          lambda subject: replace(subject, sink=doubling_sink)),
]  # fmt: skip


def run_test(subject: Subject, test: str) -> None:
    contract = type("Contract", (suite.WiredContract,), {"subject": subject})()
    getattr(contract, test)()


@pytest.mark.parametrize("subject", [FAKE, OLLAMA], ids=lambda subject: subject.name)
@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.name)
def test_fault_is_caught(plant, subject):
    run_test(subject, plant.test)
    with pytest.raises((AssertionError, ValueError)):
        run_test(plant.fault(subject), plant.test)


def test_reused_broken_connection_is_caught(monkeypatch):
    test = "test_connection_is_not_used_again_after_an_answer_that_was_left"
    run_test(OLLAMA, test)
    monkeypatch.setattr(Exchange, "close", give_back_unread)
    hasty = replace(OLLAMA.wired, open=lambda url: in_haste(OLLAMA.wired.open(url)))
    with pytest.raises((AssertionError, Trouble)):
        run_test(replace(OLLAMA, wired=hasty), test)


def give_back_unread(exchange: Any) -> None:
    """What must not be: a connection goes back to the pool with half an answer in it."""
    response, answer = exchange._response, exchange._answer
    if response is None:
        return
    exchange._grip.drop()
    exchange._visit.link = exchange._response = exchange._answer = None
    answer.close()
    response.raw.release_conn()


def in_haste(engine: Any) -> Any:
    """The client with less patience: what comes after the fault may never come."""
    engine.session._patience = replace(engine.session._patience, first_s=0.3, idle_s=0.3)
    return engine


def test_lost_cancellation_is_caught_by_time():
    """A reader that is never woken fails the test although everything else is right."""
    started = time.monotonic()
    test = "test_close_wakes_who_waits_between_two_pieces"
    run_test(FAKE, test)
    deaf = with_fault(FAKE, lambda one: Deafened(one, iter))
    with pytest.raises(AssertionError, match="still waits"):
        run_test(deaf, test)
    assert time.monotonic() - started < 20
