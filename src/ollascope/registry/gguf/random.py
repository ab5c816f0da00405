"""Untrained models of any size, the same bytes for the same arguments, for load tests; needs numpy.

They answer any prompt with meaningless groups of ASCII letters and never end an answer by themselves: the length of
an answer is the limit that the request sets.
"""

import math
from collections.abc import Iterator, Mapping
from itertools import islice, product
from pathlib import Path
from typing import NotRequired, TypedDict, Unpack

import numpy as np
from numpy.random import PCG64, SeedSequence

from ollascope.registry.gguf.alphabet import LETTER_OF
from ollascope.registry.gguf.encode import Floats, Weights
from ollascope.registry.gguf.qwen3 import SPECIALS, Model, Shape, Tokenizer, layout, write_qwen3
from ollascope.words.errors import BadUsage


class Measures(TypedDict):
    """How large an untrained model is."""

    hidden: int
    layers: int
    heads: int
    kv_heads: int
    head: int
    ffn: int
    vocabulary: int
    context: NotRequired[int]


PRESETS: Mapping[str, Measures] = {  # named by their parameters
    "tiny": Measures(hidden=64, layers=2, heads=2, kv_heads=1, head=32, ffn=192, vocabulary=1024),
    "2m": Measures(hidden=192, layers=4, heads=6, kv_heads=2, head=32, ffn=512, vocabulary=1024),
    "90m": Measures(hidden=768, layers=12, heads=12, kv_heads=4, head=64, ffn=2304, vocabulary=4096),
    "400m": Measures(hidden=1024, layers=24, heads=16, kv_heads=8, head=128, ffn=3072, vocabulary=8192),
}
SMALLEST = len(SPECIALS) + len(LETTER_OF) + 1  # loaders want one merge at least
LIVELY = 4.0  # how far the logits of the letters spread
NEVER = -100.0  # what keeps all other tokens away: it meets a state whose first number is always above 0
_LETTERS = "etaoinshrdlucmfwypvbgkjqxz"
_SPACE = LETTER_OF[ord(" ")]


def write_random(path: Path, *, weights: Weights = "f16", seed: int = 0, **measures: Unpack[Measures]) -> None:
    """Write an untrained model of these measures."""
    if measures["vocabulary"] < SMALLEST:
        raise BadUsage(
            f"a vocabulary of {measures['vocabulary']} tokens cannot spell every byte", hint=f"{SMALLEST} or more"
        )
    shape = Shape(**measures, tied=False)
    tokenizer = _tokenizer(shape.vocabulary)
    drawn = {name: place for place, (name, _) in enumerate(layout(shape))}

    def numbers(name: str, of: tuple[int, ...]) -> Floats:
        if len(of) == 1:
            return np.ones(of, np.float32)
        return _shaped(name, _draw(SeedSequence([seed, drawn[name]]), of), tokenizer)

    write_qwen3(path, Model(name=path.stem, shape=shape, tokenizer=tokenizer, weights=weights), numbers)


def _draw(seed: SeedSequence, shape: tuple[int, ...]) -> Floats:
    """Even numbers around 0 with a spread of 1, from raw bits: those are the same in every release of numpy."""
    total = math.prod(shape)
    raw = PCG64(seed).random_raw(-(-total // 4)).astype("<u8", copy=False).view("<i2")[:total]
    return (raw.astype(np.float32) * np.float32(math.sqrt(3) / 2**15)).reshape(shape)


def _shaped(name: str, drawn: Floats, tokenizer: Tokenizer) -> Floats:
    """Scaled to keep the state's size through the layers, whose first number stays 1 for `output` to read."""
    inputs = drawn.shape[1]
    if name == "token_embd.weight":
        drawn[:, 0] = 1.0
        return drawn
    if name == "output.weight":
        drawn *= np.float32(LIVELY / math.sqrt(inputs))
        drawn[:, 0] = [0.0 if _is_plain(token) else NEVER for token in tokenizer.tokens]
        return drawn
    drawn *= np.float32(1 / math.sqrt(inputs))
    if name.endswith(("attn_output.weight", "ffn_down.weight")):
        drawn[0] = 0.0
    return drawn


def _is_plain(token: str) -> bool:
    return all(letter == _SPACE or letter in _LETTERS for letter in token)


def _tokenizer(vocabulary: int) -> Tokenizer:
    pairs = list(islice(_pairs(), vocabulary - SMALLEST + 1))
    return Tokenizer(
        tokens=(*SPECIALS, *LETTER_OF.values(), *(left + right for left, right in pairs)),
        control=len(SPECIALS),
        merges=tuple(f"{left} {right}" for left, right in pairs),
    )


def _pairs() -> Iterator[tuple[str, str]]:
    """Endless merges without a text to learn from: each joins two tokens that are there before it."""
    words = list(_LETTERS)
    yield from ((_SPACE, letter) for letter in _LETTERS)
    while True:
        longer = [(left, right) for left, right in product(words, _LETTERS)]
        for left, right in longer:
            yield left, right
            yield _SPACE + left, right
        words = [left + right for left, right in longer]
