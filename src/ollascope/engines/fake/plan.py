"""All that will happen to one prompt: what is said, token by token, and when."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from ollascope.apis.ollama_request import only_loads
from ollascope.apis.parts import piece
from ollascope.engines.fake import scripts
from ollascope.engines.fake.settings import FaultKind, GapShape
from ollascope.engines.fake.speech import Manner, Speech, certain, weighed
from ollascope.words.chunk import Chunk, Logprob
from ollascope.words.prompt import Prompt

SECOND: Final = 1_000_000_000
LEAST_S: Final = 1e-6  # a real server never measures nothing
REMEMBERED: Final = 65_536  # characters of a prompt that are told in `context`
LONGEST: Final = 1_000_000  # tokens of an answer that nothing else ends

Token = tuple[bytes, tuple[Logprob, ...]]
Step = tuple[int, Chunk]  # nanoseconds since the first token, and the piece


PLAIN: Final = Manner()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What goes wrong, after how many pieces."""

    kind: FaultKind
    after: int = 0
    status: int = 500
    stall_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Nanoseconds: of prefill for a token, to the first token, and between two, which vary by shape and spread."""

    prefill: float = 0.0
    first: int = 0
    gap: float = 0.0
    shape: GapShape = "fixed"
    spread: float = 0.0

    def gaps(self, seed: int) -> Iterator[int]:
        """From one token to the next, without end."""
        if self.shape == "fixed" or not self.gap:
            fixed = int(self.gap)
            while True:
                yield fixed
        random, draw = Random(seed), _DRAWS[self.shape]  # noqa: S311 - chance, not secrets
        while True:
            yield int(draw(random, self.gap, self.spread))


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that will happen to one prompt, but for what depends on others: queue, loading, what is cached."""

    prompt: Prompt
    times: Times
    context: int
    lifetime_s: float
    text: str = ""  # the prompt as the model reads it
    tokens_in: int = 0
    limit: int = LONGEST
    script: tuple[bytes, ...] = ()
    ends: bool = True
    manner: Manner = PLAIN
    vectors: tuple[tuple[float, ...], ...] = ()
    fault: Fault | None = None
    seed: int = 0  # of the gaps
    luck: int | None = None  # of what is said; none: always the likeliest

    @property
    def loads_only(self) -> bool:
        return only_loads(self.prompt)

    def prefill_ns(self, cached: int) -> int:
        """How long the prompt is read, when that many of its tokens are known already."""
        return int(self.times.prefill * (self.tokens_in - cached))

    def tokens(self) -> Iterator[Token]:
        """What the model says, without an end if its script has none."""
        wanted = self.manner.logprobs
        while True:
            for token in self.script:
                yield token, () if wanted is None else (certain(token, wanted),)
            if self.ends:
                break
        if self.script == scripts.SCRIPTS[scripts.COIN]:
            yield self._toss(wanted)

    def steps(self) -> Iterator[Step]:
        """Each piece and its time; the last one has the counts and how long saying it took."""
        if self.prompt.operation == "embed":
            yield 0, Chunk(done=True, vectors=self.vectors, tokens_in=self.tokens_in)
        elif self.loads_only:
            yield 0, Chunk(done=True, reason="unload" if self.lifetime_s == 0 else "load")
        elif self.manner.plain:
            yield from self._say_plainly()
        else:
            yield from self._say()

    def _say_plainly(self) -> Iterator[Step]:
        """The same as `_say` where nothing is held back; the pieces of a load test pass here."""
        at, then, said, limit, cut = 0, 0, 0, self.limit, b""
        for (token, _), gap in zip(self.tokens(), self.times.gaps(self.seed), strict=False):
            if said == limit:
                break
            said += 1
            text, cut = _decode(cut + token)
            if text:
                yield at, piece(text)
            then, at = at, at + gap
        yield self._last(then, said, "length") if said == limit else self._last(at, said, "stop")

    def _say(self) -> Iterator[Step]:
        at, then, said, speech = 0, 0, 0, Speech(self.manner)
        for (token, logprobs), gap in zip(self.tokens(), self.times.gaps(self.seed), strict=False):
            if said == self.limit or speech.stopped:
                break
            said += 1
            for chunk in speech.say(token, logprobs):
                yield at, chunk
            then, at = at, at + gap
        for chunk in speech.finish():
            yield then, chunk
        if speech.stopped:
            yield self._last(then, said, "stop", ended=False)
        else:
            yield self._last(then, said, "length") if said == self.limit else self._last(at, said, "stop")

    def _last(self, at: int, said: int, reason: str, *, ended: bool = True) -> Step:
        """The token that ends an answer counts too; a limit and a stop word need none."""
        count = said + (reason == "stop" and ended)
        return at, Chunk(done=True, reason=reason, tokens_in=self.tokens_in, tokens_out=count,
                         decode_s=max(LEAST_S, at / SECOND), extra=self._extra())  # fmt: skip

    def _extra(self) -> dict[str, list[int]]:
        """Ollama's `context`: the conversation so far as numbers."""
        prompt = self.prompt
        if prompt.operation != "generate" or prompt.extra.get("raw") is True:
            return {}
        before = prompt.extra.get("context")
        known = [token for token in before if isinstance(token, int)] if isinstance(before, list) else []
        return {"context": known + scripts.ids(self.text[-REMEMBERED:]) + [*map(_number, self._heard())]}

    def _heard(self) -> bytes:
        said = b"".join(token for (token, _), _ in zip(self.tokens(), range(self.limit), strict=False))
        ends = [at for word in self.manner.stop if (at := said.find(word.encode())) >= 0]
        return said[: min(ends, default=len(said))]

    def _toss(self, wanted: int | None) -> Token:
        drawn = 0.0 if self.luck is None else Random(self.luck).random()  # noqa: S311 - chance, not secrets
        heads = drawn < scripts.HEADS_SHARE
        sides = [(scripts.HEADS, scripts.HEADS_SHARE), (scripts.TAILS, 1 - scripts.HEADS_SHARE)]
        shown = [(side, math.log(share)) for side, share in (sides if heads else sides[::-1])]
        return shown[0][0], () if wanted is None else (weighed(shown, wanted),)


def _number(byte: int) -> int:
    return byte + scripts.FIRST_BYTE


def _decode(data: bytes) -> tuple[str, bytes]:
    """The characters that are complete, and the bytes of one that is not."""
    try:
        return data.decode(), b""
    except UnicodeDecodeError as error:
        whole = data[: error.start].decode()
        return whole, data[error.start :]


def _uniform(random: Random, gap: float, spread: float) -> float:
    return random.uniform(gap * max(0.0, 1 - spread), gap * (1 + spread))


def _exponential(random: Random, gap: float, _spread: float) -> float:
    return random.expovariate(1 / gap)


def _lognormal(random: Random, gap: float, spread: float) -> float:
    variance = math.log(1 + spread * spread)
    return random.lognormvariate(math.log(gap) - variance / 2, math.sqrt(variance))


_DRAWS: dict[GapShape, Callable[[Random, float, float], float]] = {
    "uniform": _uniform,
    "exponential": _exponential,
    "lognormal": _lognormal,
}
