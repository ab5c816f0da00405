"""What the operators of a template do, and what it costs: sums, products and comparisons are bounded beforehand."""

import operator
import re
from collections.abc import Callable
from typing import Any, Final

from jinja2.runtime import Undefined

from ollascope.serve.llamacpp.speech.sandbox.bounds import GRAIN, Budget, overdone
from ollascope.serve.llamacpp.speech.sandbox.measured import PLAIN, Measured, text_of

WIDEST: Final = 2**63
STEEPEST: Final = 64  # exponents
PLACES: Final = re.compile(r"%(?:%|0?\d{0,2}(?:\.\d{1,2})?[sdif])")
LISTS: Final = (list, tuple)

_NUMERIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "gteq": operator.ge,
    "lt": operator.lt,
    "lteq": operator.le,
    "in": lambda item, items: item in items,
    "notin": lambda item, items: item not in items,
}


def operate(budget: Budget, sign: str, left: Any, right: Any) -> Any:
    """The result of a binary operator."""
    budget.spend(1)
    if isinstance(left, int | float) and isinstance(right, int | float):
        return _reckon(sign, left, right)
    if sign == "+":
        return _add(budget, left, right)
    if sign == "*":
        return _repeat(budget, left, right)
    if sign == "%" and isinstance(left, str):
        return _fill(budget, left, right)
    if isinstance(left, Undefined) or isinstance(right, Undefined):
        return _NUMERIC[sign](left, right)  # which says what is missing
    raise TypeError(f"{type(left).__name__} {sign} {type(right).__name__} means nothing")


def compare(context: Measured, first: Any, *rest: Any) -> bool:
    """`a < b < c`: the first value, then signs and values in turn."""
    for sign, value in zip(rest[::2], rest[1::2], strict=True):
        _charge(context.budget, sign, first, value)
        if not _COMPARE[sign](first, value):
            return False
        first = value
    return True


def join(context: Measured, _first: object, *parts: object) -> str:
    """`a ~ b`."""
    return "".join([text_of(context.budget, part) for part in parts])


def _reckon(sign: str, left: float, right: float) -> float:
    if sign == "**" and abs(right) > STEEPEST:
        raise overdone(f"raises a number to the power of {right}")
    made: float = _NUMERIC[sign](left, right)
    if isinstance(made, complex) or abs(made) > WIDEST or max(abs(left), abs(right)) > WIDEST:
        raise overdone("reckons with numbers beyond all measure")
    return made


def _add(budget: Budget, left: Any, right: Any) -> Any:
    if isinstance(left, str) and isinstance(right, str):
        budget.make(len(left) + len(right))
    elif isinstance(left, LISTS) and isinstance(right, LISTS):
        budget.spend(len(left) + len(right))
    else:
        raise TypeError(f"{type(left).__name__} + {type(right).__name__} means nothing")
    return left + right


def _repeat(budget: Budget, left: Any, right: Any) -> Any:
    if isinstance(left, int):
        left, right = right, left
    if not isinstance(right, int) or not isinstance(left, str | list | tuple):
        raise TypeError(f"{type(left).__name__} * {type(right).__name__} means nothing")
    budget.make(len(left) * max(0, right) * (1 if isinstance(left, str) else GRAIN))
    return left * right


def _fill(budget: Budget, form: str, values: Any) -> str:
    """`"%s" % value`, without widths that fill the memory."""
    if "%" in PLACES.sub("", form):
        raise overdone(f"formats with {form[:40]!r}")
    budget.make(len(form))
    parts = values if isinstance(values, tuple) else (values,)
    return form % tuple(part if isinstance(part, int | float) else text_of(budget, part) for part in parts)


def _charge(budget: Budget, sign: str, left: Any, right: Any) -> None:
    if sign not in {"in", "notin"}:
        if isinstance(left, PLAIN) or isinstance(right, PLAIN):
            size = min(len(left), len(right)) if isinstance(left, str) and isinstance(right, str) else 0
            budget.spend(1 + size // GRAIN)
        else:
            budget.read([left, right])
    elif isinstance(right, dict):
        if not isinstance(left, PLAIN):
            raise TypeError(f"a {type(left).__name__} is no key")
    elif isinstance(right, str) or not isinstance(left, PLAIN):
        budget.read(right)
    elif isinstance(right, LISTS):
        each = 1 + (len(left) // GRAIN if isinstance(left, str) else 0)
        budget.spend(len(right) * each)
