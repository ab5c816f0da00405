"""What the suite of all engines needs to know of one of them, and its tools: prompts, readers, leak checks."""

import gc
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ollascope.apis.formats import answer_writer
from ollascope.apis.routes import Api, route_to
from ollascope.apis.writing import Stamp
from ollascope.engines.engine import Engine
from ollascope.engines.fake import Fake, FakeSource
from ollascope.engines.metered import Metered
from ollascope.engines.retries import Retries
from ollascope.engines.settings import Retrying
from ollascope.words.call import Call
from ollascope.words.chunk import Chunk
from ollascope.words.errors import EngineCrashed, Trouble
from ollascope.words.prompt import Message, Prompt
from tests.contracts.wires import Asked, Script, Step, whole

PROMISE_S = 0.1  # in which a closed stream returns
BOUND_S = 20 * PROMISE_S
QUICK = Fake(ttft_s=0, gap_s=0)
HELLO = "Hello! I say what my script says."
PIECES = ("Hello", "! ", "I say", " what", " my", " script", " says.")
QUICKLY = Retrying(attempts=3, wait_s=0.001, longest_s=0.01, budget=1.0)


@dataclass(frozen=True, slots=True)
class Ground:
    """An engine on a fake of known behaviour."""

    engine: Engine
    source: FakeSource


@dataclass(frozen=True, slots=True)
class Wired:
    """How an engine that speaks HTTP is opened at any address, and in which API its answers come."""

    open: Callable[[str], Engine]
    api: Api
    beside: Callable[[Asked], bytes | None] = field(default=lambda _asked: None)  # what it asks in passing

    @property
    def path(self) -> str:
        route = route_to(self.api, "chat")
        assert route is not None
        return route.path

    @property
    def content_type(self) -> str:
        return self._writer().content_type

    def pieces(self, texts: Sequence[str] = PIECES) -> list[bytes]:
        """An answer as its server would send it, the last piece with the counts."""
        writer = self._writer()
        said = [writer.write(Chunk(text=text)) for text in texts]
        last = Chunk(done=True, reason="stop", tokens_in=3, tokens_out=len(texts) + 1, total_s=0.1, load_s=0.001,
                     prefill_s=0.01, decode_s=0.02)  # fmt: skip
        return [*said, writer.write(last)]

    def failure(self, text: str = "an error was encountered while running the model: unexpected EOF") -> bytes:
        return self._writer().fail(EngineCrashed(text, hint="ask again"))

    def script(self, answer: Callable[[Asked], Sequence[Step]]) -> Script:
        """Answers questions about models as this API does, and the one for a chat as told."""

        def answers(asked: Asked) -> Sequence[Step]:
            if asked.path == self.path:
                return answer(asked)
            said = self.beside(asked)
            return [said if said is not None else whole(b'{"error":"page not found"}', 404)]

        return answers

    def _writer(self) -> Any:
        return answer_writer(self.api, "chat", chat(), Stamp(model="scripted", id="chatcmpl-1"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One engine under test."""

    name: str
    serve: Callable[[Fake], AbstractContextManager[Ground]]
    wired: Wired | None = None
    lacks: frozenset[str] = frozenset()  # orders embed timings near usage-in-embed …
    sink: Callable[[list[Call]], Callable[[Call], None]] = field(default=lambda calls: calls.append)

    def metered(self, engine: Engine, calls: list[Call]) -> Metered:
        return Metered(engine, self.sink(calls), source="test", retries=Retries(QUICKLY, lambda: 0.0))


def chat(text: str = "", model: str = "scripted", **more: Any) -> Prompt:
    """A chat prompt of one message; `stream_options` asks for the usage where an API gives it only then."""
    return Prompt(model=model, messages=(Message(role="user", content=text),), **more)


def failing(kind: str) -> Prompt:
    """A prompt at which the fake fails, after three pieces if it fails in the middle."""
    return chat(f"<|fail:{kind}|>")


def text_of(chunks: Sequence[Chunk]) -> str:
    return "".join(chunk.text for chunk in chunks)


class Reading:
    """A thread that reads a stream, so that another can end it."""

    def __init__(self, stream: Any) -> None:
        self.chunks: list[Chunk] = []
        self.error: BaseException | None = None
        self.first = threading.Event()
        self.thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self.thread.start()

    def _read(self, stream: Any) -> None:
        try:
            for chunk in stream:
                self.chunks.append(chunk)
                self.first.set()
        except BaseException as error:  # noqa: BLE001 - the test looks at it
            self.error = error

    def ended(self, within_s: float = BOUND_S) -> bool:
        self.thread.join(within_s)
        return not self.thread.is_alive()


def until(holds: Callable[[], bool], within_s: float = BOUND_S) -> bool:
    """Waits until something holds."""
    deadline = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


def trouble_of(read: Callable[[], object]) -> Trouble:
    """The Trouble it raises; nothing else will do."""
    try:
        read()
    except Trouble as trouble:
        return trouble
    raise AssertionError("nothing was raised")


@contextmanager
def no_leaks() -> Iterator[None]:
    """No thread and no socket more behind the block than before."""
    gc.collect()
    threads, sockets = threading.active_count(), count_sockets()
    yield
    gc.collect()
    assert until(lambda: threading.active_count() <= threads), threading.enumerate()
    assert until(lambda: count_sockets() <= sockets), (count_sockets(), sockets)


def count_sockets() -> int:
    """The sockets this process has open."""
    count = 0
    for entry in Path("/proc/self/fd").iterdir():
        try:
            count += str(entry.readlink()).startswith("socket:")
        except OSError:
            continue
    return count
