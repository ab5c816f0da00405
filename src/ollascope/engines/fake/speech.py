"""From tokens to the pieces a client sees: characters joined, stop words found, thinking and tool calls split off."""

import codecs
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from ollascope.apis.parts import piece
from ollascope.words.chunk import Chunk, Logprob
from ollascope.words.prompt import ToolCall

THINK, THOUGHT = "<think>", "</think>"
CALL, CALLED = "<tool_call>", "</tool_call>"
UNLIKELY: Final = -30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How an answer is to be cut into pieces."""

    stop: tuple[str, ...] = ()
    thinks: bool = False
    tools: frozenset[str] = frozenset()
    shows_empty: bool = False  # /api/generate sends a piece for each token, also where nothing can be seen
    logprobs: int | None = None

    @property
    def plain(self) -> bool:
        """Nothing is held back or split off."""
        return not (self.stop or self.thinks or self.tools or self.shows_empty) and self.logprobs is None


@dataclass(slots=True)
class Speech:
    """One answer being said; `stopped` when a stop word was met."""

    manner: Manner
    stopped: bool = False
    _decoder: codecs.IncrementalDecoder = field(
        default_factory=lambda: codecs.getincrementaldecoder("utf-8")("replace")
    )
    _held: str = ""
    _inside: str = ""  # the tag whose end is awaited
    _trim: bool = False  # blanks after a tag are dropped
    _logprobs: tuple[Logprob, ...] = ()

    def say(self, token: bytes, logprobs: tuple[Logprob, ...] = ()) -> list[Chunk]:
        """The pieces that are complete with this token."""
        self._logprobs += logprobs
        return self._dress(self._advance(self._decoder.decode(token)))

    def finish(self) -> list[Chunk]:
        """What was held back until the end."""
        if self.stopped:
            return []
        text, self._held = self._held + self._decoder.decode(b"", True), ""
        text = CALL + text if self._inside == CALL else text
        if not text:
            return []
        return self._dress([Chunk(thinking=text) if self._inside == THINK else Chunk(text=text)])

    def _advance(self, text: str) -> list[Chunk]:
        self._held += text
        said: list[Chunk] = []
        while True:
            before = len(self._held)
            self._take(said)
            if self.stopped or len(self._held) == before or not self._held:
                return said

    def _take(self, said: list[Chunk]) -> None:
        """Moves what is certain from the held text to the pieces, up to the next mark."""
        marks = self._marks()
        found = [(at, mark) for mark in marks if (at := self._held.find(mark)) >= 0]
        at, mark = min(found, default=(len(self._held) - _overlap(self._held, marks), ""))
        if self._inside == CALL:
            self._take_call(said, at if mark else -1)
            return
        self._emit(said, self._held[:at], closing=mark == THOUGHT)
        self._held = self._held[at + len(mark) :]
        if mark in self.manner.stop:
            self.stopped = True
        elif mark:
            self._inside = "" if mark == THOUGHT else mark
            self._trim = True

    def _marks(self) -> tuple[str, ...]:
        if self._inside:
            return (THOUGHT if self._inside == THINK else CALLED,)
        opening = (THINK,) * self.manner.thinks + (CALL,) * bool(self.manner.tools)
        return (*self.manner.stop, *opening)

    def _take_call(self, said: list[Chunk], end: int) -> None:
        if end < 0:
            return
        raw, self._held = self._held[:end], self._held[end + len(CALLED) :]
        self._inside, self._trim = "", True
        call = _read_call(raw)
        offered = call is not None and call.name in self.manner.tools
        # A call of a tool that was not offered is said as text: nothing that a model says disappears.
        said.append(Chunk(tool_calls=(call,)) if call and offered else Chunk(text=f"{CALL}{raw}{CALLED}"))

    def _emit(self, said: list[Chunk], text: str, *, closing: bool) -> None:
        if self._trim:
            text = text.lstrip()
            self._trim = not text
        if closing:
            text = text.rstrip()
        if text:
            said.append(Chunk(thinking=text) if self._inside == THINK else piece(text))

    def _dress(self, said: list[Chunk]) -> list[Chunk]:
        if not said and self.manner.shows_empty:
            said = [piece("")]
        if self._logprobs and said:
            first = said[0]
            said[0] = Chunk(
                text=first.text, thinking=first.thinking, tool_calls=first.tool_calls, logprobs=self._logprobs
            )
            self._logprobs = ()
        return said


def certain(token: bytes, others: int) -> Logprob:
    """The probability of a token that nothing else could be."""
    return weighed(((token, 0.0),), others)


def weighed(weights: Sequence[tuple[bytes, float]], others: int) -> Logprob:
    """The probability of the first of these tokens beside the likeliest ones; all further ones are as unlikely."""
    rest = [Logprob(token="", logprob=UNLIKELY)] * max(0, others - len(weights))
    known = [
        Logprob(token=token.decode("utf-8", "replace"), logprob=logprob, token_bytes=tuple(token))
        for token, logprob in weights
    ]
    ranked = (*sorted(known, key=lambda one: -one.logprob), *rest)[: max(0, others)]
    return Logprob(token=known[0].token, logprob=known[0].logprob, token_bytes=known[0].token_bytes, others=ranked)


def _overlap(text: str, marks: Sequence[str]) -> int:
    """How many characters at the end of the text may be the beginning of a mark."""
    longest = max(map(len, marks), default=0)
    sizes = range(min(len(text), longest), 0, -1)
    return next((size for size in sizes if any(mark.startswith(text[-size:]) for mark in marks)), 0)


def _read_call(raw: str) -> ToolCall | None:
    try:
        value = json.loads(raw)
    except ValueError:
        return None
    name, arguments = (value.get("name"), value.get("arguments")) if isinstance(value, dict) else (None, None)
    return ToolCall(name=name, arguments=arguments) if isinstance(name, str) and isinstance(arguments, dict) else None
