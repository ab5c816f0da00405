"""The language of the answer that is being made, and the words of pages in it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final, get_args

from ollascope.reports import told, words
from ollascope.reports.words import Language

LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
NAMES: Final[dict[Language, str]] = {"en": "English", "zh": "中文"}
TAGS: Final[dict[Language, str]] = {"en": "en", "zh": "zh-CN"}  # as HTML and HTTP write them

_LANGUAGE: ContextVar[Language] = ContextVar("language", default="en")


def word(text: str, **values: object) -> str:
    """The text in the language of this answer, with values in its braces; English is its own key."""
    said = words.word(text, language())
    return said.format(**values) if values else said


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A text of a failure, check or alert as this answer shows it, and the tag of the language that it is in."""

    text: str
    tag: str


def tell(text: str) -> Told:
    """The text in the language of this answer, where it is known; else in English, as it is."""
    said = told.said(text, language())
    return Told(text=said.text, tag=TAGS[said.language])


def language() -> Language:
    """The language of this answer."""
    return _LANGUAGE.get()


def speak(chosen: Language) -> None:
    """All that follows in this thread is said in this language."""
    _LANGUAGE.set(chosen)


@contextmanager
def speaking(chosen: Language) -> Iterator[None]:
    """What is made within is said in this language."""
    token = _LANGUAGE.set(chosen)
    try:
        yield
    finally:
        _LANGUAGE.reset(token)


def read_language(text: str | None) -> Language | None:
    """A language that pages speak, from what a cookie says; None for anything else."""
    return next((known for known in LANGUAGES if known == text), None)


def choose_language(wanted: Sequence[str]) -> Language:
    """The first language of a browser's list that pages speak; English if there is none."""
    for tag in wanted:
        found = read_language(tag.partition("-")[0].lower())
        if found is not None:
            return found
    return "en"
