"""Letters as they stand in JSON strings: sets of characters, and texts that are not among some."""

import json
from collections.abc import Sequence
from typing import Final

from ollascope.serve.llamacpp.speech.grammar.gbnf import (
    Chars,
    Grammar,
    Literal,
    Part,
    Repeat,
    Rule,
    chars,
    choice,
    sequence,
)
from ollascope.words.errors import BadUsage

Ranges = Sequence[tuple[int, int]]

LAST: Final = 0x10FFFF
LONGEST_NAME: Final = 200
HEX: Final = chars("0-9a-fA-F")
PLAIN: Final = Chars(((0x00, 0x1F), (0x22, 0x22), (0x5C, 0x5C), (0x7F, 0x7F)), negated=True)
_ESCAPED: Final = {0x08: "\\b", 0x09: "\\t", 0x0A: "\\n", 0x0C: "\\f", 0x0D: "\\r", 0x22: '\\"', 0x5C: "\\\\"}
_UNUSUAL: Final = ((0x00, 0x1F), (0x22, 0x22), (0x5C, 0x5C), (0x7F, 0x7F), (0xD800, 0xDFFF))

CHAR: Final = choice(
    [  # half a surrogate pair is no character, so the escapes leave those out
        PLAIN,
        sequence(
            Literal("\\"),
            choice(
                [
                    chars('"\\/bfnrt'),
                    sequence(
                        Literal("u"),
                        choice(
                            [
                                sequence(chars("0-9a-cA-CefEF"), Repeat(HEX, 3, 3)),
                                sequence(chars("dD"), chars("0-7"), Repeat(HEX, 2, 2)),
                            ]
                        ),
                    ),
                ]
            ),
        ),
    ]
)


def quoted(part: Part) -> Part:
    return sequence(Literal('"'), part, Literal('"'))


def literal(value: object) -> Literal:
    """A value as the JSON that it is written with."""
    return Literal(json.dumps(value, ensure_ascii=False))


def letters(ranges: Ranges) -> Part | None:
    """One of these characters, as JSON writes it; none where JSON cannot."""
    plain = without(ranges, _UNUSUAL)
    options: list[Part] = [Chars(tuple(plain))] if plain else []
    options += [Literal(text) for code, text in _ESCAPED.items() if any(low <= code <= high for low, high in ranges)]
    return choice(options) if options else None


def without(ranges: Ranges, others: Ranges) -> list[tuple[int, int]]:
    """The characters of the first that are not among the second, in order."""
    left = joined(ranges)
    for low, high in others:
        cut: list[tuple[int, int]] = []
        for first, last in left:
            cut += [(first, min(last, low - 1)), (max(first, high + 1), last)]
        left = [(first, last) for first, last in cut if first <= last]
    return left


def joined(ranges: Ranges) -> list[tuple[int, int]]:
    """The same characters in order, ranges that touch made one."""
    found: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return found


def other_than(words: Sequence[str], char: Rule, grammar: Grammar) -> Part:
    """A JSON string that is none of these; no escapes are allowed where it could still become one."""
    if not words:
        return quoted(Repeat(char))
    if max(map(len, words)) > LONGEST_NAME:
        raise BadUsage(f"a name in the schema is longer than {LONGEST_NAME} characters", hint="use shorter names")
    return quoted(_beside([json.dumps(word, ensure_ascii=False)[1:-1] for word in words], char, grammar))


def _beside(rests: Sequence[str], char: Rule, grammar: Grammar) -> Rule:
    by_first: dict[str, list[str]] = {}
    for rest in rests:
        if rest:
            by_first.setdefault(rest[0], []).append(rest[1:])
    known = [(ord(first), ord(first)) for first in by_first if first != "\\"]
    options: list[Part] = [sequence(Chars((*PLAIN.ranges, *known), negated=True), Repeat(char))]
    for first, more in by_first.items():
        if first != "\\":
            options.append(sequence(Literal(first), _beside(more, char, grammar)))
    return grammar.add("other", choice(options) if "" in rests else Repeat(choice(options), 0, 1))
