"""The client of an Ollama: the Engine contract over its native API."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ollascope.apis.body import encode, read_object
from ollascope.apis.formats import answer_reader, write_request
from ollascope.apis.models import Card, Model, Order, Progress, read_card, read_models, read_version
from ollascope.engines.engine import Capabilities, Health
from ollascope.engines.ollama import versions
from ollascope.engines.ollama.abilities import ORDERS, abilities_of_model, abilities_of_server, told_orders
from ollascope.engines.ollama.discovery import Answer
from ollascope.engines.ollama.making.orders import Orders
from ollascope.engines.ollama.mistakes import Kind, refused
from ollascope.engines.ollama.silence.verdict import Around, Witness, find_silence
from ollascope.engines.ollama.silence.watch import Watch
from ollascope.engines.ollama.state import still_loaded
from ollascope.engines.ollama.stream import BESIDE, OllamaStream
from ollascope.engines.ollama.versions import Version
from ollascope.engines.wire import Patience, Session
from ollascope.engines.wire.session import Whole
from ollascope.words.chunk import Chunk
from ollascope.words.clock import Clock
from ollascope.words.errors import AnswerMalformed, BadUsage, Trouble, Unsupported
from ollascope.words.prompt import Prompt
from ollascope.words.record import Json


class Ollama:
    """One Ollama at one address; threads may share it."""

    name = "ollama"

    def __init__(
        self, url: str, patience: Patience | None = None, clock: Clock | None = None, ca_file: Path | None = None
    ) -> None:
        self._patience = patience or Patience()
        self.session = Session(url, self._patience, ca_file=ca_file)
        self.aside = Session(url, BESIDE, ca_file=ca_file)
        self.watch = Watch(clock or Clock())
        self._orders = Orders(self.session, self._patience, self._names)
        self._lock = threading.Lock()
        self._version: str | None = None
        self._seeing: dict[str, bool | None] = {}
        self._told: frozenset[str] | None = None

    @property
    def backend(self) -> str:
        """Its address without credentials."""
        return self.session.url

    def stream(self, prompt: Prompt) -> OllamaStream:
        """An answer in Chunks; nothing is sent before the first is asked for."""
        if prompt.operation == "embed":
            raise BadUsage("embeddings do not come as a stream", hint="ask for them with `embed`")
        return OllamaStream(self, prompt)

    def embed(self, prompt: Prompt) -> Chunk:
        """The vectors of the texts, in order; what was done in silence stands in `extra`, as flags and notes."""
        patience = replace(self._patience, answer_s=self._patience.first_s)
        answer = self.session.whole("POST", "/api/embed", write_request("ollama", "embed", prompt), patience=patience)
        self._check(answer, prompt.model, "embed")
        reader = answer_reader("ollama", "embed", answer.headers.get("content-type", ""))
        return _with_silence(prompt, [*reader.feed(answer.body), *reader.finish()][-1])

    def models(self) -> tuple[Model, ...]:
        """The models that it has."""
        return read_models(self._asked("GET", "/api/tags").body)

    def loaded(self) -> tuple[Model, ...]:
        """The models in memory, with size, expiry and context; one that has just left it is left out."""
        answer = self._asked("GET", "/api/ps")
        found = self._in_memory(answer)
        self.watch.note(found)
        return found

    def show(self, model: str) -> Card:
        """All that is known of one model."""
        return read_card(self._asked("POST", "/api/show", encode({"model": model}), model).body)

    def load(self, model: str, *, keep_alive: str | float | None = None, context: int | None = None) -> None:
        """Loads a model, which may take minutes; one made for embeddings by the only route it knows."""
        try:
            self._orders.keep(model, keep_alive, context)
        except Unsupported:
            self._orders.keep(model, keep_alive, context, "/api/embed")

    def unload(self, model: str) -> None:
        """Takes a model out of memory when its answers are given."""
        self._orders.keep(model, 0)

    def pull(self, order: Order) -> Iterator[Progress]:
        """Loads a model from its registry; given again after an end in the middle it goes on there."""
        return self._orders.pull(order)

    def create(self, order: Order) -> Iterator[Progress]:
        """Makes a model; `files`, `adapters` and `draft_files` hold names and paths, or digests the server knows."""
        version = self.version()
        if version is not None and version < versions.FILES:
            text = f"this Ollama ({self._version}) makes models only by its own command"
            raise Unsupported(text, hint="update Ollama, or run `ollama create`")
        return self._orders.create(order)

    def copy(self, source: str, model: str) -> None:
        """One more name for a model."""
        self._orders.copy(source, model)

    def delete(self, model: str) -> None:
        """Takes a name away, and what no other name needs."""
        self._orders.delete(model)

    def health(self) -> Health:
        """Whether it answers, its version, and what it has in memory."""
        answer = ask(self.aside)
        if answer.version is None:
            hint = "start it, or correct the address in engines.ollama.url"
            return Health(state="problem", text=f"{self.backend}: {answer.fault}", hint=hint)
        self._learn(answer.version)
        models = self.beside()
        names = [model.name for model in models or ()]
        memory = f"in memory: {', '.join(names)}" if names else "no model is in memory"
        told = "what is in memory is not known" if models is None else memory
        return Health(
            state="ok",
            text=f"Ollama {answer.version} answers at {self.backend}; {told}",
            version=answer.version,
            facts={"url": self.backend, "loaded": list(names)},
        )

    def capabilities(self, model: str | None = None) -> Capabilities:
        """What it can do by its version; what one of its models can, by its card."""
        server = abilities_of_server(self._version_text(), self.version(), self._possible())
        return server if model is None else abilities_of_model(self.show(model), server)

    def close(self) -> None:
        """Ends what is under way and gives the connections back."""
        self.aside.close()
        self.session.close()

    def version(self) -> Version | None:
        """Its version in numbers, asked once; none where it does not tell."""
        return versions.read_version(self._version_text())

    def sees(self, model: str) -> bool | None:
        """Whether a model can take images, asked in passing and once; none where that is not known."""
        if model not in self._seeing:
            try:
                answer = self.aside.whole("POST", "/api/show", encode({"model": model}))
                card = read_card(answer.body) if answer.status == 200 else Card()
            except Trouble:
                card = Card()
            self._seeing[model] = "vision" in card.capabilities if card.capabilities else None
        return self._seeing[model]

    def beside(self) -> tuple[Model, ...] | None:
        """The models in memory, asked in passing; not to know them is no failure."""
        try:
            answer = self.aside.whole("GET", "/api/ps")
            found = self._in_memory(answer) if answer.status == 200 else None
        except Trouble:
            found = None
        self.watch.note(found)
        return found

    def refused(self, status: int, body: bytes, prompt: Prompt) -> Trouble:
        """The named error of an answer that is no success."""
        return refused(status, body, prompt.model, "ask", self._names)

    def _possible(self) -> frozenset[str]:
        """What it carries out, asked once: `ollascope serve` tells, an Ollama has no such page and can do all."""
        if self._told is None:
            try:
                answer = self.aside.whole("GET", "/props")
            except Trouble:
                return ORDERS
            self._told = told_orders(answer.status, answer.body)
        return self._told

    def _version_text(self) -> str | None:
        with self._lock:
            known = self._version
        return known if known is not None else self._learn(ask(self.aside).version)

    def _learn(self, version: str | None) -> str | None:
        with self._lock:
            self._version = version or self._version
            return self._version

    def _asked(self, method: str, path: str, body: bytes | None = None, model: str = "") -> Whole:
        answer = self.session.whole(method, path, body)
        self._check(answer, model, "order")
        return answer

    def _check(self, answer: Whole, model: str, kind: Kind) -> None:
        if not 200 <= answer.status < 300:
            raise refused(answer.status, answer.body, model, kind, self._names)

    def _in_memory(self, answer: Whole) -> tuple[Model, ...]:
        date = answer.headers.get("date")
        return tuple(model for model in read_models(answer.body) if still_loaded(model, date))

    def _names(self) -> Sequence[str]:
        """The models that it has, in passing, to tell what is near a wrong name."""
        try:
            answer = self.aside.whole("GET", "/api/tags")
            return [model.name for model in read_models(answer.body)]
        except Trouble:
            return ()


def _with_silence(prompt: Prompt, chunk: Chunk) -> Chunk:
    """Texts are cut at some 2,000 tokens without a word, whatever the context is said to be."""
    found = list(find_silence(Witness(prompt), replace(chunk, reason=None), Around()))
    if not found:
        return chunk
    told: dict[str, Json] = {"flags": [flag for flag, _ in found if flag], "notes": [note for _, note in found]}
    return replace(chunk, extra={**chunk.extra, **told})


def ask_version(url: str, ca_file: Path | None = None) -> Answer:
    """Whether an Ollama answers at an address, and which."""
    session = Session(url, BESIDE, ca_file=ca_file)
    try:
        return ask(session)
    finally:
        session.close()


def ask(session: Session) -> Answer:
    """The version of the Ollama at the other end, or what is wrong there."""
    try:
        answer = session.whole("GET", "/api/version")
        if answer.status == 200 and isinstance(read_object(answer.body).get("version"), str):
            return Answer(version=read_version(answer.body))
    except AnswerMalformed as trouble:
        return Answer(fault=f"something answers, but it is no Ollama ({trouble.message})")
    except Trouble as trouble:
        return Answer(fault=trouble.message.replace(f" at {session.url}", ""))
    if answer.status in {401, 403}:
        return Answer(fault=f"something answers, but lets nobody in without a key or from here ({answer.status})")
    return Answer(fault=f"something answers, but it is no Ollama ({answer.status} to /api/version)")
