"""The filters and tests that chat templates use, each bounded before it runs; what is not here does not exist."""

import json
import math
from collections.abc import Callable, Sequence
from typing import Any, Final, cast

from jinja2.runtime import Undefined
from jinja2.tests import TESTS as JINJA_TESTS
from markupsafe import escape

from ollascope.serve.llamacpp.speech.sandbox.bounds import overdone
from ollascope.serve.llamacpp.speech.sandbox.measured import PLAIN, Measured, list_of, text_of
from ollascope.serve.llamacpp.speech.sandbox.methods import call_method, join, replace
from ollascope.serve.llamacpp.speech.sandbox.operators import compare

MOST_INDENT: Final = 16
SHALLOW: Final = (
    "boolean", "callable", "defined", "even", "false", "float", "integer", "iterable", "mapping", "none", "number",
    "odd", "sameas", "sequence", "string", "true", "undefined",
)  # fmt: skip
Each = Callable[[Any], Any]


def _tojson(
    context: Measured,
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """As Hugging Face does it: letters stay as they are, nothing is escaped for HTML."""
    context.budget.copy(value)
    if indent is not None and not (isinstance(indent, int) and 0 <= indent <= MOST_INDENT):
        raise overdone(f"indents JSON by {indent!s:.20}")
    encoder = json.JSONEncoder(
        ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys, check_circular=False
    )
    if indent is None:
        return text_of(context.budget, encoder.encode(value))
    return "".join([text_of(context.budget, piece) for piece in encoder.iterencode(value)])


def _string(context: Measured, value: Any) -> str:
    return text_of(context.budget, value)


def _safe(_context: Measured, value: Any) -> Any:
    """Nothing is escaped, so nothing needs to be marked as safe."""
    return value


def _escape(context: Measured, value: Any) -> str:
    text = text_of(context.budget, value)
    context.budget.make(5 * len(text))
    return str(escape(text))


def _length(_context: Measured, value: Any) -> int:
    return len(value)


def _first(context: Measured, value: Any) -> Any:
    return next(iter(list_of(value)), context.environment.undefined("the first of nothing"))


def _last(context: Measured, value: Any) -> Any:
    return next(iter(list_of(value)[-1:]), context.environment.undefined("the last of nothing"))


def _list(context: Measured, value: Any) -> list[Any]:
    items = list_of(value)
    context.budget.spend(len(items))
    return list(items)


def _reverse(context: Measured, value: Any) -> Any:
    context.budget.read(value if isinstance(value, str) else None)
    return value[::-1] if isinstance(value, str) else _list(context, value)[::-1]


def _default(_context: Measured, value: Any, other: Any = "", boolean: bool = False) -> Any:
    return other if isinstance(value, Undefined) or (boolean and not value) else value


def _join(context: Measured, value: Any, between: str = "", attribute: str | int | None = None) -> str:
    items = list_of(value)
    if attribute is not None:
        items = [_attribute(context, item, attribute) for item in items]
    return join(context.budget, text_of(context.budget, between), items)


def _replace(context: Measured, value: Any, old: str, new: str, count: int | None = None) -> str:
    text, old, new = (text_of(context.budget, part) for part in (value, old, new))
    return replace(context.budget, text, old, new, -1 if count is None else int(count))


def _trim(context: Measured, value: Any, characters: str | None = None) -> str:
    return text_of(context.budget, value).strip(characters)


def _indent(context: Measured, value: Any, width: int | str = 4, first: bool = False, blank: bool = False) -> str:
    text = text_of(context.budget, value)
    if isinstance(width, int) and not 0 <= width <= 1000:
        raise overdone(f"indents by {width!s:.20}")
    by = " " * width if isinstance(width, int) else text_of(context.budget, width)
    context.budget.make(len(text) + (text.count("\n") + 1) * (len(by) + 1))
    lines = text.splitlines()
    shifted = [by + line if number and (line or blank) else line for number, line in enumerate(lines)]
    made = "\n".join(shifted)
    return by + made if first else made


def _texts(name: str) -> Callable[..., Any]:
    """A filter that is a method of texts."""
    return lambda context, value, *args: call_method(context.budget, text_of(context.budget, value), name, args, {})


def _int(_context: Measured, value: Any, default: int = 0) -> int:
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return int(_float(_context, value, float(default)))


def _float(_context: Measured, value: Any, default: float = 0.0) -> float:
    try:
        made = float(value)
    except (TypeError, ValueError, OverflowError):
        return default
    return made if math.isfinite(made) else default


def _round(_context: Measured, value: float, digits: int = 0) -> float:
    return float(round(value, max(-20, min(20, digits))))


def _abs(_context: Measured, value: float) -> float:
    return abs(value)


def _items(context: Measured, value: Any) -> list[tuple[Any, Any]]:
    if isinstance(value, Undefined):
        return []
    if not isinstance(value, dict):
        raise TypeError(f"a {type(value).__name__} has no items of keys")
    context.budget.spend(len(value))
    return list(value.items())


def _dictsort(context: Measured, value: Any, case_sensitive: bool = False, by: str = "key") -> list[tuple[Any, Any]]:
    place = 1 if by == "value" else 0
    _order(context, value)
    return sorted(_items(context, value), key=lambda pair: _fold(pair[place], case_sensitive=case_sensitive))


def _sort(
    context: Measured, value: Any, reverse: bool = False, case_sensitive: bool = False, attribute: str | None = None
) -> list[Any]:
    _order(context, value)
    keyed = _getter(context, attribute)
    return sorted(
        list_of(value), key=lambda item: _fold(keyed(item), case_sensitive=case_sensitive), reverse=bool(reverse)
    )


def _unique(context: Measured, value: Any, case_sensitive: bool = False, attribute: str | None = None) -> list[Any]:
    context.budget.read(value)
    keyed = _getter(context, attribute)
    return list(
        {_fold(keyed(item), case_sensitive=case_sensitive): item for item in reversed(list_of(value))}.values()
    )[::-1]


def _map(context: Measured, value: Any, *args: Any, **kwargs: Any) -> list[Any]:
    items = list_of(value)
    context.budget.spend(2 * len(items))
    if "attribute" in kwargs:
        missing = kwargs.get("default")
        found = [_attribute(context, item, kwargs["attribute"]) for item in items]
        return [missing if isinstance(item, Undefined) and missing is not None else item for item in found]
    function = FILTERS[args[0]]
    return [function(context, item, *args[1:], **kwargs) for item in items]


def _picker(*, wanted: bool, of_attribute: bool) -> Callable[..., list[Any]]:
    """select, reject, selectattr, rejectattr."""

    def pick(context: Measured, value: Any, *args: Any) -> list[Any]:
        items = list_of(value)
        context.budget.spend(3 * len(items))
        keyed = _getter(context, args[0] if of_attribute else None)
        test = args[1:] if of_attribute else args
        if not test:
            return [item for item in items if bool(keyed(item)) is wanted]
        return [item for item in items if bool(TESTS[test[0]](context, keyed(item), *test[1:])) is wanted]

    return pick


def _sum(context: Measured, value: Any, attribute: str | None = None, start: float = 0) -> float:
    keyed = _getter(context, attribute)
    numbers = [keyed(item) for item in list_of(value)]
    context.budget.spend(len(numbers))
    if not all(isinstance(number, int | float) for number in (*numbers, start)):
        raise TypeError("sum takes numbers")
    return sum(numbers, start)


def _extreme(choose: Callable[[Sequence[Any]], Any]) -> Callable[..., Any]:
    def extreme(context: Measured, value: Any) -> Any:
        context.budget.read(value)
        return choose(list_of(value))

    return extreme


def _attribute(context: Measured, item: Any, path: str | int) -> Any:
    for part in str(path).split("."):
        item = context.environment.getitem(item, int(part) if part.isdigit() else part)
    return item


def _getter(context: Measured, attribute: str | int | None) -> Each:
    if attribute is None:
        return lambda item: item
    return lambda item: _attribute(context, item, attribute)


def _order(context: Measured, value: Any) -> None:
    """Each of the items is compared with some others."""
    items = list_of(value)
    for _ in range(len(items).bit_length()):
        context.budget.read(items)


def _fold(value: Any, *, case_sensitive: bool) -> Any:
    return value.lower() if isinstance(value, str) and not case_sensitive else value


def _shallow(name: str) -> Callable[..., bool]:
    """A test of Jinja's own that looks no deeper than a value's type."""
    test = cast("Callable[..., object]", JINJA_TESTS[name])
    return lambda _context, value, *args: bool(test(value, *args))


def _comparing(sign: str) -> Callable[..., bool]:
    return lambda context, value, other: compare(context, value, sign, other)


def _cased(name: str) -> Callable[..., bool]:
    return lambda context, value: bool(call_method(context.budget, text_of(context.budget, value), name, (), {}))


def _divisible(_context: Measured, value: Any, by: Any) -> bool:
    if not isinstance(value, PLAIN[1:3]) or not isinstance(by, PLAIN[1:3]):
        raise TypeError("only numbers can be divided")
    return value % by == 0


FILTERS: dict[str, Callable[..., Any]] = {
    "abs": _abs,
    "capitalize": _texts("capitalize"),
    "count": _length,
    "d": _default,
    "default": _default,
    "dictsort": _dictsort,
    "e": _escape,
    "escape": _escape,
    "first": _first,
    "float": _float,
    "indent": _indent,
    "int": _int,
    "items": _items,
    "join": _join,
    "last": _last,
    "length": _length,
    "list": _list,
    "lower": _texts("lower"),
    "map": _map,
    "max": _extreme(max),
    "min": _extreme(min),
    "reject": _picker(wanted=False, of_attribute=False),
    "rejectattr": _picker(wanted=False, of_attribute=True),
    "replace": _replace,
    "reverse": _reverse,
    "round": _round,
    "safe": _safe,
    "select": _picker(wanted=True, of_attribute=False),
    "selectattr": _picker(wanted=True, of_attribute=True),
    "sort": _sort,
    "string": _string,
    "sum": _sum,
    "title": _texts("title"),
    "tojson": _tojson,
    "trim": _trim,
    "unique": _unique,
    "upper": _texts("upper"),
}
TESTS: dict[str, Callable[..., bool]] = {
    **{name: _shallow(name) for name in SHALLOW},
    **{name: _comparing("eq") for name in ("eq", "==", "equalto")},
    **{name: _comparing("ne") for name in ("ne", "!=")},
    **{name: _comparing("gt") for name in ("gt", ">", "greaterthan")},
    **{name: _comparing("gteq") for name in ("ge", ">=")},
    **{name: _comparing("lt") for name in ("lt", "<", "lessthan")},
    **{name: _comparing("lteq") for name in ("le", "<=")},
    "in": _comparing("in"),
    "lower": _cased("islower"),
    "upper": _cased("isupper"),
    "divisibleby": _divisible,
}
