"""The values that pass between the parts of the embedded engine."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from ollascope.words.errors import Trouble
from ollascope.words.record import Json

Reason = Literal["stop", "length"]
CacheType = Literal["f16", "q8_0", "q4_0"]
Pooling = Literal["mean", "cls", "last", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How a model is loaded; 0 threads are chosen by the machine, context is that of one slot."""

    context: int = 4096
    slots: int = 4
    batch: int = 512
    threads: int = 0
    threads_batch: int = 0
    cache_k: CacheType = "f16"
    cache_v: CacheType = "f16"
    flash_attention: bool = True
    gpu_layers: int = 0
    lora: Path | None = None
    lora_scale: float = 1.0
    embeds: bool = False  # make the context for vectors at once, not when the first one is wanted
    pooling: Pooling | None = None  # of vectors; None is what the file says, else mean; none gives one a token
    guard: bool = False  # the build crashes with its AMX path on: leave that path out


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How the next token is chosen; temperature 0 is greedy, seed None is chance."""

    temperature: float = 0.8
    top_k: int = 40
    top_p: float = 0.9
    min_p: float = 0.0
    typical_p: float = 1.0
    repeat_penalty: float = 1.1
    repeat_last: int = 64
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    seed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One answer wanted of a loaded model: the prompt as tokens, and how to go on from there."""

    tokens: Sequence[int]
    sampling: Sampling = field(default_factory=Sampling)
    most: int | None = None  # tokens of the answer; None goes on to the end of the context
    grammar: str | None = None  # GBNF, root rule `root`
    logprobs: int | None = None  # how many others to tell beside each token; None tells nothing
    ignore_end: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """One token and how probable it was."""

    id: int
    data: bytes
    logprob: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One token of an answer, the end token excepted."""

    id: int
    data: bytes
    logprob: float | None = None
    others: tuple[Weighed, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How an answer ended, and its counts and times: tokens_out counts the end token too, as Ollama does."""

    reason: Reason
    tokens_in: int
    tokens_cached: int
    tokens_out: int
    queue_s: float
    prefill_s: float
    decode_s: float


Event = Token | End | Trouble  # a Trouble is what the answer ended with instead
Listener = Callable[[Sequence[Event]], None]  # called on the decode thread, after each step; must not block


class Ticket(Protocol):
    """A wish that was taken."""

    def cancel(self) -> None:
        """From any thread: the slot is free at the next token or the next chunk of the prefill."""

    def stop(self) -> None:
        """As cancel, but an answer that has begun ends with an End, so that its counts and times are known."""


class Vocabulary(Protocol):
    """What speech needs of a loaded model."""

    @property
    def template(self) -> str | None: ...
    @property
    def bos(self) -> str: ...
    @property
    def eos(self) -> str: ...
    @property
    def context(self) -> int: ...
    def tokens(self, text: str, *, special: bool = True, start: bool = False) -> list[int]:
        """Special tokens in the text count as such only where `special`.

        `start` adds what the file wants around a whole prompt or text (its begin token, for vectors its end token too),
        never twice: right for prompts that no template has begun, and for all that goes to `embed`.
        """

    def data(self, token: int, *, special: bool = False) -> bytes: ...
    def id_of(self, text: str) -> int | None:
        """The one token that this special text is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotState:
    """One slot as `/slots` shows it."""

    id: int
    busy: bool
    phase: Literal["idle", "prefill", "decode"] = "idle"
    tokens_in: int = 0
    tokens_out: int = 0
    cached: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Totals of a loaded model since it was loaded."""

    requests: int = 0
    tokens_in: int = 0
    tokens_cached: int = 0
    tokens_out: int = 0
    prefill_s: float = 0.0
    decode_s: float = 0.0
    decodes: int = 0
    busy_slots: int = 0  # summed over decodes: busy_slots / decodes is the mean batch


class Loaded(Vocabulary, Protocol):
    """A model in memory: takes wishes from any thread, decodes them together on its own."""

    def submit(self, wish: Wish, listener: Listener) -> Ticket:
        """Queued when all slots are busy; raises ContextExceeded at once for a prompt that cannot fit.

        The listener gets tokens, then exactly one End or Trouble: Cancelled where the ticket was cancelled. Bad wishes
        (no or unknown tokens, a grammar that cannot be read) are refused here, before they wait.
        """

    @property
    def longest_text(self) -> int:
        """Tokens of a text for `embed` at most."""

    def embed(self, texts: Sequence[Sequence[int]], listener: Callable[[list[list[float]] | Trouble], None]) -> Ticket:
        """Vectors of length 1, one a text; raises ContextExceeded at once for a text that is longer than may be."""

    def slots(self) -> tuple[SlotState, ...]: ...
    def waiting(self) -> int: ...
    def counts(self) -> Counts: ...
    def facts(self) -> Mapping[str, Json]:
        """Name, parameters, size in memory, threads in use, build, features."""

    def close(self) -> None:
        """Ends all answers with Cancelled, frees the memory; returns when it is free."""
