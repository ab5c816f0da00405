"""One answer on its way: what was wished, how far it is, who listens."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from ollascope.serve.llamacpp.slots.choosing import Chooser
from ollascope.serve.llamacpp.slots.native.context import Tokens
from ollascope.serve.llamacpp.wish import End, Event, Listener, Reason, Wish
from ollascope.words.errors import Trouble

T = TypeVar("T")

log = logging.getLogger(__name__)


class Answer:
    """Lives from `submit` to its last event; all but `cancelled` belongs to the decode thread."""

    def __init__(self, wish: Wish, listener: Listener, chooser: Chooser, context: int) -> None:
        now = time.perf_counter()
        room = context - len(wish.tokens)
        self.wish = wish
        self.most = room if wish.most is None else min(wish.most, room)  # tokens that the answer may have
        self.tokens: Tokens = np.array(wish.tokens, np.int32)
        self.chooser = chooser
        self.cancelled = threading.Event()
        self.stopped = False  # enough has been said: what there is of it counts
        self._listener = listener
        self.queued_at = now
        self.started_at = now
        self.order = 0  # of those that have a slot
        self.first_at: float | None = None  # when the prompt was through
        self.begun = False  # its slot remembers what it may, the prefill goes on from there
        self.cached = 0
        self.given = 0  # tokens of the answer
        self.next = 0  # the token that the slot decodes next

    @property
    def decoding(self) -> bool:
        """The prompt is through."""
        return self.first_at is not None

    @property
    def cut(self) -> Tokens:
        """What of the prompt may come from memory: at least its last token is computed, for its logits."""
        return self.tokens[:-1]

    def end(self, reason: Reason, now: float) -> End:
        """The last event of an answer that came to its end."""
        first = self.first_at if self.first_at is not None else now
        return End(
            reason=reason, tokens_in=len(self.tokens), tokens_cached=self.cached, tokens_out=self.given,
            queue_s=self.started_at - self.queued_at, prefill_s=first - self.started_at, decode_s=now - first,
        )  # fmt: skip

    def last(self, gone: Trouble, now: float) -> Event:
        """What the answer ends with when it is let go."""
        return self.end("stop", now) if self.stopped and self.decoding else gone

    def tell(self, events: Sequence[Event]) -> None:
        """Call the listener."""
        call(self._listener, events)


class Vectors:
    """Texts whose vectors are wanted, and those found so far."""

    def __init__(self, texts: Sequence[Sequence[int]], listener: Callable[[list[list[float]] | Trouble], None]) -> None:
        self.texts: list[Tokens] = [np.array(text, np.int32) for text in texts]
        self.cancelled = threading.Event()
        self.found: list[list[float]] = []
        self.done = 0  # texts
        self._listener = listener

    def tell(self, what: list[list[float]] | Trouble) -> None:
        """Call the listener, once."""
        call(self._listener, what)


def call(listener: Callable[[T], None], what: T) -> None:
    """Tell a listener; a bug of its own must not end the answers of others."""
    try:
        listener(what)
    except Exception:
        log.exception("a listener of an answer failed")
