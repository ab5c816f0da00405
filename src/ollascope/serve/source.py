"""What the front needs of whatever makes the tokens, and of whoever knows the models."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Protocol, TypeVar, runtime_checkable

from ollascope.apis.models import Card, Model, Order, Progress
from ollascope.words.chunk import Chunk
from ollascope.words.errors import Trouble
from ollascope.words.prompt import Prompt

T = TypeVar("T")
Piece = Chunk | bytes | Trouble  # bytes are sent as they are; a Trouble is what goes wrong at that time


@runtime_checkable
class Source(Protocol):
    """Makes the answer to a Prompt; closed when the client leaves, in every phase."""

    def generate(self, prompt: Prompt) -> AsyncIterator[Chunk]: ...


class Turn(Protocol):
    """One answer whose pieces and times are known once the model has begun."""

    @property
    def content_type(self) -> str | None:
        """A media type instead of the API's own."""

    @property
    def headers(self) -> Sequence[tuple[bytes, bytes]]:
        """Headers of the answer's own."""

    async def enter(self) -> None:
        """Waits until the model begins; raises what the prompt is refused with."""

    def steps(self) -> Iterator[tuple[int, Piece]]:
        """Each piece and when it is due, in nanoseconds of the monotonic clock."""

    @property
    def note(self) -> Callable[[int, int], None]:
        """To be called when a piece is written: when it was due, and the time."""

    def leave(self, outcome: str) -> None:
        """The answer is over; only the first call counts."""


@runtime_checkable
class Paced(Protocol):
    """A source whose pieces come at known times, so that one timer serves all its streams."""

    def begin(self, prompt: Prompt, label: str = "") -> Turn: ...


class Models(Protocol):
    """Knows the models and carries out orders about them; an unknown name is a ModelMissing."""

    version: str

    def tags(self) -> Sequence[Model]: ...
    def ps(self) -> Sequence[Model]: ...
    def card(self, order: Order) -> Card: ...
    def find(self, name: str) -> Model: ...
    def copy(self, source: str, model: str) -> None: ...
    def delete(self, name: str) -> None: ...
    def carry_out(self, action: str, order: Order) -> AsyncIterator[Progress]:
        """Progress of a pull, push or create, to its end."""

    def has_blob(self, digest: str) -> bool: ...
    async def take_blob(self, digest: str, pieces: AsyncIterator[bytes]) -> None:
        """A file arrives; its name is the hash of what it holds."""


@asynccontextmanager
async def closing(items: AsyncIterator[T]) -> AsyncIterator[AsyncIterator[T]]:
    """Ends a generator that is left early at once, not when its memory is collected."""
    try:
        yield items
    finally:
        if isinstance(items, AsyncGenerator):
            await items.aclose()
