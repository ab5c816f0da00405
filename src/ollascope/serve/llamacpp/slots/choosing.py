"""The next token of one answer: bans and penalties on the raw logits, then the grammar, then llama.cpp's sampler."""

from collections import deque
from collections.abc import Iterable

import numpy as np

from ollascope.serve.llamacpp.slots.native.context import Context, Floats, Tokens
from ollascope.serve.llamacpp.slots.native.library import Library
from ollascope.serve.llamacpp.slots.native.model import Vocabulary
from ollascope.serve.llamacpp.slots.native.sampler import Chain, Grammar
from ollascope.serve.llamacpp.wish import Sampling, Wish
from ollascope.words.errors import BadUsage, InferenceFailed

FIRST_LOOK = 256  # candidates that a grammar judges before it judges the whole vocabulary


class GrammarDone(Exception):  # no error: the answer ends here
    """The grammar is complete and no end token may be given."""


class Chooser:
    """Chooses the tokens of one answer; `close` frees what llama.cpp holds for it."""

    def __init__(self, library: Library, vocabulary: Vocabulary, wish: Wish, context: int) -> None:
        self._vocabulary = vocabulary
        self._top_k = wish.sampling.top_k
        self._banned = _banned(vocabulary, wish)
        self._penalties = Penalties.of(wish.sampling, wish.tokens, context)
        self._grammar = None if wish.grammar is None else Grammar(library, vocabulary, wish.grammar)
        self._chain = Chain(library, wish.sampling) if wish.sampling.temperature > 0 else None

    def choose(self, context: Context, row: Floats, place: int, best: int) -> int:
        """One token by the logits in `row`, which lies at `place` of the batch; `best` is its largest.

        Changes the row. Raises BadUsage where no token fits the grammar, InferenceFailed where the logits are no
        numbers, GrammarDone where the grammar has come to its end but the answer may not.
        """
        if not np.isfinite(row[best]):
            raise InferenceFailed(
                "the model's output is not a number", hint="the file is damaged or its precision too low: get another"
            )
        if self._banned is not None:
            row[self._banned] = -np.inf
        if self._penalties:
            self._penalties.weaken(row)
        changed = self._banned is not None or self._penalties is not None
        token = best if self._chain is None and not changed else self._pick(context, row, place)
        if self._grammar:
            token = self._fitting(self._grammar, context, row, place, token)
        if self._penalties:
            self._penalties.note(token)
        return token

    def close(self) -> None:
        """Free what C holds; the chooser cannot be used any more."""
        if self._chain:
            self._chain.close()
        if self._grammar:
            self._grammar.close()
        self._chain = self._grammar = None

    def _pick(self, context: Context, row: Floats, place: int) -> int:
        return self._chain.choose(context, place) if self._chain else int(row.argmax())

    def _fitting(self, grammar: Grammar, context: Context, row: Floats, place: int, token: int) -> int:
        """The token itself where it fits, which is often; else another choice among those that do."""
        if not np.isfinite(row[token]) or not grammar.allows(token):
            self._leave_fitting(grammar, row)
            token = self._pick(context, row, place)
        grammar.accept(token)
        return token

    def _leave_fitting(self, grammar: Grammar, row: Floats) -> None:
        """Only what the grammar allows stays possible; the likeliest are looked at first, as that often is enough."""
        enough = 1 if self._chain is None else self._top_k or len(row)
        if len(row) > 4 * FIRST_LOOK and enough <= FIRST_LOOK // 2:
            likely = np.argpartition(row, -FIRST_LOOK)[-FIRST_LOOK:].astype(np.int32)
            if _keep(row, likely, grammar, enough):
                return
        if not _keep(row, None, grammar, 1):
            self._refuse(grammar)

    def _refuse(self, grammar: Grammar) -> None:
        ends = self._vocabulary.ends
        if not ends or any(grammar.allows(end) for end in ends):
            raise GrammarDone
        raise BadUsage(
            "no token of this model fits the grammar at this place", hint="write a grammar that some text can match"
        )


class Penalties:
    """Makes tokens less likely that came before, as llama.cpp does, but touching only those: its own sampler looks up
    every token of the vocabulary each time, a millisecond for a large one.
    """

    def __init__(self, sampling: Sampling, recent: Iterable[int], length: int) -> None:
        self._repeat = np.float32(sampling.repeat_penalty)
        self._frequency = np.float32(sampling.frequency_penalty)
        self._presence = np.float32(sampling.presence_penalty)
        self._recent: deque[int] = deque(maxlen=length)
        self._counts: dict[int, int] = {}
        for token in recent:
            self.note(token)

    @classmethod
    def of(cls, sampling: Sampling, prompt: Iterable[int], context: int) -> "Penalties | None":
        """The penalties that this sampling asks for; the prompt's last tokens count."""
        length = context if sampling.repeat_last < 0 else sampling.repeat_last
        idle = sampling.repeat_penalty == 1 and not sampling.presence_penalty and not sampling.frequency_penalty
        if not length or idle:
            return None
        return cls(sampling, deque(prompt, maxlen=length), length)

    def note(self, token: int) -> None:
        """This token came."""
        if len(self._recent) == self._recent.maxlen:
            oldest = self._recent[0]
            self._counts[oldest] -= 1
            if not self._counts[oldest]:
                del self._counts[oldest]
        self._recent.append(token)
        self._counts[token] = self._counts.get(token, 0) + 1

    def weaken(self, row: Floats) -> None:
        """Lower the logits of the tokens that came."""
        if not self._counts:
            return
        tokens = np.fromiter(self._counts, np.int32, len(self._counts))
        logits = row[tokens]
        logits = np.where(logits <= 0, logits * self._repeat, logits / self._repeat)
        if self._frequency:
            logits -= np.fromiter(self._counts.values(), np.float32, len(self._counts)) * self._frequency
        row[tokens] = logits - self._presence


def _banned(vocabulary: Vocabulary, wish: Wish) -> Tokens | None:
    tokens = {*vocabulary.suppressed, *(vocabulary.ends if wish.ignore_end else ())}
    return np.array(sorted(tokens), np.int32) if tokens else None


def _keep(row: Floats, candidates: Tokens | None, grammar: Grammar, enough: int) -> bool:
    """Keep of these candidates, or of all tokens, those that the grammar allows, if there are enough of them."""
    fitting = grammar.allowed(candidates)
    fitting = fitting[np.isfinite(row[fitting])]
    if len(fitting) < enough:
        return False
    kept = row[fitting]
    row[:] = -np.inf
    row[fitting] = kept
    return True
