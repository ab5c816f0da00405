"""Loads the library and lets it answer in a process of its own: a bad build ends the process that uses it.

Reads one order as JSON from standard input and writes one JSON object on standard output. Whoever starts it judges.
"""

import ctypes
import json
import resource
import sys
from pathlib import Path
from typing import TypedDict

LIBRARIES = ("libllama.so", "libllama.dylib")
CONTEXT = 512


class Order(TypedDict, total=False):
    """What is wanted: what a library says of itself, or an answer of a model."""

    library: str  # the folder of llama_cpp
    model: str
    prompt: str
    tokens: int  # at most
    guard: bool  # without the buffers that hold weights in another order


def main() -> None:
    """Do as ordered."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a crash is an answer here, not something to keep
    order: Order = json.load(sys.stdin)
    said = {"text": answer(order)} if "model" in order else {"system": system(Path(order["library"]))}
    print(json.dumps(said), flush=True)  # noqa: T201 - this is what the process is for


def system(package: Path) -> str:
    """llama.cpp's own line about its instructions; the library is loaded, none of its Python."""
    library = next(path for name in LIBRARIES if (path := package / "lib" / name).exists())
    tell = ctypes.CDLL(str(library)).llama_print_system_info
    tell.restype = ctypes.c_char_p
    said: bytes = tell()
    return said.decode("utf-8", "replace")


def answer(order: Order) -> str:
    """What the model says greedily; the whole prompt is one batch, where faults of a build show."""
    from llama_cpp import llama_cpp as native  # noqa: PLC0415 - the other order needs none of it

    native.llama_backend_init()
    model = _load(order)
    limits = native.llama_context_default_params()
    limits.n_ctx = limits.n_batch = limits.n_ubatch = CONTEXT
    limits.n_threads = limits.n_threads_batch = 1
    context = native.llama_init_from_model(model, limits)
    vocabulary = native.llama_model_get_vocab(model)
    tokens = (native.llama_token * CONTEXT)()
    prompt = order["prompt"].encode()
    count = native.llama_tokenize(vocabulary, prompt, len(prompt), tokens, CONTEXT, False, True)
    greedy = native.llama_sampler_init_greedy()
    said = b""
    for _ in range(order["tokens"]):
        if native.llama_decode(context, native.llama_batch_get_one(tokens, count)):
            raise SystemExit("llama_decode failed")
        token = native.llama_sampler_sample(greedy, context, -1)
        if native.llama_vocab_is_eog(vocabulary, token):
            break
        said += _piece(vocabulary, token)
        tokens[0], count = token, 1
    return said.decode("utf-8", "replace")


def _load(order: Order) -> ctypes.c_void_p:
    from llama_cpp import llama_cpp as native  # noqa: PLC0415

    wishes = native.llama_model_default_params()
    wishes.n_gpu_layers = 0
    wishes.use_extra_bufts = not order["guard"]
    model = native.llama_model_load_from_file(order["model"].encode(), wishes)
    if not model:
        raise SystemExit("the model could not be loaded")
    return ctypes.c_void_p(model)


def _piece(vocabulary: int, token: int) -> bytes:
    from llama_cpp import llama_cpp as native  # noqa: PLC0415

    room = ctypes.create_string_buffer(256)
    size = native.llama_token_to_piece(vocabulary, token, room, len(room), 0, False)
    return room.raw[: max(0, size)]


if __name__ == "__main__":
    main()
