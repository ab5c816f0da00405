"""Vectors of texts, in a context of their own beside the one that answers."""

import threading

import numpy as np

from ollascope.serve.llamacpp.slots.answer import Vectors
from ollascope.serve.llamacpp.slots.native.context import POOLED, Context, Floats, Form
from ollascope.serve.llamacpp.slots.native.model import NOT_GIVEN, Model
from ollascope.serve.llamacpp.wish import Load
from ollascope.words.errors import InferenceFailed, Unsupported

LONGEST_TEXT = 2048  # tokens: a text is computed in one go, and memory grows with its length
TOGETHER = 32  # texts in one go
RANK = 4  # the pooling of models that judge a pair of texts


class Embedder:
    """Makes its context when the first vector is wanted; all but `stop_for_nobody` and `close` on one thread."""

    def __init__(self, model: Model, load: Load, threads: int) -> None:
        self.longest = min(load.context, LONGEST_TEXT, model.trained_context or LONGEST_TEXT)
        self._model = model
        self._load = load
        self._threads = threads
        self._context: Context | None = None
        self._lock = threading.Lock()
        self._closing = False
        self._current: Vectors | None = None
        self.pooling = self._chosen()

    def open(self) -> None:
        """Make the context."""
        form = Form(context=self.longest, sequences=TOGETHER, batch=self.longest, threads=self._threads,
                    pooling=self.pooling)  # fmt: skip
        self._context = Context(self._model, self._load, form)

    def step(self, wanted: Vectors) -> bool:
        """Compute some of the vectors; whether all are there. Raises what is wrong."""
        if self._context is None:
            self.open()
        assert self._context is not None
        texts = []
        room = self.longest
        for text in wanted.texts[wanted.done : wanted.done + TOGETHER]:
            if len(text) > room:
                break
            texts.append(text)
            room -= len(text)
        if texts:
            self._compute(self._context, wanted, texts)
        return wanted.done == len(wanted.texts)

    def stop_for_nobody(self) -> None:
        """From any thread: stop computing what was cancelled."""
        with self._lock:
            self._stop()

    def stop(self) -> None:
        """From any thread: nothing is computed from here on."""
        with self._lock:
            self._closing = True
            self._stop()

    def close(self) -> None:
        """Free the memory."""
        if self._context is not None:
            self._context.close()
            self._context = None

    def _compute(self, context: Context, wanted: Vectors, texts: list[np.ndarray]) -> None:
        context.clear()
        for number, text in enumerate(texts):
            context.put_whole(number, text)
        with self._lock:
            self._current = wanted
            self._stop()
        rows = context.size
        outcome = context.decode()
        with self._lock:
            self._current = None
            if not self._closing:
                context.sign.lower()
        if outcome == "stopped":
            return
        if outcome != "done":
            raise InferenceFailed(
                f"llama.cpp could not compute the vectors: {context.library.words()}", hint="try a shorter text"
            )
        wanted.done += len(texts)
        if self.pooling == POOLED["none"]:
            wanted.found += context.vectors(rows).tolist()
        else:
            wanted.found += [_scaled(context.vector(number)) for number in range(len(texts))]

    def _stop(self) -> None:
        cancelled = self._current is not None and self._current.cancelled.is_set()
        if self._context is not None and (self._closing or cancelled):
            self._context.sign.raise_()

    def _chosen(self) -> int:
        if self._load.pooling is not None:
            return POOLED[self._load.pooling]
        told = self._model.pooling
        if told == RANK:
            raise Unsupported(
                f"{self._model.path.name} ranks pairs of texts, which is not served", hint="use a model for vectors"
            )
        return POOLED["mean"] if told in {NOT_GIVEN, POOLED["none"]} else told


def _scaled(vector: Floats) -> list[float]:
    """To length 1, as Ollama and llama-server give vectors."""
    length = float(np.linalg.norm(vector))
    scaled: list[float] = (vector / length if length > 0 else vector).tolist()
    return scaled
