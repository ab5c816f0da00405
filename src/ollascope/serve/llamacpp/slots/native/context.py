"""A model at work: one batch of tokens of many sequences in, their logits or vectors out."""

import ctypes
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ollascope.serve.llamacpp.slots.native.library import Library, StopSign
from ollascope.serve.llamacpp.slots.native.model import Model, failed_to_load
from ollascope.serve.llamacpp.wish import CacheType, Load
from ollascope.words.errors import LoadFailed

Tokens = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]
Outcome = Literal["done", "full", "stopped", "failed"]

TYPES: dict[CacheType, int] = {"f16": 1, "q8_0": 8, "q4_0": 2}
AUTO, OFF = -1, 0  # flash attention
POOLED = {"none": 0, "mean": 1, "cls": 2, "last": 3}
FILLERS = 2  # tokens of each sequence that a batch may hold beyond those that count
OUTCOMES: dict[int, Outcome] = {0: "done", 1: "full", 2: "stopped"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What a context is made for."""

    context: int  # tokens of one sequence
    sequences: int
    batch: int
    threads: int
    pooling: int | None = None  # set for vectors instead of tokens

    @property
    def room(self) -> int:
        """Tokens that fit into a batch."""
        return self.batch if self.pooling is not None else self.batch + FILLERS * self.sequences


class Context:
    """llama.cpp's context and the batch that goes into it next."""

    def __init__(self, model: Model, load: Load, form: Form) -> None:
        self.library: Library = model.library
        self.c = model.library.c
        self.form = form
        self.sign = StopSign(self.library)
        self.library.forget()
        self.handle = self.c.llama_init_from_model(model.handle, self._parameters(load, form))
        if not self.handle:
            raise failed_to_load(f"{model.path.name}: no room for {form.sequences} x {form.context} tokens of context",
                                 self.library)  # fmt: skip
        self.c.llama_set_abort_callback(self.handle, self.sign.callback, self.sign.data)
        try:
            model.adapt(self.handle)
        except LoadFailed:
            self.close()
            raise
        self._memory = self.c.llama_get_memory(self.handle)
        self._width = model.width
        self._vocabulary = model.vocabulary.size
        self.capacity = int(self.c.llama_n_ctx_seq(self.handle))
        self.size = 0  # tokens in the batch that is being made
        room = form.room
        self._token: Tokens = np.zeros(room, np.int32)
        self._position: Tokens = np.zeros(room, np.int32)
        self._sequence: Tokens = np.zeros(room, np.int32)
        self._counts: Tokens = np.ones(room, np.int32)
        self._tell: npt.NDArray[np.int8] = np.zeros(room, np.int8)
        self._sequences = (self._sequence.ctypes.data + 4 * np.arange(room)).astype(np.uint64)
        self._batch = self._make_batch()
        self._seen_at = 0
        self._seen: Floats = np.zeros((0, 0), np.float32)

    def close(self) -> None:
        """Free the memory."""
        self.c.llama_free(self.handle)

    def put(self, sequence: int, tokens: Tokens | list[int], position: int, *, tell_last: bool) -> None:
        """Add tokens of one sequence to the batch, from that position on."""
        start, end = self.size, self.size + len(tokens)
        self._token[start:end] = tokens
        self._position[start:end] = range(position, position + len(tokens)) if end - start > 1 else position
        self._sequence[start:end] = sequence
        self._tell[start:end] = 0
        if tell_last:
            self._tell[end - 1] = 1
        self.size = end

    def put_whole(self, sequence: int, tokens: Tokens | list[int]) -> None:
        """Add a text whose vector is wanted."""
        start = self.size
        self.put(sequence, tokens, 0, tell_last=True)
        self._tell[start : self.size] = 1

    def decode(self) -> Outcome:
        """Compute the batch; it is empty afterwards."""
        self._batch.n_tokens, self.size = self.size, 0
        return OUTCOMES.get(self.c.llama_decode(self.handle, self._batch), "failed")

    def logits(self, rows: int) -> Floats:
        """The first `rows` outputs of the last batch, in its order; valid, and free to change, until the next."""
        address = ctypes.addressof(self.c.llama_get_logits(self.handle).contents)
        if address != self._seen_at:  # llama.cpp moves its buffer rarely, and a view takes as long as a small decode
            self._seen = self._view(address, self.form.sequences, self._vocabulary)
            self._seen_at = address
        return self._seen[:rows]

    def vector(self, sequence: int) -> Floats:
        """The pooled vector of a sequence."""
        place = self.c.llama_get_embeddings_seq(self.handle, sequence)
        return self._view(ctypes.addressof(place.contents), 1, self._width).copy().reshape(-1)

    def vectors(self, rows: int) -> Floats:
        """One vector a token."""
        place = self.c.llama_get_embeddings(self.handle)
        return self._view(ctypes.addressof(place.contents), rows, self._width).copy()

    def remove(self, sequence: int, position: int) -> bool:
        """Forget a sequence from that position on; False where this memory cannot be cut there."""
        return bool(self.c.llama_memory_seq_rm(self._memory, sequence, position, -1))

    def copy(self, source: int, target: int) -> None:
        """Let `target` remember what `source` does; the next decode copies the whole stream first."""
        self.c.llama_memory_seq_cp(self._memory, source, target, -1, -1)

    def clear(self) -> None:
        """Forget everything."""
        if self._memory:
            self.c.llama_memory_clear(self._memory, False)

    def set_threads(self, one: int, many: int) -> None:
        """How many threads compute a batch of one token, and a longer one."""
        self.c.llama_set_n_threads(self.handle, one, many)

    @property
    def pooling(self) -> int:
        return int(self.c.llama_pooling_type(self.handle))

    def _parameters(self, load: Load, form: Form) -> object:
        parameters = self.c.llama_context_default_params()
        parameters.n_ctx = form.context * form.sequences
        parameters.n_seq_max = form.sequences
        parameters.n_batch = parameters.n_ubatch = form.room
        parameters.n_threads = parameters.n_threads_batch = form.threads
        parameters.flash_attn_type = AUTO if load.flash_attention else OFF
        parameters.no_perf = True
        if form.pooling is None:
            parameters.n_outputs_max = form.sequences  # room for the logits of one token each
            parameters.kv_unified = False  # a stream each: the same numbers whoever else is in the batch
            parameters.type_k, parameters.type_v = TYPES[load.cache_k], TYPES[load.cache_v]
        else:
            parameters.n_ctx = form.context
            parameters.embeddings = True
            parameters.kv_unified = True  # separate streams would split the batch and pool its parts
            parameters.pooling_type = form.pooling
        return parameters

    def _make_batch(self) -> Any:
        """The batch lies in arrays that the C side reads where they are."""
        batch = self.c.llama_batch()
        batch.embd = None
        batch.token = _pointer(self._token, ctypes.c_int32)
        batch.pos = _pointer(self._position, ctypes.c_int32)
        batch.n_seq_id = _pointer(self._counts, ctypes.c_int32)
        batch.seq_id = ctypes.cast(self._sequences.ctypes.data, type(batch.seq_id))
        batch.logits = _pointer(self._tell, ctypes.c_int8)
        return batch

    @staticmethod
    def _view(address: int, rows: int, columns: int) -> Floats:
        memory = (ctypes.c_float * (rows * columns)).from_address(address)
        view: Floats = np.ctypeslib.as_array(memory).reshape(rows, columns)
        return view


def _pointer(array: Tokens | npt.NDArray[np.int8], kind: type[ctypes.c_int32] | type[ctypes.c_int8]) -> object:
    return array.ctypes.data_as(ctypes.POINTER(kind))
