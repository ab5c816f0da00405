"""The methods of texts, lists and mappings that templates use, each bounded before it runs."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from ollascope.serve.llamacpp.speech.sandbox.bounds import Budget, overdone
from ollascope.serve.llamacpp.speech.sandbox.measured import PLAIN, text_of
from ollascope.serve.llamacpp.speech.sandbox.operators import LISTS

WIDTH: Final = 1000
FIELDS: Final = re.compile(r"\{\{|\}\}|\{\w*(?::0?\d{0,2},?(?:\.\d{1,2})?[dfs%]?)?\}")

# fmt: off
_LINEAR: Final = frozenset(
    ("upper", "lower", "title", "capitalize", "swapcase", "casefold", "strip", "lstrip", "rstrip", "startswith",
     "endswith", "find", "rfind", "index", "rindex", "count", "isalnum", "isalpha", "isascii", "isdecimal", "isdigit",
     "isidentifier", "islower", "isnumeric", "isprintable", "isspace", "istitle", "isupper", "removeprefix",
     "removesuffix")
)
# fmt: on
_SPLITTING: Final = frozenset(("split", "rsplit", "splitlines", "partition", "rpartition"))
_PADDING: Final = frozenset(("center", "ljust", "rjust", "zfill"))


def call_method(
    budget: Budget, value: str | Sequence[Any] | Mapping[str, Any], name: str, args: Any, kwargs: Mapping[str, Any]
) -> Any:
    """What the method of that name gives."""
    if isinstance(value, str):
        return _of_text(budget, value, name, args, kwargs)
    if isinstance(value, dict) and name in _OF_MAPPINGS:
        budget.spend(len(value))
        return _OF_MAPPINGS[name](value, *args, **kwargs)
    if isinstance(value, LISTS) and name in {"index", "count"}:
        budget.read(value)
        return value.index(*args) if name == "index" else value.count(*args)
    raise overdone(f"calls {name}() of a {type(value).__name__}")


def replace(budget: Budget, text: str, old: str, new: str, count: int = -1) -> str:
    """`text` with `old` as `new`, in so many places at most."""
    places = text.count(old)
    if count >= 0:
        places = min(places, count)
    budget.make(len(text) + max(0, places * (len(new) - len(old))))
    return text.replace(old, new, count)


def join(budget: Budget, between: str, items: Sequence[Any]) -> str:
    """The items as texts, with `between` between them."""
    budget.make(len(between) * len(items))
    return between.join([text_of(budget, item) for item in items])


def _of_text(budget: Budget, text: str, name: str, args: Any, kwargs: Mapping[str, Any]) -> Any:
    budget.read([text, *args])
    if name in _LINEAR:
        made = _METHODS[name](text, *args, **kwargs)
        if isinstance(made, str):
            budget.make(len(made))
        return made
    if name in _SPLITTING:
        budget.make(len(text))
        budget.spend(len(text))
        return _METHODS[name](text, *args, **kwargs)
    if name in _PADDING:
        if not isinstance(args[0], int) or args[0] > WIDTH:
            raise overdone(f"pads a text to {args[0]!s:.20} characters")
        budget.make(len(text) + WIDTH)
        return _METHODS[name](text, *args)
    if name == "replace":
        return replace(budget, text, *args, **kwargs)
    if name == "join":
        return _join_texts(budget, text, *args)
    if name == "format":
        return _format(budget, text, args, kwargs)
    raise overdone(f"calls {name}() of a text")


def _join_texts(budget: Budget, between: str, items: Any) -> str:
    if not isinstance(items, LISTS) or not all(isinstance(item, str) for item in items):
        raise TypeError("join() takes a list of texts")
    return join(budget, between, items)


def _format(budget: Budget, form: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    """`"{} and {name}".format(…)` without attributes, items and great widths."""
    rest = FIELDS.sub("", form)
    if "{" in rest or "}" in rest:
        raise overdone(f"formats with {form[:40]!r}")
    values = [value if isinstance(value, int | float) else text_of(budget, value) for value in args]
    named = {key: value if isinstance(value, int | float) else text_of(budget, value) for key, value in kwargs.items()}
    longest = max((len(value) for value in (*values, *named.values()) if isinstance(value, str)), default=0)
    budget.make(len(form) + form.count("{") * (longest + 400))
    return form.format(*values, **named)


def _get(value: Mapping[Any, Any], key: Any, default: Any = None) -> Any:
    return value.get(key, default) if isinstance(key, PLAIN) else default


_OF_MAPPINGS: dict[str, Callable[..., Any]] = {
    "get": _get,
    "items": lambda value: list(value.items()),
    "keys": lambda value: list(value.keys()),
    "values": lambda value: list(value.values()),
    "copy": dict,
}
_METHODS: dict[str, Callable[..., Any]] = {
    name: method for name, method in vars(str).items() if name in _LINEAR | _SPLITTING | _PADDING
}
