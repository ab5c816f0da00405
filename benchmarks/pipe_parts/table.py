"""One line of the result: a figure, the promise beside it, and whether it was kept."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A figure; `most` or `least` is the promise, and a row without either is there to be read."""

    name: str
    figure: float
    unit: str
    most: float | None = None
    least: float | None = None
    note: str = ""
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        if self.most is None and self.least is None:
            return ""
        kept = (self.most is None or self.figure <= self.most) and (self.least is None or self.figure >= self.least)
        return "ok" if kept else "MISSED"

    @property
    def promise(self) -> str:
        if self.most is not None:
            return f"≤ {self.most:.4g}"
        return "" if self.least is None else f"≥ {self.least:.4g}"


def draw(rows: Iterable[Row]) -> str:
    """The rows as a plain table."""
    lines = [("", "figure", "unit", "promise", "", "")]
    lines += [(r.name, f"{r.figure:.4g}", r.unit, r.promise, r.verdict, r.note) for r in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(6)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )
