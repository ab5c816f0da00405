"""The Qwen3 architecture as a GGUF file: its settings, its tokenizer, its tensors; needs numpy."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ollascope.registry.gguf.encode import BLOCK, FILE_TYPE, Floats, Weights, encode, kind_for
from ollascope.registry.gguf.kinds import POOLINGS
from ollascope.registry.gguf.write import Buffer, Tensor, Value, write_gguf
from ollascope.words.errors import BadUsage

EPSILON = 1e-6
SPECIALS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
TEMPLATE = (
    "{%- for message in messages %}"
    "{{- '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}"
)
_NORMAL, _CONTROL = 1, 3  # what the format calls the kinds of tokens
_POOLING = {name: number for number, name in POOLINGS.items()}

Numbers = Callable[[str, tuple[int, ...]], Floats]  # a tensor's name and shape -> its numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The measures of a Qwen3 model."""

    hidden: int
    layers: int
    heads: int
    kv_heads: int
    head: int
    ffn: int
    vocabulary: int
    context: int = 4096
    rope_base: float = 10_000.0
    tied: bool = True  # the output matrix is the token embedding


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokenizer:
    """A byte-level BPE vocabulary whose first `control` tokens are control tokens."""

    tokens: tuple[str, ...]
    control: int
    merges: tuple[str, ...]
    template: str = TEMPLATE

    @property
    def end(self) -> int:
        """The token that ends an answer."""
        return self.tokens.index("<|im_end|>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """All that is written into one file, but for the numbers of its tensors."""

    name: str
    shape: Shape
    tokenizer: Tokenizer
    weights: Weights = "f16"
    pooling: str | None = None  # makes it a model for embeddings


def write_qwen3(path: Path, model: Model, numbers: Numbers) -> None:
    """Write the model with the numbers that `numbers` gives for each tensor."""
    _refuse_odd(model)
    write_gguf(path, _metadata(model), [_tensor(*named, model.weights, numbers) for named in layout(model.shape)])


def layout(shape: Shape) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Every tensor's name and shape: outputs by inputs."""
    yield "token_embd.weight", (shape.vocabulary, shape.hidden)
    if not shape.tied:
        yield "output.weight", (shape.vocabulary, shape.hidden)
    yield "output_norm.weight", (shape.hidden,)
    for layer in range(shape.layers):
        for name, measures in _layer(shape):
            yield f"blk.{layer}.{name}.weight", measures


def parameters(shape: Shape) -> int:
    """How many numbers the model has."""
    total = 0
    for _, measures in layout(shape):
        count = 1
        for measure in measures:
            count *= measure
        total += count
    return total


def _layer(shape: Shape) -> Iterator[tuple[str, tuple[int, ...]]]:
    queries, keys = shape.heads * shape.head, shape.kv_heads * shape.head
    yield "attn_norm", (shape.hidden,)
    yield "attn_q", (queries, shape.hidden)
    yield "attn_k", (keys, shape.hidden)
    yield "attn_v", (keys, shape.hidden)
    yield "attn_q_norm", (shape.head,)
    yield "attn_k_norm", (shape.head,)
    yield "attn_output", (shape.hidden, queries)
    yield "ffn_norm", (shape.hidden,)
    yield "ffn_gate", (shape.ffn, shape.hidden)
    yield "ffn_up", (shape.ffn, shape.hidden)
    yield "ffn_down", (shape.hidden, shape.ffn)


def _tensor(name: str, shape: tuple[int, ...], weights: Weights, numbers: Numbers) -> Tensor:
    kind = kind_for(shape, weights)
    return Tensor(name=name, shape=shape, kind=kind, data=partial(_bytes, numbers, name, shape, kind))


def _bytes(numbers: Numbers, name: str, shape: tuple[int, ...], kind: Weights) -> Buffer:
    return encode(numbers(name, shape), kind)


def _metadata(model: Model) -> dict[str, Value]:
    shape, tokenizer = model.shape, model.tokenizer
    kinds = [_CONTROL if place < tokenizer.control else _NORMAL for place in range(len(tokenizer.tokens))]
    pooling = {} if model.pooling is None else {"qwen3.pooling_type": _POOLING[model.pooling]}
    return {
        "general.architecture": "qwen3", "general.type": "model", "general.name": model.name,
        "general.file_type": FILE_TYPE[model.weights], "general.quantization_version": 2,
        "qwen3.block_count": shape.layers, "qwen3.context_length": shape.context,
        "qwen3.embedding_length": shape.hidden, "qwen3.feed_forward_length": shape.ffn,
        "qwen3.attention.head_count": shape.heads, "qwen3.attention.head_count_kv": shape.kv_heads,
        "qwen3.attention.key_length": shape.head, "qwen3.attention.value_length": shape.head,
        "qwen3.attention.layer_norm_rms_epsilon": EPSILON, "qwen3.rope.freq_base": shape.rope_base,
        "qwen3.vocab_size": shape.vocabulary, **pooling,
        "tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "qwen2",
        "tokenizer.ggml.tokens": tokenizer.tokens, "tokenizer.ggml.token_type": kinds,
        "tokenizer.ggml.merges": tokenizer.merges, "tokenizer.ggml.eos_token_id": tokenizer.end,
        "tokenizer.ggml.bos_token_id": 0, "tokenizer.ggml.padding_token_id": 0,
        "tokenizer.ggml.add_bos_token": False, "tokenizer.chat_template": tokenizer.template,
    }  # fmt: skip


def _refuse_odd(model: Model) -> None:
    shape = model.shape
    measures = (shape.hidden, shape.layers, shape.heads, shape.kv_heads, shape.head, shape.ffn, shape.context)
    if min(measures) < 1:
        raise BadUsage("every measure of a model is at least 1", hint="name larger numbers")
    if shape.heads % shape.kv_heads:
        raise BadUsage(f"{shape.heads} heads cannot share {shape.kv_heads} key-value heads",
                       hint="the heads are a multiple of the key-value heads")  # fmt: skip
    if shape.head % 2:
        raise BadUsage(f"a head of width {shape.head} cannot be rotated", hint="the width of a head is even")
    if model.weights not in FILE_TYPE:
        raise BadUsage(f"no weights of type {model.weights!r}", hint="there are f32, f16 and q8_0")
    if model.weights == "q8_0" and any(measure % BLOCK for measure in (shape.hidden, shape.ffn, shape.head)):
        raise BadUsage("q8_0 packs 32 numbers at a time", hint="hidden, ffn and head are multiples of 32")
    if model.pooling is not None and model.pooling not in _POOLING:
        raise BadUsage(f"no pooling named {model.pooling!r}", hint=f"there are {', '.join(_POOLING)}")
