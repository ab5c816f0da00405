"""What every engine can do: the one contract between the product and whatever serves models."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Protocol, Self

from ollascope.apis.models import Card, Model, Order, Progress
from ollascope.words.call import LoadCause
from ollascope.words.chunk import Chunk
from ollascope.words.prompt import Prompt
from ollascope.words.record import Json

State = Literal["ok", "warning", "problem"]
Tell = Callable[[str], None]  # a plain sentence for the person, about what the engine did in silence


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What is known of one exchange beside its Chunks; grows until the stream is closed, None is not measured."""

    api: str | None = None
    status: int | None = None
    connect_s: float | None = None  # none on a connection that was kept open
    load_cause: LoadCause | None = None
    retry_after_s: float | None = None  # how long the server asks one to wait whom it sent away
    flags: tuple[str, ...] = ()  # what was done in silence, in the words of engines/flags.py
    notes: tuple[str, ...] = ()  # the same as sentences for a person


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Whether a server answers; healthy does not mean that a model is loaded."""

    state: State
    text: str
    hint: str = ""
    version: str | None = None
    facts: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a server can do, or one of its models; None is not known."""

    operations: frozenset[str] = frozenset()  # chat generate embed
    tools: bool | None = None
    thinking: bool | None = None
    images: bool | None = None
    schema: bool | None = None
    logprobs: bool | None = None
    orders: frozenset[str] = frozenset()  # show load unload pull create copy delete
    context_length: int | None = None  # the longest the model was trained for
    source: str = ""  # how it is known: `/api/show`, version 0.32.15, the server's name


class Stream(Protocol):
    """An answer on its way: iterate, or close it from any thread in any phase."""

    def __iter__(self) -> Iterator[Chunk]: ...
    def __next__(self) -> Chunk: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def close(self) -> None:
        """Ends the exchange at once and returns within 100 ms; whoever waits for a piece gets Cancelled."""

    @property
    def trace(self) -> Trace:
        """What is known so far; whole once the stream has ended or was closed."""


class Engine(Protocol):
    """A server of models, or one in this process; every method raises a Trouble, Unsupported where it cannot."""

    @property
    def name(self) -> str:
        """The kind of engine, as in the table: ollama, openai, fake."""

    @property
    def backend(self) -> str:
        """Which of them: its address without credentials."""

    def stream(self, prompt: Prompt) -> Stream:
        """Nothing is sent before the first piece is asked for; an answer without an end is an error."""

    def embed(self, prompt: Prompt) -> Chunk:
        """The vectors of `prompt.inputs`, in order."""

    def models(self) -> tuple[Model, ...]: ...
    def loaded(self) -> tuple[Model, ...]:
        """The models in memory, with what is known of size, expiry and context."""

    def show(self, model: str) -> Card: ...
    def load(self, model: str, *, keep_alive: str | float | None = None, context: int | None = None) -> None: ...
    def unload(self, model: str) -> None: ...
    def pull(self, order: Order) -> Iterator[Progress]: ...
    def create(self, order: Order) -> Iterator[Progress]: ...
    def copy(self, source: str, model: str) -> None: ...
    def delete(self, model: str) -> None: ...
    def health(self) -> Health:
        """Never raises for a server that is down, silent or odd: that is its finding."""

    def capabilities(self, model: str | None = None) -> Capabilities: ...
    def close(self) -> None:
        """Gives connections back; running streams are ended."""
