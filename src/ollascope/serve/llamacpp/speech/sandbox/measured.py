"""What all parts of the sandbox know: the variables with their budget, texts and lists of whatever a template holds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import NoneType
from typing import Any, Final

from jinja2.runtime import Context, Undefined

from ollascope.serve.llamacpp.speech.sandbox.bounds import Budget

PLAIN: Final = (str, int, float, NoneType)


class Measured(Context):
    """The variables of one rendering, and what it may still spend."""

    budget: Budget


@dataclass(frozen=True, slots=True, eq=False)
class Tool:
    """A function of ours that templates may call; it gets the budget first."""

    work: Callable[..., Any]


def text_of(budget: Budget, value: object) -> str:
    """A value as text."""
    if isinstance(value, str):
        budget.make(len(value))
        return value
    budget.copy(value)
    return str(value)


def list_of(value: object) -> Sequence[Any]:
    """The items of a value, the keys of a mapping; what is undefined has none."""
    if isinstance(value, list | tuple | str | range):
        return value
    if isinstance(value, dict):
        return list(value)
    if isinstance(value, Undefined):
        return ()
    raise TypeError(f"a {type(value).__name__} has no items")
