"""A model in memory as the rest of the engine sees it: words, wishes, vectors, figures."""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence

from ollascope.serve.llamacpp.slots.answer import Answer, Vectors
from ollascope.serve.llamacpp.slots.choosing import Chooser
from ollascope.serve.llamacpp.slots.decoder import Decoder, Work
from ollascope.serve.llamacpp.wish import Counts, Listener, Load, SlotState, Ticket, Wish
from ollascope.words.errors import BadUsage, ContextExceeded, Trouble, Unsupported
from ollascope.words.record import Json


class OpenModel:
    """All methods may be called from any thread, also while and after it is closed."""

    def __init__(self, decoder: Decoder, work: Work, load: Load, facts: Mapping[str, Json]) -> None:
        self._decoder = decoder
        self._work = work
        self._library = work.model.library
        self._vocabulary = work.model.vocabulary
        self._facts = facts
        self._name = work.model.path.name
        self.template = work.model.template
        self.bos = self._vocabulary.bos
        self.eos = self._vocabulary.eos
        self.context = load.context
        self.longest_text = work.embedder.longest

    def tokens(self, text: str, *, special: bool = True, start: bool = False) -> list[int]:
        """Special tokens in the text count as such only where `special`; `start` adds the file's own around it."""
        return self._vocabulary.tokens(text, special=special, start=start)

    def data(self, token: int, *, special: bool = False) -> bytes:
        """The bytes of a token."""
        return self._vocabulary.data(token, special=special)

    def id_of(self, text: str) -> int | None:
        """The one token that this special text is."""
        return self._vocabulary.id_of(text)

    def submit(self, wish: Wish, listener: Listener) -> Ticket:
        """Queued when all slots are busy."""
        if self._work.steps is None:
            raise Unsupported(f"{self._name} makes vectors and does not answer", hint="use a model that generates text")
        self._check(wish.tokens, self.context - 1)
        _check_sampling(wish)
        with self._vocabulary.asked():
            chooser = Chooser(self._library, self._vocabulary, wish, self.context)
        answer = Answer(wish, listener, chooser, self.context)
        self._decoder.submit(answer)
        return Given(self._decoder, answer)

    def embed(self, texts: Sequence[Sequence[int]], listener: Callable[[list[list[float]] | Trouble], None]) -> Ticket:
        """Queued behind other texts; decodes go on between."""
        for text in texts:
            self._check(text, self.longest_text)
        vectors = Vectors(texts, listener)
        self._decoder.embed(vectors)
        return Given(self._decoder, vectors)

    def slots(self) -> tuple[SlotState, ...]:
        """What each slot does."""
        steps = self._work.steps
        return tuple(slot.state() for slot in steps.slots) if steps else ()

    def waiting(self) -> int:
        """How many answers have no slot yet."""
        return self._decoder.waiting()

    def counts(self) -> Counts:
        """Totals since the load."""
        return self._work.steps.counts() if self._work.steps else Counts()

    def facts(self) -> Mapping[str, Json]:
        """What is known of the model, the build and the machine."""
        return self._facts

    def close(self) -> None:
        """Ends all answers with Cancelled and frees the memory; returns when it is free."""
        self._decoder.close()

    def _check(self, tokens: Sequence[int], most: int) -> None:
        if not tokens:
            raise BadUsage("there is no text: not one token", hint="send some text")
        if min(tokens) < 0 or max(tokens) >= self._vocabulary.size:
            raise BadUsage(
                f"{self._name} has tokens 0 to {self._vocabulary.size - 1}, not {min(tokens)} or {max(tokens)}",
                hint="make the tokens with the same model",
            )
        if len(tokens) > most:
            raise ContextExceeded(
                f"the text has {len(tokens)} tokens and {self._name} is loaded for at most {most}",
                hint="shorten it, or load the model with a larger context (num_ctx)",
            )


class Given:
    """A ticket."""

    def __init__(self, decoder: Decoder, what: Answer | Vectors) -> None:
        self._decoder = decoder
        self._what = what

    def cancel(self) -> None:
        """Let go at once; twice is once."""
        self._decoder.cancel(self._what)

    def stop(self) -> None:
        """Let go, and keep what there is."""
        if isinstance(self._what, Answer):
            self._what.stopped = True
        self._decoder.cancel(self._what)


def _check_sampling(wish: Wish) -> None:
    sampling = wish.sampling
    for field in dataclasses.fields(sampling):
        value = object.__getattribute__(sampling, field.name)
        if isinstance(value, float) and not math.isfinite(value):
            raise BadUsage(f"{field.name} is {value}", hint="send a number")
    if sampling.repeat_penalty <= 0:
        raise BadUsage(f"a repeat penalty of {sampling.repeat_penalty}", hint="above 0; 1 is none")
