"""Regular expressions of JSON schemas as parts of a grammar."""

import re
from typing import Final

from ollascope.serve.llamacpp.speech.grammar.gbnf import MOST_REPEATS, Part, Repeat, Rule, Sequence, choice, sequence
from ollascope.serve.llamacpp.speech.grammar.letters import LAST, Ranges, letters, without
from ollascope.words.errors import BadUsage

LONGEST: Final = 2000
DEEPEST: Final = 50
HINT: Final = "use letters, classes, groups, `|` and repetitions; no look-around, references to groups, or `\\b`, `\\p`"
ALL: Final = ((0, LAST),)
DIGIT: Final = ((48, 57),)
WORD: Final = ((48, 57), (65, 90), (95, 95), (97, 122))
SPACE: Final = ((9, 13), (32, 32))
BLANK: Final = (*SPACE, (0x1C, 0x1F), (0x85, 0x85), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029),
                (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF))  # fmt: skip
CLASSES: Final[dict[str, Ranges]] = {
    "d": DIGIT,
    "D": without(ALL, DIGIT),
    "w": WORD,
    "W": without(ALL, WORD),
    "s": SPACE,
    "S": without(ALL, BLANK),
}
CONTROLS: Final = {"n": 10, "r": 13, "t": 9, "f": 12, "v": 11, "0": 0}
_TIMES: Final = re.compile(r"(?:([*+?])|\{(\d{1,6})(,(\d{0,6}))?\})[?+]?")


def pattern(source: str, char: Rule) -> Part:
    """What stands between the quotes of a string that the expression finds something in."""
    if len(source) > LONGEST:
        raise BadUsage(f"a pattern of the schema is longer than {LONGEST} characters", hint=HINT)
    return Expression(source, char).whole()


class Expression:
    """A regular expression as it is read."""

    def __init__(self, source: str, char: Rule) -> None:
        self._source = source
        self._char = char
        self._at = 0
        self._depth = 0

    def whole(self) -> Part:
        """Without `^` or `$` anything may stand before or after."""
        options = [self._anchored()]
        while self._take("|"):
            options.append(self._anchored())
        if self._at < len(self._source):
            raise self._wrong()
        return choice(options)

    def _anchored(self) -> Part:
        before: tuple[Part, ...] = () if self._take("^") else (Repeat(self._char),)
        parts = self._parts()
        after: tuple[Part, ...] = () if self._take("$") else (Repeat(self._char),)
        return sequence(*before, *parts, *after) if before or parts or after else Sequence(())

    def _parts(self) -> list[Part]:
        found: list[Part] = []
        while self._at < len(self._source) and self._source[self._at] not in "|)$":
            found.append(self._repeated(self._one()))
        return found

    def _group(self) -> Part:
        if self._take("?") and not self._take(":"):
            name = re.compile(r"P?<[A-Za-z_]\w*>").match(self._source, self._at)
            if name is None:
                raise self._wrong()
            self._at = name.end()
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._wrong()
        options = [Sequence(tuple(self._parts()))]
        while self._take("|"):
            options.append(Sequence(tuple(self._parts())))
        if not self._take(")"):
            raise self._wrong()
        self._depth -= 1
        return choice([*options])

    def _one(self) -> Part:
        letter = self._next()
        if letter == "(":
            return self._group()
        if letter == "[":
            return self._letters(self._class())
        if letter == ".":
            return self._letters(without(ALL, ((10, 10), (13, 13))))
        if letter == "\\":
            return self._letters(self._escape())
        if letter in "*+?{^":
            raise self._wrong()
        return self._letters(((ord(letter), ord(letter)),))

    def _repeated(self, part: Part) -> Part:
        match = _TIMES.match(self._source, self._at)
        if match is None:
            return part
        self._at = match.end()
        if match[1]:
            least, most = {"*": (0, None), "+": (1, None), "?": (0, 1)}[match[1]]
        else:
            least = int(match[2])
            most = least if match[3] is None else int(match[4]) if match[4] else None
        if max(least, most or 0) > MOST_REPEATS or (most is not None and most < least):
            raise self._wrong()
        return Repeat(part, least, most)

    def _class(self) -> Ranges:
        negated = self._take("^")
        found: list[tuple[int, int]] = []
        while not self._take("]"):
            first = self._of_class()
            if self._source[self._at : self._at + 1] == "-" and self._source[self._at + 1 : self._at + 2] not in {
                "]",
                "",
            }:
                self._at += 1
                last = self._of_class()
                if len(first) != 1 or len(last) != 1 or first[0][0] > last[0][0]:
                    raise self._wrong()
                found.append((first[0][0], last[0][0]))
            else:
                found += first
        return without(ALL, found) if negated else found

    def _of_class(self) -> Ranges:
        letter = self._next()
        return self._escape() if letter == "\\" else ((ord(letter), ord(letter)),)

    def _escape(self) -> Ranges:
        letter = self._next()
        if letter in CLASSES:
            return CLASSES[letter]
        if letter in CONTROLS:
            code = CONTROLS[letter]
        elif letter in "xu":
            size = 2 if letter == "x" else 4
            digits = self._source[self._at : self._at + size]
            if not re.fullmatch(r"[0-9a-fA-F]+", digits) or len(digits) < size:
                raise self._wrong()
            self._at += size
            code = int(digits, 16)
        elif letter.isalnum():
            raise self._wrong()
        else:
            code = ord(letter)
        return ((code, code),)

    def _letters(self, ranges: Ranges) -> Part:
        part = letters(ranges)
        if part is None:
            raise self._wrong()
        return part

    def _take(self, letter: str) -> bool:
        taken = self._source.startswith(letter, self._at)
        self._at += taken
        return taken

    def _next(self) -> str:
        if self._at >= len(self._source):
            raise self._wrong()
        self._at += 1
        return self._source[self._at - 1]

    def _wrong(self) -> BadUsage:
        shown = self._source[:100]
        return BadUsage(f"the pattern {shown!r} of the schema cannot be kept, from place {self._at}", hint=HINT)
