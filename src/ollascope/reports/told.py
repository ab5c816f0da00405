"""What goes wrong, told in the language of the reader: texts whose values are filled in are known by their pattern."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from ollascope.reports.words import Language, chinese
from ollascope.settings.shipped import shipped

LONGEST: Final = 4000  # letters of a text that is looked up
MOST_WORK: Final = 40_000  # letters that are looked at for one text, with all its parts
LOOK: Final = 100  # a look costs as much as this many letters, however short the text is
MOST_PARTS: Final = 12
SHORT: Final = 10  # letters: a pattern with fewer is not looked for within a value, which may be anything
HOLE: Final = "{}"
SLOT: Final = re.compile(r"\{(\d*)\}")
LINES: Final = (("\n", "\n"), (" — ", "——"))  # what stands between texts, and never in one
JOINS: Final = (("; ", "；"), (". ", "。"), (", ", "，"))  # what stands between texts, or in one


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A text as it is shown, and the language that it is in."""

    text: str
    language: Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """A known text: what stands between its values, and its translation with a place for each of them."""

    pieces: tuple[str, ...]
    said: str

    @property
    def letters(self) -> int:
        """How much of a text it explains."""
        return sum(map(len, self.pieces))


@lru_cache(maxsize=2048)
def said(text: str, language: Language) -> Said:
    """The text of a failure, check or alert in this language; in English where nothing is known of it."""
    found = None if language == "en" or len(text) > LONGEST else Search().told(text)
    return Said(text=text, language="en") if found is None else Said(text=found.text, language=language)


@cache
def sayings() -> Mapping[str, str]:
    """Every text that has been translated; {} stands for a value, {0}, {1}… where their order is another."""
    found: dict[str, str] = {}
    for path in sorted(shipped("templates").glob("*/said.zh.json")):
        words = json.loads(path.read_text(encoding="utf-8"))
        assert isinstance(words, dict), path
        found |= words
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Find:
    """A translation, and how many letters of the text it explains: of two readings the one with more is right."""

    text: str
    letters: int


class Search:
    """One text is looked up, and its parts and values, with a limit on all of it together."""

    def __init__(self) -> None:
        self.left = MOST_WORK
        self.known: dict[tuple[str, int], Find | None] = {}

    def told(self, text: str, least: int = 0) -> Find | None:
        """The translation; None if neither the text nor a part of it is known."""
        for sign, shown in LINES:
            if sign in text:
                return _joined([(part, self.told(part, least)) for part in text.split(sign)], sign, shown)
        exact = _exact(text)
        if exact is not None:
            return exact
        ways = [self._parted(text.split(sign), sign, shown, least) for sign, shown in JOINS if sign in text]
        ways += [self._patterned(text, least), self._announced(text, least)]  # of equals the parts are right
        return max((way for way in ways if way is not None), key=lambda way: way.letters, default=None)

    def _patterned(self, text: str, least: int) -> Find | None:
        if (text, least) not in self.known:
            self.left -= LOOK + len(text)
            self.known[text, least] = self._matched(text, least) if self.left > 0 else None
        return self.known[text, least]

    def _matched(self, text: str, least: int) -> Find | None:
        for saying in _candidates(text):
            if saying.letters < least:
                return None
            values = _values(saying.pieces, text)
            if values:
                return self._filled(saying, values)
        return None

    def _filled(self, saying: Saying, values: Sequence[str]) -> Find:
        """The translation with its values; one that is itself a known text is translated, too."""
        finds = [self.told(value, SHORT) for value in values]
        shown = [value if find is None else find.text for value, find in zip(values, finds, strict=True)]
        order = iter(shown)
        text = SLOT.sub(lambda slot: shown[int(slot[1])] if slot[1] else next(order), saying.said)
        return Find(text=text, letters=saying.letters + sum(find.letters for find in finds if find is not None))

    def _parted(self, parts: list[str], sign: str, shown: str, least: int) -> Find | None:
        """Texts that were joined by a sign."""
        told: list[tuple[str, Find | None]] = []
        if len(parts) > MOST_PARTS:
            return None
        while parts:
            most = len(parts) - (not told)  # the whole is not a part of itself
            text, found, parts = self._first(parts, most, sign, least)
            told.append((text, found))
        return _joined(told, sign, shown)

    def _first(self, parts: list[str], most: int, sign: str, least: int) -> tuple[str, Find | None, list[str]]:
        """The longest known run of parts, as a text may hold the sign; or the first part as it is. And what follows."""
        for length in range(most, 0, -1):
            text, needed = sign.join(parts[:length]), least if length == 1 else SHORT
            found = self._whole(text, needed)
            if found is not None and (length == 1 or found.letters > self._apart(parts[:length])):
                return text, found, parts[length:]
        return parts[0], None, parts[1:]

    def _whole(self, text: str, least: int) -> Find | None:
        return _exact(text) or self._patterned(text, least) or self._announced(text, least)

    def _apart(self, parts: Sequence[str]) -> int:
        """How many letters these parts explain each by itself."""
        return sum(found.letters for part in parts if (found := self._whole(part, SHORT)) is not None)

    def _announced(self, text: str, least: int) -> Find | None:
        """A known text after a name and a colon, as in `settings.yaml:3: …`."""
        head, sign, rest = text.partition(": ")
        for _ in range(MOST_PARTS):
            if not sign:
                return None
            found = _exact(rest) or self._patterned(rest, least)
            if found is not None:
                known = _exact(head) or self._patterned(head, SHORT)
                return Find(
                    text=f"{head if known is None else known.text}：{found.text}",
                    letters=found.letters + (0 if known is None else known.letters),
                )
            more, sign, rest = rest.partition(": ")
            head = f"{head}: {more}"
        return None


def _joined(told: Sequence[tuple[str, Find | None]], sign: str, shown: str) -> Find | None:
    finds = [found for _, found in told if found is not None]
    if not finds:
        return None
    joined = ""
    for number, (text, found) in enumerate(told):
        if number:
            joined += shown if found or told[number - 1][1] else sign
        joined += text if found is None else found.text
    return Find(text=joined, letters=sum(found.letters for found in finds))


def _exact(text: str) -> Find | None:
    found = sayings().get(text) or (chinese().get(text) if " " in text else None)
    return None if found is None else Find(text=found, letters=len(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """The patterns, each under the one of its words that the fewest others have; and those without a whole word."""

    by_word: Mapping[str, Sequence[Saying]]
    others: Sequence[Saying]


def _candidates(text: str) -> list[Saying]:
    """The patterns that may fit, those that explain most of a text first."""
    index = _index()
    found = [saying for word in set(text.split(" ")) for saying in index.by_word.get(word, ())]
    return sorted((*found, *index.others), key=lambda saying: -saying.letters)


@cache
def _index() -> Index:
    known = [Saying(pieces=tuple(text.split(HOLE)), said=told) for text, told in sayings().items() if HOLE in text]
    counts = Counter(word for saying in known for word in _words(saying.pieces))
    by_word: dict[str, list[Saying]] = {}
    others: list[Saying] = []
    for saying in known:
        word = min(_words(saying.pieces), key=lambda word: (counts[word], word), default=None)
        (others if word is None else by_word.setdefault(word, [])).append(saying)
    return Index(by_word=by_word, others=others)


def _words(pieces: Sequence[str]) -> set[str]:
    """The words that a text of this pattern has between blanks, whatever its values are."""
    found: set[str] = set()
    for number, piece in enumerate(pieces):
        words = piece.split(" ")
        found.update(words[number > 0 : len(words) - (number < len(pieces) - 1)])
    return found - {""}


def _values(pieces: Sequence[str], text: str) -> list[str]:
    """What stands between the pieces in this text; nothing if they are not all there, in order."""
    first, *middle, last = pieces
    if not text.startswith(first) or not text.endswith(last):
        return []
    values, at, end = [], len(first), len(text) - len(last)
    for piece in middle:
        next_at = text.find(piece, at + 1, end)  # a value has a letter at least
        if next_at < 0:
            return []
        values.append(text[at:next_at])
        at = next_at + len(piece)
    values.append(text[at:end])
    return values if at < end and all(map(_fits, values, pieces[1:])) else []


def _fits(value: str, following: str) -> bool:
    """Whether a value in brackets ends where they do, not in those of another part."""
    if not following.startswith(")"):
        return True
    depth = 0
    for letter in value:
        depth += (letter == "(") - (letter == ")")
        if depth < 0:
            return False
    return depth == 0
