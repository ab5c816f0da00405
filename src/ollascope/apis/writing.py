"""What every writer of answers has: a name, an id, a clock; and the gathering of Chunks into a whole answer."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Protocol

from ollascope.words.chunk import Chunk, Logprob
from ollascope.words.errors import Trouble
from ollascope.words.prompt import ToolCall


class Writer(Protocol):
    """Chunks of one answer to the bytes to send for each; a whole answer leaves with its last Chunk."""

    content_type: str

    def write(self, chunk: Chunk) -> bytes: ...

    def fail(self, trouble: Trouble) -> bytes:
        """What a streamed answer sends when the model fails in the middle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What an answer says of itself: the model's name as it was asked for, an id, and when."""

    model: str
    id: str
    now_ns: Callable[[], int] = time.time_ns


class Gathered:
    """The Chunks of an answer that is sent whole."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._thinking: list[str] = []
        self._calls: list[ToolCall] = []
        self._logprobs: list[Logprob] = []

    def add(self, chunk: Chunk) -> None:
        self._texts.append(chunk.text)
        self._thinking.append(chunk.thinking)
        self._calls.extend(chunk.tool_calls)
        self._logprobs.extend(chunk.logprobs)

    def whole(self, last: Chunk) -> Chunk:
        """All of it as one Chunk, with what the last one counted and timed."""
        return replace(
            last,
            text="".join(self._texts),
            thinking="".join(self._thinking),
            tool_calls=tuple(self._calls),
            logprobs=tuple(self._logprobs),
            done=True,
        )


def gather(chunks: list[Chunk]) -> Chunk:
    """A streamed answer as the one Chunk that a whole answer is."""
    gathered = Gathered()
    for chunk in chunks:
        gathered.add(chunk)
    return gathered.whole(chunks[-1])


def instant(now_ns: int) -> str:
    """An instant in Go's RFC 3339 form: nanoseconds without their trailing zeros."""
    second, rest = divmod(now_ns, 1_000_000_000)
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    return f"{_second(second)}{fraction}Z"


@lru_cache(maxsize=4)
def _second(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
