"""A byte-level BPE vocabulary learnt from a handful of texts, cut as Qwen's tokenizer cuts them."""

import itertools
import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

from ollascope.registry.gguf.alphabet import LETTER_OF, spelled

# Qwen2's own pattern; Python's re has no \p{L} and \p{N}, and for the texts at hand these say the same
CUT = re.compile(
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|(?:[^\r\n\w]|_)?[^\W\d_]+|\d| ?(?:[^\w\s]|_)+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)

Pair = tuple[str, str]


def learn(texts: Iterable[str], merges: int) -> list[Pair]:
    """The `merges` pairs worth joining, most frequent first; ties go to the smaller pair."""
    counts = Counter(tuple(spelled(word)) for text in texts for word in CUT.findall(text))
    words = {word: list(word) for word in counts}
    learnt: list[Pair] = []
    while len(learnt) < merges:
        pairs: Counter[Pair] = Counter()
        for word, parts in words.items():
            for pair in itertools.pairwise(parts):
                pairs[pair] += counts[word]
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        learnt.append(best)
        for parts in words.values():
            _join(parts, best)
    return learnt


class Vocabulary:
    """Text to token numbers and back: control tokens, then the 256 bytes, then what was learnt."""

    def __init__(self, control: Iterable[str], merges: Iterable[Pair]) -> None:
        self.control = tuple(control)
        self.merges = tuple(merges)
        self.tokens = (*self.control, *LETTER_OF.values(), *(left + right for left, right in self.merges))
        self.number = {token: place for place, token in enumerate(self.tokens)}
        self._rank = {pair: rank for rank, pair in enumerate(self.merges)}
        self._word = lru_cache(maxsize=None)(self._encode_word)

    def encode(self, text: str) -> list[int]:
        """The tokens of a text that has no control token in it."""
        return [number for word in CUT.findall(text) for number in self._word(word)]

    def _encode_word(self, word: str) -> tuple[int, ...]:
        parts = list(spelled(word))
        while len(parts) > 1:
            pair = min(itertools.pairwise(parts), key=lambda pair: self._rank.get(pair, len(self._rank)))
            if pair not in self._rank:
                break
            _join(parts, pair)
        return tuple(self.number[part] for part in parts)


def _join(parts: list[str], pair: Pair) -> None:
    left, right = pair
    place = 0
    while place < len(parts) - 1:
        if parts[place] == left and parts[place + 1] == right:
            parts[place : place + 2] = [left + right]
        place += 1
