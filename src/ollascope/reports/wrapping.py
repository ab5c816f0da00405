"""Sentences broken into lines of a width, where a Chinese letter is as wide as two others and may end a line."""

import re
import unicodedata
from collections.abc import Iterator

_PIECES = re.compile(  # a number stays with its unit
    r"\d[\d.,]* (?:s|ms|µs|min|h|%|[KMGT]iB)(?!\w)|\s+|[^\s\u2e80-\u9fff\uf900-\ufaff\uff00-\uff60]+|."
)
_NEVER_FIRST = frozenset("，。；：！？、）》”’")


def width_of(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def wrapped(text: str, width: int, *, first: str = "", rest: str = "") -> list[str]:
    """Lines of at most `width` columns; the first begins with `first`, the others with `rest`."""
    lines: list[str] = []
    line = first
    for piece in _pieces(text, max(1, width - max(width_of(first), width_of(rest)))):
        start = first if not lines else rest
        if line != start and width_of(line) + width_of(piece) > width and piece not in _NEVER_FIRST:
            lines.append(line.rstrip())
            line = rest + piece.lstrip()
        else:
            line += piece.lstrip() if line == start else piece
    return [*lines, line.rstrip()]


def _pieces(text: str, longest: int) -> Iterator[str]:
    """Words, blanks and single Chinese letters; a word that fits on no line is cut."""
    for piece in _PIECES.findall(text):
        if width_of(piece) <= longest or piece.isspace():
            yield " " if piece.isspace() else piece
        else:
            yield from (piece[start : start + longest] for start in range(0, len(piece), longest))
