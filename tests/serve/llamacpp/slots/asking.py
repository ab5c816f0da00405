"""Wishes and their answers, waited for; used by the tests of slots."""

import queue
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ollascope.serve.llamacpp.wish import End, Event, Loaded, Sampling, Ticket, Token, Wish
from ollascope.words.errors import Trouble

GREEDY = Sampling(temperature=0, repeat_penalty=1.0)
PLAIN = Sampling(temperature=1.0, top_k=0, top_p=1.0, repeat_penalty=1.0)  # the model's own probabilities
PATIENCE_S = 30.0


@dataclass
class Said:
    """What came of one wish."""

    events: list[Event] = field(default_factory=list)
    queue: "queue.SimpleQueue[Sequence[Event]]" = field(default_factory=queue.SimpleQueue)
    ticket: Ticket | None = None

    def more(self, seconds: float = PATIENCE_S) -> Sequence[Event]:
        """What comes next."""
        events = self.queue.get(timeout=seconds)
        self.events += events
        return events

    def rest(self) -> "Said":
        """Wait for the last event."""
        while not isinstance(self.last, End | Trouble):
            self.more()
        return self

    @property
    def last(self) -> Event | None:
        return self.events[-1] if self.events else None

    @property
    def end(self) -> End:
        assert isinstance(self.last, End), self.last
        return self.last

    @property
    def tokens(self) -> list[Token]:
        return [event for event in self.events if isinstance(event, Token)]

    @property
    def ids(self) -> list[int]:
        return [token.id for token in self.tokens]

    @property
    def data(self) -> bytes:
        return b"".join(token.data for token in self.tokens)


def start(model: Loaded, prompt: str | Sequence[int], **wish: object) -> Said:
    """Send a wish and do not wait."""
    said = Said()
    tokens = model.tokens(prompt) if isinstance(prompt, str) else prompt
    said.ticket = model.submit(Wish(tokens=tokens, **({"sampling": GREEDY} | wish)), said.queue.put)  # type: ignore[arg-type]
    return said


def ask(model: Loaded, prompt: str | Sequence[int], **wish: object) -> Said:
    """Send a wish and wait for its end."""
    return start(model, prompt, **wish).rest()


def vectors_of(model: Loaded, texts: Sequence[Sequence[int]]) -> list[list[float]] | Trouble:
    """Send texts and wait for what comes."""
    came: queue.SimpleQueue[list[list[float]] | Trouble] = queue.SimpleQueue()
    model.embed(texts, came.put)
    return came.get(timeout=PATIENCE_S)


def until(claim: Callable[[], bool], seconds: float = PATIENCE_S) -> None:
    """Wait until it holds."""
    end = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.001)


def letters(number: int, length: int) -> list[int]:
    """A prompt of tokens that every model here knows: different for each number."""
    return [20 + (number * 7919 + place * (31 + number % 13)) % 200 for place in range(length)]


def same_or_tied(one: Said, other: Said) -> bool:
    """Whether two greedy answers agree up to a place where two tokens were as good as equally likely.

    A llama.cpp without our changes rounds a batch of one token otherwise than a longer one, by about a thousandth: only
    ties can turn.
    Both answers must come with `logprobs`.
    """
    for mine, theirs in zip(one.tokens, other.tokens, strict=False):
        if mine.id != theirs.id:
            likely = {weighed.id: weighed.logprob for weighed in mine.others}
            return theirs.id in likely and abs(likely[theirs.id] - (mine.logprob or 0)) < 0.02
    return len(one.tokens) == len(other.tokens)
