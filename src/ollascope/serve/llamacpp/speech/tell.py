"""From the tokens of an answer to the Chunks that its reader gets."""

import codecs
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from ollascope.apis.parts import piece
from ollascope.serve.llamacpp.speech.ask import Asked
from ollascope.serve.llamacpp.speech.split import Splitter, Stops
from ollascope.serve.llamacpp.wish import End, Event, Token, Weighed
from ollascope.words.chunk import Chunk, Logprob
from ollascope.words.errors import Trouble
from ollascope.words.record import Json

LEAST_S: Final = 1e-9  # what was measured is never 0, which would read as not measured

_Utf8 = codecs.getincrementaldecoder("utf-8")


class Teller:
    """One answer being told; it began at `started` by the clock, of which its model took `load_s` to load."""

    __slots__ = (
        "_asked", "_clock", "_decoder", "_firsts", "_kept", "_load_s", "_out", "_passed", "_pending",
        "_quick", "_splitter", "_started", "_stops", "_thinking", "_whole",
    )  # fmt: skip

    def __init__(
        self, asked: Asked, *, started: float, load_s: float = 0.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._asked = asked
        self._clock = clock
        self._started = started
        self._load_s = load_s
        self._decoder = _Utf8("replace")
        self._whole = True  # no character is cut
        self._stops = Stops(asked.manner.stop)
        self._splitter = Splitter(asked.manner)
        self._pending: list[Logprob] = []
        self._kept: list[tuple[int, int]] | None = [] if asked.manner.context else None  # tokens and their bytes
        self._passed = 0  # bytes that stand before any stop word
        self._out = 0
        self._thinking = 0
        self._firsts = (*self._stops.firsts, *self._splitter.firsts)  # what a mark may begin with
        self._quick = self._is_quick()

    @property
    def stopped(self) -> bool:
        """A stop word was met: the engine is to end the answer, later tokens are not told."""
        return self._stops.met

    def take(self, events: Sequence[Event]) -> list[Chunk | Trouble]:
        """What is complete with these events; a Trouble comes after all that was said before it."""
        told: list[Chunk | Trouble] = []
        for event in events:
            if isinstance(event, Token):
                if not self._stops.met:
                    self._token(event, told)
            elif isinstance(event, End):
                told += self._rest()
                told.append(self._last(event))
            else:
                told += self._rest()
                told.append(event)
        return told

    def _token(self, token: Token, told: list[Chunk | Trouble]) -> None:
        self._out += 1
        data = token.data
        if self._kept is not None:
            self._kept.append((token.id, len(data)))
        if self._quick and data and data.isascii():
            text = data.decode("ascii")
            for first in self._firsts:
                if first in text:
                    break
            else:
                self._passed += len(data)
                told.append(piece(text))
                return
        if self._asked.manner.logprobs and token.logprob is not None:
            self._pending.append(_told_logprob(token))
        told += self._dressed(self._said(data or self._asked.manner.marks.get(token.id, b"")))

    def _said(self, data: bytes) -> list[Chunk]:
        """What is certain to be said with these bytes."""
        text = self._decoder.decode(data)
        self._whole = not self._decoder.getstate()[0]
        said: list[Chunk] = []
        thought = self._splitter.thinking
        self._pass(text, said)
        if self._stops.met:
            self._splitter.finish(said)
        self._thinking += thought or self._splitter.thinking
        self._quick = self._is_quick()
        return said

    def _pass(self, text: str, said: list[Chunk]) -> None:
        passed = self._stops.pass_(text)
        if self._kept is not None:
            self._passed += len(passed.encode())
        if passed:
            self._splitter.feed(passed, said)

    def _rest(self) -> list[Chunk]:
        """What was held back; a character that never became whole is told as the replacement character."""
        said: list[Chunk] = []
        if not self._stops.met:
            self._pass(self._decoder.decode(b"", True), said)
            held = self._stops.rest()
            self._passed += len(held.encode())
            self._splitter.feed(held, said)
            self._splitter.finish(said)
        return self._dressed(said)

    def _dressed(self, said: list[Chunk]) -> list[Chunk]:
        """The probabilities of tokens go with the first piece that is told after them."""
        if self._pending and said:
            said[0] = replace(said[0], logprobs=tuple(self._pending))
            self._pending = []
        return said

    def _last(self, end: End) -> Chunk:
        """The last Chunk: after a stop word, tokens that the engine made meanwhile do not count."""
        stopped = self._stops.met
        return Chunk(
            done=True,
            reason="stop" if stopped else end.reason,
            logprobs=tuple(self._pending),
            tokens_in=end.tokens_in,
            tokens_cached=end.tokens_cached,
            tokens_out=self._out if stopped else end.tokens_out,
            tokens_thinking=self._thinking or None,
            queue_s=end.queue_s,
            load_s=max(LEAST_S, self._load_s),
            prefill_s=max(LEAST_S, end.prefill_s),
            decode_s=max(LEAST_S, end.decode_s),
            total_s=max(LEAST_S, self._clock() - self._started),
            extra=self._extra(),
        )

    def _extra(self) -> dict[str, Json]:
        asked = self._asked
        found: dict[str, Json] = {}
        if self._kept is not None:
            found["context"] = [*asked.wish.tokens, *self._before_stop(self._kept)]
        if asked.flags:
            found["flags"] = list(asked.flags)
        if asked.ignored:
            found["ignored_options"] = list(asked.ignored)
        if asked.loose:
            found["loose_keywords"] = list(asked.loose)
        return found

    def _before_stop(self, kept: Sequence[tuple[int, int]]) -> list[int]:
        """The tokens that were told whole."""
        if not self._stops.met:
            return [token for token, _ in kept]
        found: list[int] = []
        size = 0
        for token, length in kept:
            size += length
            if size > self._passed:
                break
            found.append(token)
        return found

    def _is_quick(self) -> bool:
        """Whatever comes is text that can be told at once, unless a mark begins in it."""
        return self._whole and self._splitter.settled and not self._stops.held and not self._asked.manner.logprobs


def _told_logprob(token: Token) -> Logprob:
    one = Weighed(id=token.id, data=token.data, logprob=token.logprob or 0.0)
    return replace(_weighed(one), others=tuple(map(_weighed, token.others)))


def _weighed(token: Weighed) -> Logprob:
    """A special token has no text and no bytes, as with Ollama."""
    return Logprob(
        token=token.data.decode("utf-8", "replace"),
        logprob=token.logprob,
        token_bytes=tuple(token.data) or None,
    )
