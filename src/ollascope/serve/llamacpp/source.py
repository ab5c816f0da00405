"""The embedded engine as a source of tokens: Prompts in, Chunks out, all models of one folder behind it."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace

from ollascope.apis.body import refuse
from ollascope.apis.errors import unable
from ollascope.apis.ollama_request import only_loads
from ollascope.registry.gguf.read import Header
from ollascope.serve.llamacpp import cards
from ollascope.serve.llamacpp.house.folder import Entry, Folder
from ollascope.serve.llamacpp.house.house import Guest, House
from ollascope.serve.llamacpp.post import Box, Post
from ollascope.serve.llamacpp.settings import Llamacpp
from ollascope.serve.llamacpp.speech.ask import Asked
from ollascope.serve.llamacpp.speech.tell import Teller
from ollascope.serve.llamacpp.voices import Voices
from ollascope.serve.llamacpp.wanting import context_of, usual_context, want, with_defaults
from ollascope.serve.llamacpp.wish import Event, Loaded
from ollascope.serve.source import closing
from ollascope.words.chunk import Chunk
from ollascope.words.errors import ModelMissing, Trouble, Unsupported
from ollascope.words.prompt import Prompt

TOO_LONG = "input exceeds maximum context length and cannot be truncated further"
NO_VECTORS = "This server does not support embeddings. Start it with `--embeddings`"
VECTORS_HINT = "use an embedding model, or set `embeds: true` for it in models.yaml"
LEAST_S = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the source works with."""

    folder: Folder
    house: House
    voices: Voices
    settings: Llamacpp
    guard: bool = False
    clock: Callable[[], float] = time.monotonic


class LlamaSource:
    """Answers prompts with real inference; belongs to one loop."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._post = Post()

    async def generate(self, prompt: Prompt) -> AsyncIterator[Chunk]:
        """The answer, each piece as it is made; who closes it early frees the slot at the next token."""
        parts, arrived = self._parts, self._parts.clock()
        entry = parts.folder.find(prompt.model)
        header = parts.folder.header(entry)
        if header.kind != "model":
            raise ModelMissing(f"{entry.name} is no model but an {header.kind}", hint="name it as `lora:` of a model")
        _check_able(entry, header, prompt)
        wanted = want(
            entry, header, prompt, parts.settings.loading, keep_alive_s=parts.settings.keep_alive_s, guard=parts.guard
        )
        loads_only = only_loads(prompt)
        if loads_only and wanted.lifetime_s == 0:
            parts.house.unload(entry.name)
            yield Chunk(done=True, reason="unload")
            return
        async with parts.house.guest(wanted) as guest:
            if loads_only:
                yield Chunk(done=True, reason="load")
            elif prompt.operation == "embed":
                yield _timed(await self._embed(prompt, guest), guest, parts.clock() - arrived)
            else:
                context = context_of(prompt, header) or usual_context(entry, header, parts.settings.loading)
                answer = self._answer(with_defaults(entry, prompt), guest, context, arrived)
                async with closing(answer) as chunks:
                    async for chunk in chunks:
                        yield _timed(chunk, guest, parts.clock() - arrived) if chunk.done else chunk

    async def _answer(self, prompt: Prompt, guest: Guest, context: int, arrived: float) -> AsyncIterator[Chunk]:
        asked = await asyncio.to_thread(lambda: self._asked(prompt, guest.model, context))
        box: Box[Event] = Box(self._post)
        teller = Teller(asked, started=arrived, load_s=guest.load_s, clock=self._parts.clock)
        ticket = guest.model.submit(asked.wish, box.put)
        try:
            while True:
                for told in teller.take(await box.take()):
                    if isinstance(told, Trouble):
                        raise told
                    yield told
                    if told.done:
                        return
                if teller.stopped:
                    ticket.stop()
        finally:
            ticket.cancel()

    def _asked(self, prompt: Prompt, model: Loaded, context: int) -> Asked:
        """The wish, held to the context that was asked for."""
        asked = self._parts.voices.of(model, context).ask(prompt)
        left = max(1, context - len(asked.wish.tokens))
        most = left if asked.wish.most is None else min(left, asked.wish.most)
        return replace(asked, wish=replace(asked.wish, most=most))

    async def _embed(self, prompt: Prompt, guest: Guest) -> Chunk:
        """A list with an empty text in it is refused, a lone empty text gives no vector: so does Ollama."""
        texts = prompt.inputs if any(prompt.inputs) else ()
        if not all(texts):
            raise refuse(TOO_LONG)
        if not texts:
            return Chunk(done=True, vectors=())
        tokens = await asyncio.to_thread(_text_tokens, prompt, guest.model, texts)
        box: Box[list[list[float]] | Trouble] = Box(self._post)
        ticket = guest.model.embed(tokens, lambda found: box.put((found,)))
        try:
            [found] = await box.take()
        finally:
            ticket.cancel()
        if isinstance(found, Trouble):
            raise found
        wanted = prompt.extra.get("dimensions")
        most = wanted if isinstance(wanted, int) and wanted > 0 else None
        vectors = tuple(_cut(vector, most) for vector in found)
        return Chunk(done=True, vectors=vectors, tokens_in=sum(map(len, tokens)))


def _check_able(entry: Entry, header: Header, prompt: Prompt) -> None:
    able = cards.capabilities(entry, header)
    if prompt.operation == "embed" and "embedding" not in able:
        raise Unsupported(NO_VECTORS, hint=VECTORS_HINT, status=501)
    if prompt.operation != "embed" and "completion" not in able and not only_loads(prompt):
        raise unable(prompt.model, "chat" if prompt.operation == "chat" else "generate")


def _text_tokens(prompt: Prompt, model: Loaded, texts: Sequence[str]) -> list[list[int]]:
    """The texts as tokens, each cut to what can be embedded unless the request forbids it."""
    longest = model.longest_text
    found = [model.tokens(text, start=True) for text in texts]
    if prompt.extra.get("truncate") is False and any(len(tokens) > longest for tokens in found):
        raise refuse("the input length exceeds the context length")
    return [tokens if len(tokens) <= longest else [*tokens[: longest - 1], tokens[-1]] for tokens in found]


def _cut(vector: Sequence[float], most: int | None) -> tuple[float, ...]:
    """The first numbers of a vector, made a vector of length 1 again."""
    if most is None or most >= len(vector):
        return tuple(vector)
    kept = vector[:most]
    length = math.sqrt(sum(number * number for number in kept))
    return tuple(number / length for number in kept) if length else tuple(kept)


def _timed(chunk: Chunk, guest: Guest, total_s: float) -> Chunk:
    """The last piece with the times that only the house knows; why the model was loaded, where it was.

    An answer without anything in it has no times, as with Ollama.
    """
    if chunk.tokens_in is None:
        return chunk
    extra = chunk.extra if guest.cause in {None, "cold"} else {**chunk.extra, "load_cause": guest.cause}
    return replace(
        chunk, load_s=max(LEAST_S, guest.load_s), queue_s=(chunk.queue_s or 0.0) + guest.queue_s,
        total_s=max(LEAST_S, total_s), extra=extra,
    )  # fmt: skip
