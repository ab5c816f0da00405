"""Asking a server a few times how it counts our words: no tokenizer is needed."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from ollascope.bench.material import Calibration
from ollascope.bench.prompts.ruler import GUESSED, Ruler
from ollascope.bench.prompts.words import ROUND, Recipe
from ollascope.words.errors import Interrupted, Trouble

Count = Callable[[str], int]
Write = Callable[[Recipe], str]  # a text as it will be asked, and unlike every one before

MOST_ASKED = 8
FEW, SOME = ROUND, 2 * ROUND  # words of the first texts; without words, what stands around them would touch
STEPS = (8, 16, 24)  # places in a round that are looked at
REPEATED = 16  # times that one word or crumb is added to learn its count
COARSE = 1.5  # tokens of a word from which on crumbs are needed
CUT = 0.85  # counted of what was expected: below it, the server cut the prompt
HARDLY = 0.02  # tokens a word below which a count does not follow the text


def measure(count: Count | None, write: Write, wanted: Sequence[int], tell: Callable[[str], None]) -> Ruler:
    """A Ruler for prompts of the wanted lengths; where the server does not help, one by estimate, which says so."""
    if count is None:
        return Ruler(notes=(f"lengths in tokens are estimates of {GUESSED:g} tokens a word: the server was not asked",))
    asking = _Asking(count, write, tell)
    try:
        asking.begin()
        asking.look_closer()
        asking.check(max(wanted))
    except Interrupted:
        raise
    except Trouble as trouble:
        asking.note(
            f"the server did not count all lengths that were tried: {trouble.message}"
            if asking.counts
            else f"lengths in tokens are estimates: {trouble.message}"
        )
    return asking.ruler()


class _Asking:
    """Texts that differ in one thing each, so that its count is known."""

    def __init__(self, count: Count, write: Write, tell: Callable[[str], None]) -> None:
        self._count, self._write, self._tell = count, write, tell
        self._asked = 0
        self._ruler = Ruler()
        self._worst: float | None = None
        self.counts = False

    def begin(self) -> None:
        """What a round of words adds, and what comes without any."""
        few, some = self._ask(Recipe(words=FEW)), self._ask(Recipe(words=SOME))
        a_word = (some - few) / (SOME - FEW)
        if a_word < HARDLY:
            what = f"the server counted {few} tokens for a prompt and {some} for one with {SOME - FEW} words more"
            self.note(f"lengths in tokens are estimates: {what}")
            return
        self.counts = True
        a_round = a_word * ROUND
        self._ruler = replace(self._ruler, overhead=few - a_word * FEW, round=a_round, word=a_word)

    def look_closer(self) -> None:
        """What parts of a round, one word and a crumb add."""
        if not self.counts:
            return
        ruler = self._ruler
        few = ruler.overhead + ruler.round
        steps = {0: 0.0}
        for step in STEPS:
            steps[step] = self._ask(Recipe(words=FEW + step)) - few
        ruler = replace(ruler, steps=steps)
        word = (self._ask(Recipe(words=FEW, more=REPEATED)) - few) / REPEATED
        if word > 0:
            ruler = replace(ruler, word=word)
        if ruler.word > COARSE:
            crumb = (self._ask(Recipe(words=FEW, crumbs=REPEATED)) - few) / REPEATED
            if 0 < crumb < ruler.word:
                ruler = replace(ruler, crumb=crumb)
        self._ruler = ruler

    def check(self, longest: int) -> None:
        """Whether the longest prompt has its length; a miss makes the count of a round more exact."""
        recipe = self._ruler.recipe(longest - self._ruler.overhead)
        if not self.counts or self._asked >= MOST_ASKED:
            return
        counted, expected = self._ask(recipe), self._ruler.overhead + recipe.tokens
        if counted < CUT * expected:
            self.note(
                f"the server counted {counted} tokens for a prompt of about {expected:.0f}: its context seems shorter, "
                "and longer prompts are cut; ask for a longer one, as in --option num_ctx=8192"
            )
            return
        rounds = recipe.words // ROUND
        if rounds > SOME // ROUND:
            self._ruler = replace(self._ruler, round=self._ruler.round + (counted - expected) / rounds)
        self._worst = abs(counted - expected) / counted

    def ruler(self) -> Ruler:
        """What was found."""
        if not self.counts:
            return self._ruler
        found = Calibration(
            tokens_per_word=self._ruler.round / ROUND,
            overhead=self._ruler.overhead,
            asked=self._asked,
            worst=self._worst,
        )
        return replace(self._ruler, calibration=found)

    def note(self, text: str) -> None:
        """Something that a reader of the report must know."""
        self._ruler = replace(self._ruler, notes=(*self._ruler.notes, text))

    def _ask(self, recipe: Recipe) -> int:
        self._asked += 1
        self._tell(f"asking the server how it counts our words ({self._asked} of at most {MOST_ASKED})")
        return self._count(self._write(recipe))
