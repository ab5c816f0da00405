"""A piece of an answer: the Chunk."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ollascope.words.prompt import ToolCall
from ollascope.words.record import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Logprob:
    """How probable the model held one token, and which others it weighed; cut characters are matched by `token_id`."""

    token: str
    logprob: float
    token_id: int | None = None
    token_bytes: tuple[int, ...] | None = None
    others: tuple["Logprob", ...] = ()
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A piece of the answer; the last one carries token counts and the engine's own timings."""

    text: str = ""
    thinking: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    logprobs: tuple[Logprob, ...] = ()
    vectors: tuple[tuple[float, ...], ...] = ()
    done: bool = False
    reason: str | None = None
    tokens_in: int | None = None
    tokens_cached: int | None = None
    tokens_out: int | None = None
    tokens_thinking: int | None = None
    queue_s: float | None = None
    load_s: float | None = None
    prefill_s: float | None = None
    decode_s: float | None = None
    total_s: float | None = None
    extra: Mapping[str, Json] = field(default_factory=dict)
