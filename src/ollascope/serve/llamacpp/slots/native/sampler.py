"""llama.cpp's own choice of the next token, and its grammars, one of each for an answer."""

import ctypes
import re
import time

import numpy as np
import numpy.typing as npt

from ollascope.serve.llamacpp.slots.native.context import Context, Tokens
from ollascope.serve.llamacpp.slots.native.library import Library
from ollascope.serve.llamacpp.slots.native.model import Vocabulary, by_length
from ollascope.serve.llamacpp.wish import Sampling
from ollascope.words.errors import BadUsage

Marks = npt.NDArray[np.bool_]

CHANCE = 0xFFFFFFFF  # llama.cpp draws a seed itself for this one
LONGEST_GRAMMAR = 256 * 1024
MOST_RULES = 10_000  # llama.cpp follows rules and brackets by recursion: too deep, and the process would end
DEEPEST = 200
CANDIDATE = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])
HINT = "write GBNF with a rule `root`, without left recursion"
BLOCK = 1024  # tokens that are judged in one call
PLAIN_S = 3e-7  # to refuse a token in one way
SMALLEST_S, LONGEST_S = 5e-5, 0.5  # what is less is noise; what may take more is not begun
_UPSIDE_DOWN = re.compile(r"\{\s*(\d+)\s*,\s*(\d+)\s*\}")
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"|\[(?:\\.|[^\]\\])*\]|#[^\n]*')


class Chain:
    """Top-k, typical, top-p, min-p, temperature, then a draw; greedy choices need none."""

    def __init__(self, library: Library, sampling: Sampling) -> None:
        self.c = library.c
        seed = CHANCE if sampling.seed is None or sampling.seed < 0 else sampling.seed % CHANCE
        parameters = self.c.llama_sampler_chain_default_params()
        parameters.no_perf = True
        self.handle = self.c.llama_sampler_chain_init(parameters)
        self._add(self.c.llama_sampler_init_top_k, sampling.top_k, used=sampling.top_k > 0)
        self._add(self.c.llama_sampler_init_typical, sampling.typical_p, 1, used=0 < sampling.typical_p < 1)
        self._add(self.c.llama_sampler_init_top_p, sampling.top_p, 1, used=sampling.top_p < 1)
        self._add(self.c.llama_sampler_init_min_p, sampling.min_p, 1, used=sampling.min_p > 0)
        self._add(self.c.llama_sampler_init_temp, sampling.temperature, used=sampling.temperature != 1)
        self._add(self.c.llama_sampler_init_dist, seed)

    def choose(self, context: Context, place: int) -> int:
        """A token for the output at this place of the batch."""
        return int(self.c.llama_sampler_sample(self.handle, context.handle, place))

    def close(self) -> None:
        """Free it."""
        self.c.llama_sampler_free(self.handle)

    def _add(self, make: object, *values: float, used: bool = True) -> None:
        if used:
            self.c.llama_sampler_chain_add(self.handle, make(*values))  # type: ignore[operator]  # a C function


class Grammar:
    """What an answer may say next, by a grammar in GBNF with the root rule `root`.

    llama.cpp follows every way in which a grammar can read a token. Where there are many, as in `("a"?){0,200}`, a long
    token takes it for ever. So one token is followed letter by letter, which forgets double ways, and many tokens are
    judged from the shortest on, as long as that stays quick.
    """

    def __init__(self, library: Library, vocabulary: Vocabulary, text: str) -> None:
        check_size(text)
        self.c = library.c
        library.forget()
        data = text.encode("utf-8", "replace")
        self.handle, said = library.hear(lambda: self.c.llama_sampler_init_grammar(vocabulary.handle, data, b"root"))
        if not self.handle:
            raise BadUsage(f"the grammar cannot be read: {said or library.words()}", hint=HINT)
        self._vocabulary = vocabulary
        self._names_tokens = "<" in _QUOTED.sub("", text)  # such a rule is about a token, not about its letters

    def allows(self, token: int) -> bool:
        """Whether this token may come next."""
        whole = self._names_tokens or token in self._vocabulary.ends
        letters = None if whole else self._vocabulary.spelled(token)
        if letters is None or len(letters) == 1:
            return bool(self._judge(np.array([token], np.int32))[0])
        started = time.thread_time()
        fits = self._reads(letters)
        if time.thread_time() - started > LONGEST_S:
            raise _explosive()
        return fits

    def allowed(self, tokens: Tokens | None = None) -> Tokens:
        """Those of these tokens, or of all, that may come next; BadUsage where there are too many ways to read them."""
        effort = Effort()
        kept = []
        vocabulary = self._vocabulary
        groups = vocabulary.by_length if tokens is None else by_length(tokens, vocabulary.lengths)
        for number, alike in enumerate(groups):
            for block in np.array_split(alike, -(-len(alike) // BLOCK)):
                started = time.thread_time()
                kept.append(block[self._judge(block)])
                effort.note(number, len(block), time.thread_time() - started)
            if effort.explodes:
                raise _explosive()
        return np.concatenate(kept) if kept else np.zeros(0, np.int32)

    def accept(self, token: int) -> None:
        """Go on after this token, which must have been allowed: llama.cpp ends the process otherwise."""
        self.c.llama_sampler_accept(self.handle, token)

    def close(self) -> None:
        """Free it."""
        self.c.llama_sampler_free(self.handle)

    def _reads(self, letters: list[int]) -> bool:
        step = self.c.llama_sampler_clone(self.handle)
        try:
            for place, letter in enumerate(letters):
                if not self._judge(np.array([letter], np.int32), step)[0]:
                    return False
                if place + 1 < len(letters):
                    self.c.llama_sampler_accept(step, letter)
        finally:
            self.c.llama_sampler_free(step)
        return True

    def _judge(self, tokens: Tokens, sampler: object = None) -> Marks:
        candidates = np.zeros(len(tokens), CANDIDATE)
        candidates["id"] = tokens
        array = self.c.llama_token_data_array(
            data=candidates.ctypes.data_as(self.c.llama_token_data_p), size=len(tokens), selected=-1, sorted=False
        )
        self.c.llama_sampler_apply(sampler or self.handle, ctypes.byref(array))
        marks: Marks = np.isfinite(candidates["logit"])
        return marks


class Effort:
    """How the time for judging tokens grows with their length: evenly, or by a factor with each letter."""

    def __init__(self) -> None:
        self._plain = float("inf")  # seconds for a token that is refused at its first letter
        self._length = -1
        self._before = self._now = SMALLEST_S  # for what takes longer than that, at the length before and this one

    def note(self, length: int, count: int, took: float) -> None:
        """So many tokens of this length, or of this number of a length, took so long."""
        self._plain = min(self._plain, max(took, SMALLEST_S) / count)
        if length != self._length:
            self._length, self._before, self._now = length, self._now, SMALLEST_S
        self._now = max(self._now, took - 4 * count * self._plain)

    @property
    def explodes(self) -> bool:
        """Whether one letter more would take too long: longer by as much as the last one, or by as many ways."""
        ways = self._plain / PLAIN_S
        return max(self._now * max(1.0, self._now / self._before), self._plain * ways) > LONGEST_S


def _explosive() -> BadUsage:
    return BadUsage(
        "the grammar can read the same text in too many ways",
        hint="do not repeat what may be empty, or what repeats itself; write each choice once",
    )


def check_size(text: str) -> None:
    """Refuse what llama.cpp's parser would recurse into too deeply, or chew on for too long."""
    bare = _QUOTED.sub("", text)
    if not text.strip() or "\0" in text:
        raise BadUsage("the grammar is empty or has a zero byte in it", hint=HINT)
    if len(text) > LONGEST_GRAMMAR or bare.count("::=") > MOST_RULES:
        raise BadUsage(
            f"the grammar has {len(text)} characters and {bare.count('::=')} rules",
            hint=f"at most {LONGEST_GRAMMAR} characters and {MOST_RULES} rules: a smaller schema",
        )
    if any(int(least) > int(most) for least, most in _UPSIDE_DOWN.findall(bare)):  # llama.cpp would never come back
        raise BadUsage("the grammar repeats something more often at least than at most", hint=HINT)
    if _depth(bare) > DEEPEST:
        raise BadUsage("the grammar's brackets are nested too deeply", hint=f"at most {DEEPEST} levels: name the parts")


def _depth(bare: str) -> int:
    deepest = depth = 0
    for letter in bare:
        if letter == "(":
            depth += 1
            deepest = max(deepest, depth)
        elif letter == ")":
            depth -= 1
    return deepest
