"""Whole numbers between two bounds, digit by digit."""

from typing import Final

from ollascope.serve.llamacpp.speech.grammar.gbnf import Chars, Literal, Part, Repeat, choice, sequence

DIGITS: Final = 16  # of a number without a bound


def integers(least: int | None, most: int | None) -> Part | None:
    """All whole numbers from `least` to `most`; none where there are none."""
    far: int = 10**DIGITS - 1
    low = min(-far, most if most is not None else 0) if least is None else least
    high = max(far, low) if most is None else most
    options: list[Part] = []
    if low < 0:
        options += [sequence(Literal("-"), part) for part in _between(max(1, -high), -low)]
    if high >= 0:
        options += _between(max(0, low), high)
    return choice(options) if options else None


def _between(low: int, high: int) -> list[Part]:
    """By their number of digits."""
    found: list[Part] = []
    for size in range(len(str(low)), len(str(high)) + 1):
        first, last = max(low, 10 ** (size - 1) if size > 1 else 0), min(high, 10**size - 1)
        if first <= last:
            found.append(_span(str(first), str(last)))
    return found


def _span(first: str, last: str) -> Part:
    """All numbers of as many digits as both have."""
    rest = len(first) - 1
    if not rest or (first[1:] == "0" * rest and last[1:] == "9" * rest):
        return sequence(_digit(first[0], last[0]), *_digits(rest))
    if first[0] == last[0]:
        return sequence(Literal(first[0]), _span(first[1:], last[1:]))
    options: list[Part] = []
    low, high = int(first[0]), int(last[0])
    if first[1:] != "0" * rest:
        options.append(sequence(Literal(first[0]), _span(first[1:], "9" * rest)))
        low += 1
    if last[1:] != "9" * rest:
        options.append(sequence(Literal(last[0]), _span("0" * rest, last[1:])))
        high -= 1
    if low <= high:
        options.append(sequence(_digit(str(low), str(high)), *_digits(rest)))
    return choice(options)


def _digit(first: str, last: str) -> Part:
    return Literal(first) if first == last else Chars(((ord(first), ord(last)),))


def _digits(size: int) -> tuple[Part, ...]:
    return (Repeat(Chars(((48, 57),)), size, size),) if size else ()
