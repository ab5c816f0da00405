"""Opens a model: what is asked is checked, the file loaded, its speed here measured, all on the thread that decodes."""

import time
from collections.abc import Callable
from pathlib import Path

from ollascope.host.groups import Groups
from ollascope.host.memory import read_memory
from ollascope.serve.llamacpp.slots.decoder import Decoder, Work
from ollascope.serve.llamacpp.slots.embedding import Embedder
from ollascope.serve.llamacpp.slots.loaded import OpenModel
from ollascope.serve.llamacpp.slots.native.context import Context, Form
from ollascope.serve.llamacpp.slots.native.library import library
from ollascope.serve.llamacpp.slots.native.model import Model
from ollascope.serve.llamacpp.slots.reuse import Costs
from ollascope.serve.llamacpp.slots.steps import Steps
from ollascope.serve.llamacpp.slots.threads import Threads, possible_counts
from ollascope.serve.llamacpp.slots.warming import same_alone, warm
from ollascope.serve.llamacpp.wish import CacheType, Load, Loaded
from ollascope.words.errors import BadSettings, LoadFailed, OutOfMemory
from ollascope.words.record import Json

MOST_SLOTS = 256  # as many as llama.cpp keeps apart
PADDING = 256  # llama.cpp rounds a context up to this
NUMBER_BYTES: dict[CacheType, float] = {"f16": 2.0, "q8_0": 34 / 32, "q4_0": 18 / 32}
SMALLEST_BATCH = 32

Free = Callable[[], int | None]  # bytes that may still be used, where that can be known


def free_memory() -> int | None:
    """Of this machine, or of what our control group leaves of it."""
    root = Path("/")
    return read_memory(root, Groups(root)).available_bytes


def open_model(path: Path, load: Load, free: Free = free_memory) -> Loaded:
    """A model in memory; blocks until it is there. Raises LoadFailed, OutOfMemory, BadSettings or PackageMissing."""
    check_load(load)
    for file in (path, load.lora):
        if file is not None and not file.is_file():
            raise LoadFailed(f"there is no file {file}", hint="check the path; list the models that there are")
    started = time.perf_counter()
    loader = library()
    decoder = Decoder()
    facts: dict[str, Json] = {}

    def make() -> Work:
        model = Model(loader, path, load)
        try:
            return _work(model, load, free, facts)
        except BaseException:
            model.close()
            raise

    work = decoder.open(make)
    facts["load_s"] = time.perf_counter() - started
    return OpenModel(decoder, work, load, facts)


def check_load(load: Load) -> None:
    """Refuse what llama.cpp would refuse after minutes of loading, or not survive."""
    if not 1 <= load.slots <= MOST_SLOTS:
        raise BadSettings(f"{load.slots} slots", hint=f"1 to {MOST_SLOTS}")
    if load.context < 2 or load.batch < 1 or min(load.threads, load.threads_batch) < 0:
        raise BadSettings(
            f"a context of {load.context}, a batch of {load.batch}, {load.threads} threads",
            hint="a context from 2 tokens, a batch from 1, threads from 0, which lets the machine choose",
        )
    if load.cache_v != "f16" and not load.flash_attention:
        raise BadSettings(
            f"a KV cache with values in {load.cache_v} needs flash attention",
            hint="turn flash attention on, or use f16",
        )


def cache_bytes(model: Model, load: Load) -> int:
    """What the slots remember takes that much memory."""
    keys, values = model.cells()
    length = -(-load.context // PADDING) * PADDING
    return int(load.slots * length * (keys * NUMBER_BYTES[load.cache_k] + values * NUMBER_BYTES[load.cache_v]))


def _work(model: Model, load: Load, free: Free, facts: dict[str, Json]) -> Work:
    context: Context | None = None
    steps: Steps | None = None
    count = load.threads or possible_counts()[-1]
    threads = Threads(one=count, many=load.threads_batch or count)
    if model.generates:
        _check_memory(model, load, free)
        context = Context(model, load, _form(load, threads.many))
        threads, costs = warm(context, model, load)
        steps = Steps(model, context, costs)
        facts |= _speed(costs) | {"same_alone": same_alone(context)}
    embedder = Embedder(model, load, threads.many)
    if load.embeds or steps is None:
        embedder.open()
    facts |= _facts(model, load, threads)

    def close() -> None:
        embedder.close()
        if context is not None:
            context.close()
        model.close()

    return Work(model, steps, embedder, close)


def _form(load: Load, threads: int) -> Form:
    batch = max(load.batch, load.slots, SMALLEST_BATCH)
    return Form(context=load.context, sequences=load.slots, batch=batch, threads=threads)


def _check_memory(model: Model, load: Load, free: Free) -> None:
    """The system would grant the memory and then run out of it in the middle: better to be refused before."""
    needed, there = cache_bytes(model, load), free()
    if there is not None and needed > there:
        raise OutOfMemory(
            f"{model.path.name}: {load.slots} slots of {load.context} tokens remember {needed / 1e6:.0f} MB, "
            f"{there / 1e6:.0f} MB are free",
            hint="a smaller context, fewer slots, or a KV cache in q8_0",
        )


def _speed(costs: Costs) -> dict[str, Json]:
    return {
        "prefill_tokens_per_s": 1 / costs.token_s,
        "decode_tokens_per_s": 1 / costs.pass_s,
        "copy_s": costs.copy_s if costs.copy_s < float("inf") else None,
    }


def _facts(model: Model, load: Load, threads: Threads) -> dict[str, Json]:
    loader = model.library
    return {
        "name": model.name,
        "description": model.description,
        "parameters": model.parameters,
        "size_bytes": model.size,
        "cache_bytes": cache_bytes(model, load),
        "trained_context": model.trained_context,
        "width": model.width,
        "vocabulary": model.vocabulary.size,
        "generates": model.generates,
        "threads": threads.one,
        "threads_batch": threads.many,
        "build": loader.version(),
        "features": [name for name, used in loader.features().items() if used],
    }
