"""One sequence of the context: what it remembers, and the answer that uses it."""

import numpy as np

from ollascope.serve.llamacpp.slots.answer import Answer
from ollascope.serve.llamacpp.slots.native.context import Context, Tokens
from ollascope.serve.llamacpp.wish import SlotState


class Slot:
    """What the context's memory holds of a sequence is always `remembered`."""

    def __init__(self, number: int, context: Context) -> None:
        self.id = number
        self.answer: Answer | None = None
        self.used = 0  # when it was used last, as a number that grows
        self.length = 0
        self._context = context
        self._tokens: Tokens = np.zeros(context.capacity, np.int32)

    @property
    def remembered(self) -> Tokens:
        """The tokens whose keys and values are in memory."""
        return self._tokens[: self.length]

    @property
    def is_full(self) -> bool:
        return self.length >= self._context.capacity

    def remember(self, tokens: Tokens | list[int]) -> None:
        """The context computed these, or will with the batch that is being made."""
        self._tokens[self.length : self.length + len(tokens)] = tokens
        self.length += len(tokens)

    def copy(self, other: "Slot") -> None:
        """Remember what another slot does."""
        self._context.copy(other.id, self.id)
        self.length = 0
        self.remember(other.remembered)

    def cut(self, length: int) -> None:
        """Remember only that many tokens; none where this kind of memory cannot be cut there."""
        if not self._context.remove(self.id, length):
            self._context.remove(self.id, 0)
            length = 0
        self.length = length

    def state(self) -> SlotState:
        """As `/slots` shows it; from any thread."""
        answer = self.answer
        if answer is None:
            return SlotState(id=self.id, busy=False)
        return SlotState(
            id=self.id, busy=True, phase="decode" if answer.decoding else "prefill", tokens_in=len(answer.tokens),
            tokens_out=answer.given, cached=answer.cached,
        )  # fmt: skip


def of(slot: Slot) -> Answer:
    """The answer of a slot that has one."""
    assert slot.answer is not None
    return slot.answer
