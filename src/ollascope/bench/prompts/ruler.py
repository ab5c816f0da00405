"""Tokens to words: which words make a text of so many tokens, by what is known of a server's count."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ollascope.bench.material import Calibration
from ollascope.bench.prompts.words import ROUND, Recipe

GUESSED = 1.1  # tokens of a word, where nobody tells
GUESSED_OVERHEAD = 30.0  # of a template, a fresh beginning and a closing sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruler:
    """What our words count.

    The same words count the same in any order, so whole rounds of the deck always count alike. Between them only those
    places are used whose counts are known; what is then left to a length is filled with one word and with crumbs.
    """

    overhead: float = GUESSED_OVERHEAD  # of a prompt without any of our words
    round: float = GUESSED * ROUND  # of all words of the deck
    steps: Mapping[int, float] = field(default_factory=lambda: {0: 0.0})  # of its first so many words
    word: float = GUESSED  # of its first word
    crumb: float | None = None
    calibration: Calibration | None = None
    notes: tuple[str, ...] = ()

    def recipe(self, tokens: float) -> Recipe:
        """The recipe that comes nearest to so many tokens, template and beginning not counted."""
        rounds = max(0, int(tokens // self.round))
        left = tokens - rounds * self.round
        step = max((step for step, counted in self.steps.items() if counted <= left), default=0)
        left -= self.steps[step]
        more = max(0, round(left / self.word) if self.crumb is None else int(left // self.word))
        left -= more * self.word
        crumbs = 0 if self.crumb is None else max(0, round(left / self.crumb))
        return self.known(Recipe(words=rounds * ROUND + step, more=more, crumbs=crumbs))

    def known(self, recipe: Recipe) -> Recipe:
        """The same recipe with what it should count."""
        rounds, step = divmod(recipe.words, ROUND)
        tokens = rounds * self.round + self.steps[step] + recipe.more * self.word + recipe.crumbs * (self.crumb or 0.0)
        return Recipe(words=recipe.words, more=recipe.more, crumbs=recipe.crumbs, tokens=tokens)
