"""The embedded engine passes the suite of all engines with real inference, through the clients of both its APIs.

What the suite asks of a fake alone, exact times and failures on command, is left out here.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ollascope.engines.engine import Engine
from ollascope.engines.fake import Fake, FakeSource
from ollascope.engines.ollama.client import Ollama
from ollascope.engines.openai.client import OpenAi
from ollascope.pipe import run
from ollascope.words.errors import Cancelled
from tests.contracts.engine import EngineContract
from tests.contracts.subject import BOUND_S, Ground, Reading, Subject, chat, until
from tests.contracts.subjects import PATIENCE
from tests.serve.llamacpp.rooms import opened, put

pytestmark = pytest.mark.usefixtures("library")
MODELS = ("scripted", "plain", "bare=plain", "slow=scripted", "vectors")
OF_A_FAKE = (
    "test_streams_beside_each_other_do_not_mix", "test_refusal_has_its_name",
    "test_failure_in_mid_stream_comes_behind_what_came_before", "test_engine_goes_on_after_a_failure",
    "test_every_error_says_what_one_can_do", "test_stream_that_was_closed_before_it_began_sends_nothing",
    "test_close_wakes_who_waits_for_the_first_piece", "test_close_wakes_who_waits_for_a_load",
    "test_close_wakes_who_waits_between_two_pieces", "test_close_wakes_who_waits_for_a_slot",
    "test_server_learns_at_once_that_a_reader_left", "test_closing_the_engine_ends_its_streams",
    "test_nothing_is_left_of_streams_that_were_left", "test_call_is_there_when_close_returns",
    "test_stream_that_failed_leaves_one_call_with_the_code_of_the_error",
    "test_stream_that_is_forgotten_leaves_one_call", "test_stream_that_is_closed_by_another_thread_leaves_one_call",
    "test_refusal_that_may_pass_is_tried_again_and_is_still_one_call",
    "test_failure_behind_the_first_piece_is_not_tried_again", "test_times_are_seconds_in_their_order",
    "test_schema_is_kept",  # of an untaught model every whole number is as likely as any other: it need not end
)  # fmt: skip


@pytest.fixture(scope="module")
def library() -> None:
    pytest.importorskip("llama_cpp")


@pytest.fixture(autouse=True, scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The folder that all of these tests serve."""
    PLACE.append(put(tmp_path_factory.mktemp("house") / "models", *MODELS))
    yield
    PLACE.clear()


PLACE: list[Path] = []


@contextlib.contextmanager
def house_server() -> Iterator[str]:
    """The embedded engine in this process; its loop runs in a thread."""
    ready, found = threading.Event(), []

    async def main() -> None:
        end = asyncio.Event()
        async with opened(PLACE[0], own=True) as serving:
            found.append((f"http://{serving.address.host}:{serving.address.port}", asyncio.get_running_loop(), end))
            ready.set()
            await end.wait()

    thread = threading.Thread(target=lambda: run(main()), daemon=True)
    thread.start()
    assert ready.wait(20)
    url, loop, end = found[0]
    try:
        yield url
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join(20)


def served_to(open_: Callable[[str], Engine]) -> Callable[[Fake], contextlib.AbstractContextManager[Ground]]:
    @contextlib.contextmanager
    def serve(_settings: Fake) -> Iterator[Ground]:
        with house_server() as url:
            engine = open_(url)
            try:
                yield Ground(engine, FakeSource())
            finally:
                engine.close()

    return serve


class RealInference(EngineContract):
    """The suite, and what it asks of failing and leaving in the way that real inference can show it."""

    def test_close_wakes_who_reads_and_the_server_goes_on(self) -> None:
        with self.ground() as engine:
            reading = Reading(stream := engine.stream(chat("<|loop|>", max_tokens=100_000)))
            assert reading.first.wait(BOUND_S)
            stream.close()
            assert reading.ended()
            assert isinstance(reading.error, Cancelled)
            assert "".join(chunk.text for chunk in self.read(engine, chat())) == "Hello! I say what my script says."

    def test_many_streams_do_not_mix(self) -> None:
        with self.ground() as engine:
            readings = [Reading(engine.stream(chat(text))) for text in ("", "<|zh|>") * 6]
            assert until(lambda: all(not reading.thread.is_alive() for reading in readings), 30)
        said = ["".join(chunk.text for chunk in reading.chunks) for reading in readings]
        assert said == ["Hello! I say what my script says.", "你好，世界。"] * 6


for _name in OF_A_FAKE:
    setattr(RealInference, _name, None)


class TestThroughOllama(RealInference):
    subject = Subject(name="ollama", serve=served_to(lambda url: Ollama(url, PATIENCE)))


class TestThroughOpenAi(RealInference):
    subject = Subject(
        name="openai",
        serve=served_to(lambda url: OpenAi(f"{url}/v1", PATIENCE)),
        lacks=frozenset({"orders", "timings"}),
    )


del RealInference, EngineContract
