"""One answer of an Ollama on its way: its Chunks as they come, and what was done in silence when it ends."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Protocol

from ollascope.apis.formats import write_request
from ollascope.apis.models import Model, read_models
from ollascope.engines.engine import Trace
from ollascope.engines.ollama.silence.verdict import (
    LOAD_S,
    Around,
    Place,
    Witness,
    cause_of_load,
    find_silence,
    has_images,
    hidden_wait_s,
)
from ollascope.engines.ollama.silence.watch import Watch
from ollascope.engines.ollama.versions import Version, needs_version
from ollascope.engines.wire import Patience, Session
from ollascope.engines.wire.answering import Answering
from ollascope.words.call import LoadCause
from ollascope.words.chunk import Chunk
from ollascope.words.errors import Cancelled, Trouble
from ollascope.words.prompt import Prompt

LIST_BYTES: Final = 1 << 24
BESIDE_S: Final = 1.0  # a short question beside an answer must not hold it up
BESIDE: Final = Patience(connect_s=BESIDE_S, first_s=BESIDE_S, idle_s=BESIDE_S, answer_s=BESIDE_S)
HEARD: Final = 16  # pieces that are kept until the witness hears them; each may be long
LONG_PROMPT: Final = 1024  # characters; of a shorter one nothing is cut


class Knowledge(Protocol):
    """What a stream asks its engine."""

    session: Session
    aside: Session  # for short questions: a connection that an answer uses is its own, so that its time is known
    watch: Watch

    def version(self) -> Version | None: ...
    def sees(self, model: str) -> bool | None: ...
    def refused(self, status: int, body: bytes, prompt: Prompt) -> Trouble: ...


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What was found out about an answer that has ended."""

    load_cause: LoadCause | None = None
    flags: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class OllamaStream(Answering):
    """One answer of an Ollama; when it has ended, its trace tells what was done in silence."""

    def __init__(self, engine: Knowledge, prompt: Prompt) -> None:
        self._engine = engine
        self._verdict = _Verdict()
        super().__init__(prompt)

    @property
    def trace(self) -> Trace:
        """What is known so far."""
        return Trace(
            api="ollama",
            status=self._status,
            connect_s=self._connect_s,
            load_cause=self._verdict.load_cause,
            retry_after_s=self._retry_after_s,
            flags=self._verdict.flags,
            notes=self._verdict.notes,
        )

    def _answer(self) -> Iterator[Chunk]:
        around = self._engine.watch.before(self._prompt.model, self._loaded)
        witness, final = Witness(self._prompt), None
        heard: list[Chunk] = []  # what the witness has yet to hear: all at once costs less than each by itself
        body = write_request("ollama", self._prompt.operation, self._prompt)
        exchange = self._hold(self._engine.session.open("POST", f"/api/{self._prompt.operation}", body))
        try:
            for chunk in self._begin(exchange, "ollama").read(exchange):
                heard.append(chunk)
                if chunk.done or len(heard) >= HEARD:
                    _hear(witness, heard)
                if not chunk.done:
                    yield chunk
                    continue
                final = replace(chunk, queue_s=hidden_wait_s(chunk))
                known = self._engine.watch.known(self._prompt.model)
                self._judge(witness, final, replace(around, after=known, version=self._version(asks=False)))
                yield final
        finally:
            exchange.close()
        self._ended = True
        if final is not None and not self._closed:
            self._conclude(witness, final, around)

    def _refused(self, status: int, body: bytes) -> Trouble:
        return self._engine.refused(status, body, self._prompt)

    def _loaded(self) -> tuple[Model, ...] | None:
        """The models in memory; not to know them is no reason to fail."""
        exchange = self._hold(self._engine.aside.open("GET", "/api/ps"))
        with contextlib.closing(exchange):
            try:
                head = exchange.begin()
                return read_models(exchange.read(LIST_BYTES)) if head.status == 200 else None
            except Cancelled:
                raise
            except Trouble:
                return None

    def _conclude(self, witness: Witness, final: Chunk, around: Around) -> None:
        """When the last Chunk is out there is time to ask how the model lies in memory now, where that matters."""
        watch, model = self._engine.watch, self._prompt.model
        try:
            if self._matters(witness, final, watch.known(model)):
                watch.note(self._loaded())
            sees = self._engine.sees(model) if has_images(self._prompt) else None
            version = self._version(asks=True)
            self._judge(witness, final, replace(around, after=watch.known(model), version=version, sees=sees))
        except Cancelled:  # what is known stays
            return

    def _matters(self, witness: Witness, final: Chunk, known: Place | None) -> bool:
        if (final.load_s or 0.0) >= LOAD_S or self._engine.watch.is_stale():
            return True
        limits = "num_ctx" in self._prompt.options or final.reason == "length"
        return known is None and (limits or witness.size + self._asked_size() > LONG_PROMPT)

    def _asked_size(self) -> int:
        return len(self._prompt.text or "") + sum(len(message.content) for message in self._prompt.messages)

    def _version(self, *, asks: bool) -> Version | None:
        """The server's version, asked only where a verdict hangs on it."""
        unsure = needs_version(self._prompt.options) or self._asked_size() > LONG_PROMPT
        return self._engine.version() if asks and unsure else None

    def _judge(self, witness: Witness, final: Chunk, around: Around) -> None:
        found = list(find_silence(witness, final, around))
        self._verdict = _Verdict(
            cause_of_load(final, around),
            tuple(dict.fromkeys(flag for flag, _ in found if flag)),
            tuple(note for _, note in found),
        )


def _hear(witness: Witness, heard: list[Chunk]) -> None:
    for chunk in heard:
        witness.hear(chunk)
    heard.clear()
