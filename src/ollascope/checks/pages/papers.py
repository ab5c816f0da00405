"""The documents that lie beside the program, where they came with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

LONGEST = 512 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """One document: the name it is asked for by, and its first heading."""

    name: str
    title: str


def papers(folder: Path) -> Sequence[Paper]:
    """Every document of the folder, by title; none where the program came without them."""
    found = [Paper(name=path.stem, title=_title(path)) for path in sorted(folder.glob("*.md"))]
    return sorted(found, key=lambda each: each.title.casefold())


def read_paper(folder: Path, name: str) -> str | None:
    """The text of one of the documents; None for any other name."""
    if name not in {path.stem for path in folder.glob("*.md")}:
        return None
    try:
        return (folder / f"{name}.md").read_text(encoding="utf-8", errors="replace")[:LONGEST]
    except OSError:
        return None


def _title(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            first = file.readline(200).strip()
    except OSError:
        return path.stem
    return first.removeprefix("# ") if first.startswith("# ") else path.stem
