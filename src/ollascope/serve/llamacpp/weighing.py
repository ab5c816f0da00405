"""How much memory a model will take, told from its file's first bytes."""

from pathlib import Path

from ollascope.registry.gguf.estimate import Plan, estimate
from ollascope.registry.gguf.read import Header, read_header
from ollascope.serve.llamacpp.wish import Load
from ollascope.words.errors import LoadFailed


def weigh(name: str, path: Path, load: Load) -> int:
    """Weights, adapter, what the slots remember, and the buffers around them."""
    header = read_header(path)
    if header.kind != "model":
        raise LoadFailed(f"{name} is no model but an {header.kind}", hint="name it as `lora:` of a model")
    plan = Plan(
        context=load.context, slots=load.slots, keys=load.cache_k, values=load.cache_v, batch=load.batch,
        flash=load.flash_attention,
    )  # fmt: skip
    adapter = read_header(load.lora).weight_bytes if load.lora else 0
    return estimate(header, plan).model + adapter + _others(path, header)


def _others(path: Path, header: Header) -> int:
    """The weights in the further files of a model that is split; all of them must be there."""
    total = 0
    for part in range(2, header.parts + 1):
        other = path.with_name(path.name.replace(f"-00001-of-{header.parts:05}", f"-{part:05}-of-{header.parts:05}"))
        if not other.is_file():
            raise LoadFailed(f"{other} is missing: the model has {header.parts} parts", hint="get all of its files")
        total += other.stat().st_size
    return total
