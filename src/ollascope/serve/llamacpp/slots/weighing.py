"""How probable tokens were, by the model's own logits: before temperature and cuts, as llama-server says it."""

from dataclasses import dataclass

import numpy as np

from ollascope.serve.llamacpp.slots.native.context import Floats
from ollascope.serve.llamacpp.slots.native.model import Vocabulary
from ollascope.serve.llamacpp.wish import Token, Weighed


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """One row of logits, kept, and the logarithm of their sum."""

    row: Floats
    total: float

    def of(self, token: int) -> float:
        """The log probability of a token."""
        return min(0.0, float(self.row[token]) - self.total)


def weigh(row: Floats) -> Weights:
    """A copy of the row, for later."""
    highest = float(row.max())
    return Weights(row=row.copy(), total=highest + float(np.log(np.exp(row - highest).sum(dtype=np.float64))))


def told(vocabulary: Vocabulary, token: int, weights: Weights | None, others: int) -> Token:
    """A token of an answer, with its log probability and those of the likeliest ones where they are wanted."""
    data = vocabulary.data(token)
    if weights is None:
        return Token(id=token, data=data)
    return Token(id=token, data=data, logprob=weights.of(token), others=_likeliest(vocabulary, weights, others))


def _likeliest(vocabulary: Vocabulary, weights: Weights, count: int) -> tuple[Weighed, ...]:
    count = min(count, len(weights.row))
    if count <= 0:
        return ()
    top = np.argpartition(weights.row, -count)[-count:]
    ranked = sorted(top.tolist(), key=lambda token: (-weights.row[token], token))
    return tuple(
        Weighed(id=token, data=vocabulary.data(token, special=True), logprob=weights.of(token)) for token in ranked
    )
