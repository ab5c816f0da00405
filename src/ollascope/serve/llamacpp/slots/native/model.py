"""A model file in memory: its vocabulary, what its file says of itself, its LoRA adapter."""

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ollascope.serve.llamacpp.slots.native.library import Library
from ollascope.serve.llamacpp.wish import Load
from ollascope.words.errors import InferenceFailed, LoadFailed, OutOfMemory

LONGEST_VALUE = 1 << 20  # bytes of one text in a file's metadata
NOT_GIVEN = -1
MEMORY_WORDS = ("allocat", "out of memory", "bad_alloc", "not enough", "cannot reserve")


class Model:
    """The weights; `close` frees them, after which the vocabulary may not be asked any more."""

    def __init__(self, library: Library, path: Path, load: Load) -> None:
        self.library = library
        self.path = path
        library.forget()
        parameters = library.c.llama_model_default_params()
        parameters.n_gpu_layers = load.gpu_layers
        if load.guard:
            parameters.use_extra_bufts = False
        self.handle = library.c.llama_model_load_from_file(str(path).encode(), parameters)
        if not self.handle:
            raise failed_to_load(f"{path.name} cannot be loaded", library)
        self._adapter: object | None = None
        self._scale = load.lora_scale
        if load.lora is not None:
            self._adapter = self._read_adapter(load.lora)
        self.vocabulary = Vocabulary(library, self.handle)

    def adapt(self, context: object) -> None:
        """Put the adapter into force in a context."""
        if self._adapter is None:
            return
        c = self.library.c
        adapters = (c.llama_adapter_lora_p_ctypes * 1)(self._adapter)
        if c.llama_set_adapters_lora(context, adapters, 1, (ctypes.c_float * 1)(self._scale)):
            raise LoadFailed(
                f"the LoRA adapter does not fit {self.path.name}: {self.library.words()}",
                hint="use the base model that the adapter was trained on",
            )

    def close(self) -> None:
        """Free the weights, and the adapter with them."""
        with self.vocabulary.lock:
            self.vocabulary.gone = True
            self.library.c.llama_model_free(self.handle)

    def text(self, key: str) -> str | None:
        """A single value of the file's metadata as text."""
        buffer = ctypes.create_string_buffer(256)
        c = self.library.c
        length = c.llama_model_meta_val_str(self.handle, key.encode(), buffer, len(buffer))
        if length < 0:
            return None
        if length >= len(buffer):
            buffer = ctypes.create_string_buffer(min(length + 1, LONGEST_VALUE))
            c.llama_model_meta_val_str(self.handle, key.encode(), buffer, len(buffer))
        return buffer.value.decode("utf-8", "replace")

    def number(self, key: str) -> int | None:
        """A single value of the file's metadata as a number, under its architecture's name."""
        value = self.text(f"{self.text('general.architecture')}.{key}")
        return int(value) if value is not None and value.isdecimal() else None

    @property
    def name(self) -> str:
        return self.text("general.name") or self.path.stem

    @property
    def template(self) -> str | None:
        """The file's chat template."""
        told = self.library.c.llama_model_chat_template(self.handle, None)
        return told.decode("utf-8", "replace") if told else None

    @property
    def description(self) -> str:
        buffer = ctypes.create_string_buffer(128)
        self.library.c.llama_model_desc(self.handle, buffer, len(buffer))
        return buffer.value.decode("utf-8", "replace")

    @property
    def parameters(self) -> int:
        return int(self.library.c.llama_model_n_params(self.handle))

    @property
    def size(self) -> int:
        """Bytes of all tensors."""
        return int(self.library.c.llama_model_size(self.handle))

    @property
    def trained_context(self) -> int:
        return int(self.library.c.llama_model_n_ctx_train(self.handle))

    @property
    def width(self) -> int:
        """Numbers in one vector that comes out."""
        return int(self.library.c.llama_model_n_embd_out(self.handle))

    @property
    def generates(self) -> bool:
        """False for models that only make vectors."""
        c = self.library.c
        causal = self.text(f"{self.text('general.architecture')}.attention.causal") != "false"
        return causal and not c.llama_model_has_encoder(self.handle) and not c.llama_model_is_diffusion(self.handle)

    @property
    def cuts(self) -> bool:
        """Whether what a slot remembers can be cut anywhere; recurrent models keep a summary that cannot."""
        c = self.library.c
        return not c.llama_model_is_recurrent(self.handle) and not c.llama_model_is_hybrid(self.handle)

    @property
    def pooling(self) -> int:
        """How the file wants vectors pooled, as llama.cpp numbers it."""
        told = self.number("pooling_type")
        return NOT_GIVEN if told is None else told

    def cells(self) -> tuple[int, int]:
        """How many numbers one token of context keeps, in keys and in values; of models alike in all layers."""
        c = self.library.c
        heads = int(c.llama_model_n_head(self.handle)) or 1
        head = int(c.llama_model_n_embd(self.handle)) // heads
        rows = int(c.llama_model_n_layer(self.handle)) * int(c.llama_model_n_head_kv(self.handle))
        return (
            rows * (self.number("attention.key_length") or head),
            rows * (self.number("attention.value_length") or head),
        )

    def _read_adapter(self, path: Path) -> object:
        adapter: object = self.library.c.llama_adapter_lora_init(self.handle, str(path).encode()) or None
        if adapter is None:
            trouble = failed_to_load(f"the LoRA adapter {path.name} cannot be loaded", self.library)
            self.library.c.llama_model_free(self.handle)
            raise trouble
        return adapter


class Vocabulary:
    """Text to tokens and back."""

    def __init__(self, library: Library, model: object) -> None:
        self.c = library.c
        self.handle = self.c.llama_model_get_vocab(model)
        self.size = int(self.c.llama_vocab_n_tokens(self.handle))
        self.lock = threading.Lock()  # whoever asks holds off whoever frees
        self.gone = False
        is_end, handle = self.c.llama_vocab_is_eog, self.handle
        self.ends = frozenset(token for token in range(self.size) if is_end(handle, token))
        self.suppressed = self._suppressed()
        self._plain: list[bytes | None] = [None] * self.size
        self._whole = self._spell()  # at load, as it takes a moment for a large vocabulary
        self.lengths: npt.NDArray[np.int32] = np.array([len(data) for data in self._whole], np.int32)
        self.first = int(self.c.llama_vocab_bos(self.handle))
        self.bos = self._text(self.first)  # what a prompt begins with, or nothing
        self.eos = self._text(int(self.c.llama_vocab_eos(self.handle)))

    def tokens(self, text: str, *, special: bool, start: bool) -> list[int]:
        """Special texts count as such only where `special`; `start` adds what the file wants around a text."""
        data = text.encode("utf-8", "replace")
        room = len(data) + 8
        with self.asked():
            while True:
                buffer = np.empty(room, np.int32)
                place = buffer.ctypes.data_as(self.c.llama_token_p)
                count = self.c.llama_tokenize(self.handle, data, len(data), place, room, start, special)
                if count >= 0:
                    found = buffer[:count].tolist()
                    return self._once(found) if start else found
                room = -count

    def data(self, token: int, *, special: bool = False) -> bytes:
        """The bytes of a token; special tokens have none unless `special`."""
        if not 0 <= token < self.size:
            return b""
        if special:
            return self._whole[token]
        known = self._plain[token]
        if known is None:
            with self.asked():
                known = self._plain[token] = self._piece(token, special=False)
        return known

    def spelled(self, token: int) -> list[int] | None:
        """The token as tokens of one byte each, or None where this vocabulary has none for one of them."""
        found = [self._letters.get(byte) for byte in self.data(token, special=True)]
        return None if None in found else [letter for letter in found if letter is not None]

    @cached_property
    def by_length(self) -> list[npt.NDArray[np.int32]]:
        """All tokens, those of the same length together, the shortest first."""
        return by_length(np.arange(self.size, dtype=np.int32), self.lengths)

    @cached_property
    def _letters(self) -> dict[int, int]:
        """The token of each single byte."""
        alone = np.flatnonzero(self.lengths == 1).tolist()
        return {self.data(token, special=True)[0]: token for token in reversed(alone)}

    def id_of(self, text: str) -> int | None:
        """The one token that this special text is."""
        found = self.tokens(text, special=True, start=False)
        return found[0] if len(found) == 1 and self.data(found[0], special=True) == text.encode() else None

    def _text(self, token: int) -> str:
        return self.data(token, special=True).decode("utf-8", "replace") if token >= 0 else ""

    def _once(self, tokens: list[int]) -> list[int]:
        """A template that writes the first token itself would double it."""
        return tokens[1:] if self.first >= 0 and tokens[:2] == [self.first, self.first] else tokens

    def _spell(self) -> list[bytes]:
        """All tokens as they are written, special ones too."""
        told, handle, buffer = self.c.llama_token_to_piece, self.handle, ctypes.create_string_buffer(256)
        found = []
        for token in range(self.size):
            length = told(handle, token, buffer, 256, 0, True)
            found.append(buffer.raw[:length] if length >= 0 else self._piece(token, special=True))
        return found

    def _piece(self, token: int, *, special: bool) -> bytes:
        buffer = ctypes.create_string_buffer(64)
        length = self.c.llama_token_to_piece(self.handle, token, buffer, len(buffer), 0, special)
        if length < 0:
            buffer = ctypes.create_string_buffer(-length)
            length = self.c.llama_token_to_piece(self.handle, token, buffer, len(buffer), 0, special)
        return buffer.raw[: max(0, length)]

    def _suppressed(self) -> tuple[int, ...]:
        """Tokens that the file forbids in answers."""
        count = ctypes.c_int32(0)
        found = self.c.llama_vocab_get_suppress_tokens(self.handle, ctypes.byref(count))
        return tuple(found[place] for place in range(count.value)) if found else ()

    @contextmanager
    def asked(self) -> Iterator[None]:
        """Hold the vocabulary while it is asked; refused once it is freed."""
        with self.lock:
            if self.gone:
                raise InferenceFailed("the model was unloaded meanwhile", hint="send the request again")
            yield


def failed_to_load(what: str, library: Library) -> LoadFailed | OutOfMemory:
    """The error that fits what llama.cpp said last."""
    words = library.words()
    if any(word in words.lower() for word in MEMORY_WORDS):
        return OutOfMemory(
            f"{what}: {words}", hint="use a smaller model, a smaller context, fewer slots or a quantised KV cache"
        )
    return LoadFailed(
        f"{what}: {words}", hint="check that the file is complete and that this version of llama.cpp knows it"
    )


def by_length(tokens: npt.NDArray[np.int32], lengths: npt.NDArray[np.int32]) -> list[npt.NDArray[np.int32]]:
    """Tokens of the same length together, the shortest first; `lengths` are those of all tokens there are."""
    theirs = lengths[tokens]
    order = np.argsort(theirs, kind="stable")
    return [tokens[part] for part in np.split(order, np.flatnonzero(np.diff(theirs[order])) + 1) if len(part)]
