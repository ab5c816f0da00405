"""Ways to count tokens that are unlike each other, in place of servers and their tokenizers."""

import re
from collections.abc import Callable
from zlib import crc32

TEMPLATE = 17  # tokens that each of them adds to a prompt
SPLIT = re.compile(r"[^\r\n\w]?[^\W\d]+|\d|[^\s\w]+[\r\n]*|\s*[\r\n]+|\s+")


def words(text: str) -> int:
    return len(text.split())


def letters(text: str) -> int:
    return len(text)


def octets(text: str) -> int:
    return len(text.encode())


def frequent(text: str) -> int:
    """Like a large vocabulary: every word is a token, and so is every digit."""
    return len(SPLIT.findall(text))


def pieces(text: str) -> int:
    """Like a small vocabulary: one to three tokens a word, as chance has it; every digit is a token."""
    return sum(1 if len(part) < 3 else 1 + crc32(part.encode()) % 3 for part in SPLIT.findall(text))


COUNTERS: dict[str, Callable[[str], int]] = {
    "words": words, "letters": letters, "octets": octets, "frequent": frequent, "pieces": pieces,
}  # fmt: skip


class Server:
    """Counts as a server does, remembers what it was asked, and may cut what is too long."""

    def __init__(self, counter: Callable[[str], int], context: int | None = None) -> None:
        self.counter = counter
        self.context = context
        self.asked: list[str] = []

    def __call__(self, text: str) -> int:
        self.asked.append(text)
        tokens = self.counter(text) + TEMPLATE
        return tokens if self.context is None else min(tokens, self.context)
