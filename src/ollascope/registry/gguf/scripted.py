"""Models that say what their script says, on any engine: text, probabilities and vectors are known; needs numpy.

All layers are zero, so the state is the last token's one-hot code and the output matrix is a table: after this token,
that one. A story is chosen by the control token that ends the prompt; any other text leads to the story "default".
More layers or a wider feed-forward make the model slower and larger, never different.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ollascope.registry.gguf.alphabet import LETTER_OF, spelled
from ollascope.registry.gguf.encode import Floats, Weights
from ollascope.registry.gguf.qwen3 import EPSILON, SPECIALS, Model, Shape, Tokenizer, write_qwen3

HIDDEN, HEAD = 512, 64
CERTAIN = 30.0  # the logit of the scripted successor; all others have 0
COIN = {" heads": 0.75, " tails": 0.25}  # what follows "Coin:", with which probability
# Numbers that f16 and q8_0 store without rounding; the norm before them, which is f32 in every file, makes the logits.
SURE, LESS = 127 / 128, 127 / 128 * 15 / 16

# Each piece is one token: two bytes at least, used once in all stories, because its token is its place in the story.
# There are no merges, so prompts are bytes; only where a prompt holds a piece as a word do some engines (Ollama's own)
# read that piece. The last piece leads to the end of the answer, in a story of LOOPS to its first piece.
STORIES: Mapping[str, Sequence[str | bytes]] = {
    "default": ("Hello", "! ", "I say", " what", " my", " script", " says."),
    "<|zh|>": ("你好", b"\xef\xbc", b"\x8c\xe4\xb8\x96", b"\xe7\x95", b"\x8c\xe3\x80\x82"),  # cut inside characters
    "<|emoji|>": (b"\xf0\x9f", b"\x91\x8b", " bye"),
    "<|loop|>": (" one", " two", " three", " four", " five", " six", " seven", " eight"),
    "<|think|>": ("<think>", "\nLet", " me", " think", "</think>", "\n\n", "Forty", "-two"),
    "<|tool|>": (
        "<tool_call>", '\n{"name": "get_', 'weather", ', '"arguments": ', '{"city": "Par', 'is"}}', "\n</tool_call>",
    ),
    "<|tools|>": (
        "Both:", "<tool_call>\n", '{"name": "add", ', '"arguments": {"a": 1, "b": 2}}', "\n</tool_call>\n",
        '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Rome"}}\n', "</tool_call> ",
    ),
    "<|json|>": ('{"answer"', ": ", "42", ', "why"', ': "', "because", '"}'),
    "<|stop|>": ("Count:", " 1", " 2", " ST", "OP", " 3", " 4"),
    "<|coin|>": ("Coin:",),
}  # fmt: skip
LOOPS = frozenset({"<|loop|>"})
# the prompt ends with the last message's text, so that a trigger there is the last token
TEMPLATE = (
    "{%- for m in messages %}{{- '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' + messages[-1]['content'] }}{%- endif %}"
)


def write_scripted(
    path: Path, *, weights: Weights = "f16", layers: int = 1, ffn: int = 512, pooling: str | None = None
) -> None:
    """Write a scripted model; `pooling` (mean, cls, last) makes it one for embeddings."""
    book = _book()
    shape = Shape(
        hidden=HIDDEN, layers=layers, heads=2, kv_heads=1, head=HEAD, ffn=ffn, vocabulary=len(book.tokens), tied=False
    )
    tokenizer = Tokenizer(tokens=book.tokens, control=book.control, merges=(book.merge,), template=TEMPLATE)
    model = Model(name="scripted", shape=shape, tokenizer=tokenizer, weights=weights, pooling=pooling)
    known = {
        "token_embd.weight": np.eye(len(book.tokens), HIDDEN, dtype=np.float32),
        "output.weight": _table(book),
        "output_norm.weight": _norm(book),
    }
    write_qwen3(path, model, lambda name, measures: known[name] if name in known else _still(measures))


def story(trigger: str = "default") -> str:
    """The text that the model says after a prompt that ends with this trigger: one round, if it loops."""
    return b"".join(piece.encode() if isinstance(piece, str) else piece for piece in STORIES[trigger]).decode()


def vector(text: str) -> list[float]:
    """What an engine answers for a text under mean pooling, scaled to length 1: how often each byte occurs."""
    book = _book()
    counts = [0.0] * HIDDEN
    for byte in text.encode():
        counts[book.control + byte] += 1.0
    length = math.sqrt(sum(count * count for count in counts))
    return [count / length for count in counts]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Book:
    """The vocabulary, and what follows each token."""

    tokens: tuple[str, ...]
    control: int
    merge: str
    first: int  # the token that starts the default story
    after: Mapping[int, int]
    coin: int  # the token that heads and tails follow


def _book() -> _Book:
    triggers = [trigger for trigger in STORIES if trigger != "default"]
    control = [*SPECIALS, *triggers]
    never = LETTER_OF[0xF5], LETTER_OF[0xF6]  # loaders want one merge at least: of two bytes that no text has
    pieces = [spelled(piece) for pieces in STORIES.values() for piece in pieces] + [spelled(side) for side in COIN]
    tokens = (*control, *LETTER_OF.values(), "".join(never), *pieces)
    number = {token: place for place, token in enumerate(tokens)}
    end = number["<|im_end|>"]
    after = {number[spelled(side)]: end for side in COIN}
    for trigger, pieces_of in STORIES.items():
        places = [number[spelled(piece)] for piece in pieces_of]
        last = places[0] if trigger in LOOPS else end
        after |= zip(places, [*places[1:], last], strict=True)
        if trigger in number:
            after[number[trigger]] = places[0]
    return _Book(
        tokens=tokens, control=len(control), merge=" ".join(never), after=after,
        first=number[spelled(STORIES["default"][0])], coin=number[spelled("Coin:")],
    )  # fmt: skip


def _table(book: _Book) -> Floats:
    """In the column of each token: what follows it."""
    table = np.zeros((len(book.tokens), HIDDEN), np.float32)
    for here in range(len(book.tokens)):
        table[book.after.get(here, book.first), here] = SURE
    heads, tails = (book.tokens.index(spelled(side)) for side in COIN)
    table[:, book.coin] = 0.0
    table[heads, book.coin], table[tails, book.coin] = SURE, LESS
    return table


def _norm(book: _Book) -> Floats:
    scale = math.sqrt(1 / HIDDEN + EPSILON)  # the norm divides a one-hot row by this
    norm = np.full(HIDDEN, CERTAIN / SURE * scale, np.float32)
    heads, tails = COIN.values()
    norm[book.coin] = math.log(heads / tails) / (SURE - LESS) * scale
    return norm


def _still(measures: tuple[int, ...]) -> Floats:
    """Numbers that add nothing: norms of 1, matrices of 0."""
    return np.ones(measures, np.float32) if len(measures) == 1 else np.zeros(measures, np.float32)
