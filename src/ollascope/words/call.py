"""What happened in one request: the Call."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ollascope.words.record import Json

LoadCause = Literal["cold", "evicted", "context-changed"]
Gaps = tuple[tuple[int, int], ...]  # (bucket, count) pairs; `stats/` builds and merges them


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What happened in one request, written once and never edited.

    `sent_at` is the only wall-clock instant. `due_s`, `first_chunk_s`, `first_answer_s` and `end_s` are instants, as
    offsets from it by the monotonic clock; `queue_s`, `connect_s`, `load_s`, `prefill_s`, `decode_s` and `relay_s`
    are durations within. `None` means not measured, never 0. The text of prompt and answer is never in it.
    """

    id: str
    sent_at: float
    source: str
    outcome: str
    parent: str | None = None
    api: str | None = None
    operation: str | None = None
    engine: str | None = None
    backend: str | None = None
    model: str | None = None
    stream: bool | None = None
    status: int | None = None
    retries: int | None = None
    due_s: float | None = None
    queue_s: float | None = None
    connect_s: float | None = None
    load_s: float | None = None
    prefill_s: float | None = None
    decode_s: float | None = None
    first_chunk_s: float | None = None
    first_answer_s: float | None = None
    end_s: float | None = None
    relay_s: float | None = None
    load_cause: LoadCause | None = None
    tokens_in: int | None = None
    tokens_cached: int | None = None
    tokens_out: int | None = None
    tokens_thinking: int | None = None
    gaps: Gaps = ()
    flags: tuple[str, ...] = ()
    run: str | None = None
    key_id: str | None = None
    arm: str | None = None
    release: str | None = None
    note: str | None = None
    extra: Mapping[str, Json] = field(default_factory=dict)
