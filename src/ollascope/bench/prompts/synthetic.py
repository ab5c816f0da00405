"""Synthetic prompts: texts of our words, as long as was asked by the count of the server that gets them."""

from dataclasses import dataclass, field
from random import Random

from ollascope.bench.asked import Asked
from ollascope.bench.material import freshen
from ollascope.bench.prompts.question import Question
from ollascope.bench.prompts.ruler import Ruler
from ollascope.bench.prompts.words import ENDINGS, OPENINGS, Recipe, compose, units
from ollascope.words.ids import Ids

ENDING_FROM = 64  # tokens of the shortest prompt from which on there is room for a closing sentence
LETTERS = 4_000_000  # of all texts of one run
NEARLY = 2  # tokens by which a length may be missed without a word
MANY, FEW = 128, 8  # prompts: as many as fit into LETTERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Pen:
    """How texts of one run are written."""

    deck: tuple[str, ...]
    opening: str
    ending: str
    busts: bool
    chance: Random
    trying: Random  # of its own, so that texts do not depend on how often the server was asked
    salt: str = field(default_factory=lambda: Ids().next())  # a server may remember what an earlier run asked

    def write(self, recipe: Recipe) -> str:
        """A text without its beginning."""
        return self.opening + compose(self.deck, recipe, self.chance) + self.ending

    def probe(self, recipe: Recipe) -> str:
        """The same as it will be asked, with a beginning that no server knows."""
        text = self.opening + compose(self.deck, recipe, self.trying) + self.ending
        return f"{freshen(self.salt, self.trying.getrandbits(32))}\n{text}" if self.busts else text

    def prefixes(self, recipe: Recipe, count: int) -> tuple[str, ...]:
        """So many shared beginnings."""
        return tuple(self.opening + compose(self.deck, recipe, self.chance) for _ in range(count))


def take_pen(asked: Asked, shortest: int) -> Pen:
    """The pen for the words that were asked for."""
    wording = asked.wording
    roomy = shortest >= ENDING_FROM and asked.target.operation != "embed"
    return Pen(
        deck=units(wording.tongue),
        opening=OPENINGS[wording.tongue],
        ending=ENDINGS[wording.tongue] if roomy else "",
        busts=wording.cache == "bust",
        chance=Random(f"{asked.seed}:words"),  # noqa: S311 - no secret is drawn
        trying=Random(f"{asked.seed}:probes"),  # noqa: S311 - no secret is drawn
    )


def how_many(mean_tokens: float, turns: int) -> int:
    """How many prompts there are: many, unless they are very long."""
    return int(min(MANY, max(FEW, LETTERS // (5 * mean_tokens * turns))))


@dataclass(slots=True, kw_only=True)
class Writing:
    """Questions of wanted lengths, behind a shared beginning."""

    pen: Pen
    ruler: Ruler
    prefix: Recipe
    turns: int
    short: int | None = None  # the longest prompt that was wanted and is too short to be made
    found: list[float] = field(default_factory=list)  # what the ruler says of the lengths

    @property
    def least(self) -> float:
        """Tokens of the shortest prompt: template, beginnings, and the opening and the line's end of the shared one."""
        joint = self.ruler.word + 1  # the opening is much like a word
        return self.ruler.overhead + (self.prefix.tokens + joint if self.prefix.tokens else 0)

    def question(self, tokens: int) -> Question:
        """A question that the server counts as so many tokens, with a shared beginning and the server's template."""
        if self.least > tokens + NEARLY:
            self.short = max(tokens, self.short or 0)
        recipe = self.ruler.recipe(tokens - self.least)
        self.found.append(self.least + recipe.tokens)
        return Question(turns=tuple(self.pen.write(recipe) for _ in range(self.turns)))
