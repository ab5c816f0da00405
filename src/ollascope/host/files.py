"""The small files of /proc and /sys: as text, as numbers, as pairs; what cannot be read is absent."""

import os
from pathlib import Path

PIECE = 1 << 14
FEW_BYTES = 1 << 20  # /proc/stat of a machine with 1,000 cores has 100 kB


def text(file: Path) -> str:
    """What the file says, or nothing; without Python's own file, which costs more than the reading."""
    try:
        opened = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError):
        return ""
    try:
        return _all(opened).decode("utf-8", "replace")
    except OSError:
        return ""
    finally:
        os.close(opened)


def _all(opened: int) -> bytes:
    said = piece = os.read(opened, PIECE)
    while piece and len(said) < FEW_BYTES:
        piece = os.read(opened, PIECE)
        said += piece
    return said


def number(file: Path) -> int | None:
    """The whole number that the file holds; `max` and everything else is none."""
    return whole(text(file))


def whole(word: str) -> int | None:
    """A word as a whole number from 0 up."""
    bare = word.strip()
    return int(bare) if bare.isascii() and bare.isdigit() and len(bare) < 25 else None


def decimal(word: str) -> float | None:
    """A word as a number from 0 up, with or without a point."""
    before, _, after = word.strip().partition(".")
    if not (before + after).isascii() or not before.isdigit() or (after and not after.isdigit()) or len(word) > 40:
        return None
    return float(f"{before}.{after or 0}")


def pairs(file: Path) -> dict[str, int]:
    """`name value` or `name: value kB` a line, as numbers."""
    found: dict[str, int] = {}
    for line in text(file).splitlines():
        words = line.replace(":", " ", 1).split()
        value = whole(words[1]) if len(words) > 1 else None
        if value is not None:
            found[words[0]] = value
    return found


def names(folder: Path, start: str = "") -> list[str]:
    """The names in a folder that begin so, in order; numbers in them count as numbers."""
    try:
        found = [name for name in os.listdir(folder) if name.startswith(start)]  # noqa: PTH208 - /proc may be large
    except OSError:
        return []
    return sorted(found, key=lambda name: (len(name), name))
