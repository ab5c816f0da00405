"""What a GGUF file is, read from its first bytes: never its weights, never more than it really holds."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from ollascope.registry.gguf.cursor import opened
from ollascope.registry.gguf.directory import Entry, read_directory
from ollascope.registry.gguf.facts import Facts
from ollascope.registry.gguf.kinds import FILE_TYPES, POOLINGS
from ollascope.settings.findings import printable

EMBEDDERS = frozenset(  # architectures that only make vectors
    {"bert", "modern-bert", "nomic-bert", "nomic-bert-moe", "neo-bert", "jina-bert-v2", "jina-bert-v3", "eurobert",
     "gemma-embedding", "t5encoder"}
)  # fmt: skip
MOST_LAYERS = 10_000
NAME_LENGTH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """A model file without its weights; `None` where the file does not say."""

    version: int
    architecture: str
    kind: str  # model, adapter, or what else general.type names
    name: str | None
    context: int | None  # the longest text that the model was trained on, in tokens
    layers: int | None
    hidden: int | None
    ffn: int | None
    heads: int | None
    kv_heads: tuple[int, ...]  # of each layer; empty if the file does not say
    key: int | None  # numbers in a key of one head
    value: int | None
    window: int | None  # how far back layers with a sliding window look
    experts: int | None
    experts_used: int | None
    vocabulary: int | None
    tokenizer: str | None
    pretokenizer: str | None
    template: str | None  # the chat template, a Jinja program from the file: never run it outside a sandbox
    pooling: str | None
    embeds: bool  # made for vectors, not for text
    file_type: int | None
    quantisation: str  # as people name it: F16, Q4_K_M
    license: str | None
    part: int  # of a model that is split over several files, counted from 1
    parts: int
    tensors: int
    parameters: int  # in this file
    weight_bytes: int
    embedding_bytes: int  # of the table of token embeddings, of which only rows are read
    file_bytes: int


def read_header(path: Path) -> Header:
    """Read what a GGUF file says of itself; anything that is not right with it is a named error."""
    with opened(path) as cursor:
        return _header(Facts(cursor, read_directory(cursor)))


def _header(facts: Facts) -> Header:
    kind = facts.text("general.type") or "model"
    layers = facts.count("ARCH.block_count", least=1, most=MOST_LAYERS)
    hidden = facts.count("ARCH.embedding_length", least=1)
    heads = facts.counts("ARCH.attention.head_count", layers)
    context = facts.count("ARCH.context_length", least=1)
    if kind == "model" and facts.architecture != "clip":
        facts.need({"ARCH.block_count": layers, "ARCH.embedding_length": hidden, "ARCH.context_length": context})
    tensors = facts.found.tensors
    head = hidden // max(heads) if hidden and heads and max(heads) else None
    pooling = _pooling(facts)
    file_type = facts.count("general.file_type")
    return Header(
        version=facts.found.version,
        architecture=facts.architecture,
        kind=kind,
        name=_clean(facts.text("general.name")),
        context=context,
        layers=layers,
        hidden=hidden,
        ffn=max(facts.counts("ARCH.feed_forward_length", layers), default=None),
        heads=max(heads, default=None),
        kv_heads=facts.counts("ARCH.attention.head_count_kv", layers) or heads,
        key=facts.count("ARCH.attention.key_length", least=1) or head,
        value=facts.count("ARCH.attention.value_length", least=1) or head,
        window=facts.count("ARCH.attention.sliding_window"),
        experts=facts.count("ARCH.expert_count"),
        experts_used=facts.count("ARCH.expert_used_count"),
        vocabulary=facts.found.lengths.get("tokenizer.ggml.tokens", facts.count("ARCH.vocab_size")),
        tokenizer=_clean(facts.text("tokenizer.ggml.model")),
        pretokenizer=_clean(facts.text("tokenizer.ggml.pre")),
        template=facts.text("tokenizer.chat_template"),
        pooling=pooling,
        embeds=_embeds(facts, pooling),
        file_type=file_type,
        quantisation=FILE_TYPES.get(-1 if file_type is None else file_type) or _main_kind(tensors),
        license=_clean(facts.text("general.license")),
        part=(facts.count("split.no") or 0) + 1,
        parts=facts.count("split.count") or 1,
        tensors=len(tensors),
        parameters=sum(entry.numbers for entry in tensors),
        weight_bytes=sum(entry.size for entry in tensors),
        embedding_bytes=sum(entry.size for entry in tensors if entry.name == "token_embd.weight"),
        file_bytes=facts.cursor.size,
    )


def _pooling(facts: Facts) -> str | None:
    number = facts.count("ARCH.pooling_type")
    return None if number is None else POOLINGS.get(number, str(number))


def _embeds(facts: Facts, pooling: str | None) -> bool:
    if facts.found.values.get(f"{facts.architecture}.attention.causal") is False:
        return True
    return facts.architecture in EMBEDDERS or pooling not in (None, "none")


def _main_kind(tensors: list[Entry]) -> str:
    """The type that takes most of the bytes, for files that do not name their quantisation."""
    sizes: Counter[str] = Counter()
    for entry in tensors:
        sizes[entry.kind.name.upper()] += entry.size
    return sizes.most_common(1)[0][0] if sizes else "unknown"


def _clean(text: str | None) -> str | None:
    return None if text is None else printable(text, limit=NAME_LENGTH).strip() or None
