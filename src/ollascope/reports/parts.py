"""What a report is made of: each part is shown as HTML on a page and as text on a terminal."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ollascope.reports.words import Language

Tone = Literal["ok", "warning", "problem", "plain", "demo"]
Align = Literal["left", "right"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """What matters most, on top: a verdict, a warning, the DEMO badge."""

    tone: Tone
    title: str
    lines: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A few figures with their names, big enough to be read from afar where `big`."""

    rows: Sequence[tuple[str, str]]
    title: str = ""
    big: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under headers; columns of figures are `right`."""

    headers: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""
    note: str = ""
    right: Sequence[int] = ()  # the columns that hold figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A drawing from `charts/`, and its figures for who cannot see it."""

    svg: str
    title: str
    note: str = ""
    figures: Table | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Sentences."""

    lines: Sequence[str]
    title: str = ""


Part = Banner | Facts | Table | Chart | Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report: what it is called, what it is about, its parts from top to bottom."""

    title: str
    about: str = ""
    parts: Sequence[Part] = ()
    language: Language = "en"
