"""What is told of models made from files: in lists, in memory, in detail."""

import math
from collections.abc import Iterator
from typing import Final

from ollascope.apis.models import Card, Model
from ollascope.apis.writing import instant
from ollascope.registry.gguf.read import Header
from ollascope.serve.llamacpp.house.folder import Entry
from ollascope.serve.llamacpp.house.house import Room
from ollascope.words.record import Json

FOR_EVER: Final = "2319-03-03T01:43:19.6Z"  # what Ollama says of a model that is never unloaded
SECOND: Final = 1_000_000_000
UNITS: Final = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K"))
THINKS: Final = ("<think>", "enable_thinking", "reasoning_effort")


def capabilities(entry: Entry, header: Header) -> tuple[str, ...]:
    """What a model can do, in the words of Ollama's API."""
    if embeds(entry, header) and entry.listed.embeds is not True:
        return ("embedding",)
    template = header.template or ""
    known = (
        ("embedding", entry.listed.embeds is True),
        ("completion", True),
        ("tools", "tools" in template),
        ("thinking", any(word in template for word in THINKS)),
    )
    return tuple(word for word, able in known if able)


def embeds(entry: Entry, header: Header) -> bool:
    """Whether it gives vectors: the file says so, or `models.yaml` does."""
    return header.embeds if entry.listed.embeds is None else entry.listed.embeds


def listed(entry: Entry, header: Header, digest: str, size: int, modified_ns: int) -> Model:
    """A line of /api/tags."""
    return Model(
        name=entry.name, size=size, digest=digest, modified_at=instant(modified_ns),
        details=details(header, lengths=True), capabilities=capabilities(entry, header),
    )  # fmt: skip


def in_memory(room: Room, header: Header, digest: str, now: float, wall_ns: int) -> Model:
    """A line of /api/ps; no part of it is in the memory of a graphics processor unless layers were put there."""
    load = room.wanted.load
    expires = FOR_EVER if math.isinf(room.expires) else instant(wall_ns + int((room.expires - now) * SECOND))
    return Model(
        name=room.wanted.name, size=room.bytes, digest=digest, details=details(header), expires_at=expires,
        size_vram=room.bytes if load.gpu_layers else 0, context_length=load.context,
    )  # fmt: skip


def card(entry: Entry, header: Header, modified_ns: int) -> Card:
    """What /api/show tells."""
    parameters = "\n".join(f"{name:<30} {value}" for name, value in _pairs(entry))
    lines = [f"FROM {entry.path}", f"TEMPLATE {_quoted(header.template)}" if header.template else ""]
    lines += [f"ADAPTER {entry.listed.lora}"] if entry.listed.lora else []
    lines += [f"PARAMETER {' '.join(line.split(None, 1))}" for line in parameters.splitlines()]
    return Card(
        template=header.template, parameters=parameters or None, modelfile="\n".join(filter(None, lines)) + "\n",
        details=details(header, lengths=True), model_info=_info(header), capabilities=capabilities(entry, header),
        modified_at=instant(modified_ns), extra={"license": header.license} if header.license else {},
    )  # fmt: skip


def details(header: Header, *, lengths: bool = False) -> dict[str, Json]:
    """The same few facts wherever a model is named."""
    known: dict[str, Json] = {
        "parent_model": "", "format": "gguf", "family": header.architecture, "families": [header.architecture],
        "parameter_size": size_of(header.parameters), "quantization_level": header.quantisation,
    }  # fmt: skip
    return {**known, "context_length": header.context, "embedding_length": header.hidden} if lengths else known


def size_of(parameters: int) -> str:
    """A number of parameters as Ollama writes it: 164.29K, 1.32M, 8.0B."""
    for unit, letter in UNITS:
        if parameters >= unit:
            return f"{parameters / unit:.{1 if letter in 'BT' else 2}f}{letter}"
    return str(parameters)


def _pairs(entry: Entry) -> Iterator[tuple[str, Json]]:
    for name, value in entry.listed.options.given().items():
        for one in value if isinstance(value, list) else [value]:
            yield name, one


def _info(header: Header) -> dict[str, Json]:
    arch = header.architecture
    known: dict[str, Json | None] = {
        "general.architecture": arch, "general.file_type": header.file_type, "general.name": header.name,
        "general.parameter_count": header.parameters, "general.type": header.kind,
        f"{arch}.attention.head_count": header.heads,
        f"{arch}.attention.head_count_kv": max(header.kv_heads, default=None),
        f"{arch}.attention.key_length": header.key, f"{arch}.attention.value_length": header.value,
        f"{arch}.block_count": header.layers, f"{arch}.context_length": header.context,
        f"{arch}.embedding_length": header.hidden, f"{arch}.expert_count": header.experts,
        f"{arch}.feed_forward_length": header.ffn, f"{arch}.vocab_size": header.vocabulary,
        "tokenizer.ggml.model": header.tokenizer, "tokenizer.ggml.pre": header.pretokenizer,
    }  # fmt: skip
    return {key: value for key, value in known.items() if value is not None}


def _quoted(text: str | None) -> str:
    return f'"""{text}"""'
