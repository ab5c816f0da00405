"""Values to JSON and back: one line each, unknown fields kept, wrong types named."""

import json
import math
import types
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from ollascope.words.errors import RecordInvalid

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]
Value = TypeVar("Value")
Convert = Callable[[object, str], object]

EXTRA = "extra"  # the field of every value that holds what this version does not know
HINT = "this line was not written by Ollascope, or by a version whose format differs; `ollascope version` tells yours"


def dumps(value: object) -> str:
    """One value as one line of JSON, without its unmeasured fields."""
    return json.dumps(to_json(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def loads(cls: type[Value], line: str | bytes) -> Value:
    """One line of JSON as a value of `cls`."""
    try:
        data = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise RecordInvalid(f"{cls.__name__}: not a line of JSON ({error})", hint=HINT) from error
    return from_json(cls, data)


def to_json(value: object) -> dict[str, Json]:
    """The fields that are set, by name, and the unknown ones beside them."""
    known: dict[str, Json] = {}
    for name in _names(type(value)):  # type: ignore[arg-type]  # a class is hashable
        item = getattr(value, name)
        if item is not None and item not in ((), {}):
            known[name] = _plain(item)
    return {**_extra(value), **known}


def from_json(cls: type[Value], data: object) -> Value:
    """A value of `cls` from its JSON object; fields it does not know go to `extra`."""
    if not isinstance(data, Mapping):
        raise RecordInvalid(f"{cls.__name__}: expected an object, got {_kind(data)}", hint=HINT)
    converters = _converters(cls)  # type: ignore[arg-type]  # a class is hashable
    known: dict[str, object] = {}
    extra: dict[str, object] = {}
    for name, item in data.items():
        convert = converters.get(name)
        if convert is None:
            extra[str(name)] = item
        else:
            known[name] = convert(item, f"{cls.__name__}.{name}")
    if missing := [name for name in _required(cls) if name not in known]:  # type: ignore[arg-type]
        raise RecordInvalid(f"{cls.__name__}: without {', '.join(missing)}", hint=HINT)
    return cls(**known, **({EXTRA: extra} if extra else {}))


@cache
def _names(cls: Hashable) -> tuple[str, ...]:
    return tuple(field.name for field in fields(cast("type[Any]", cls)) if field.name != EXTRA)


@cache
def _required(cls: Hashable) -> tuple[str, ...]:
    entries = fields(cast("type[Any]", cls))
    return tuple(entry.name for entry in entries if entry.default is MISSING and entry.default_factory is MISSING)


def _extra(value: object) -> dict[str, Json]:
    return dict(cast("Mapping[str, Json]", getattr(value, EXTRA)))


def _plain(item: object) -> Json:
    if is_dataclass(item):
        return to_json(item)
    if isinstance(item, tuple):
        return [_plain(part) for part in item]
    if isinstance(item, Mapping):
        return {str(key): _plain(part) for key, part in item.items()}
    return cast("Json", item)


@cache
def _converters(cls: Hashable) -> dict[str, Convert]:
    hints = get_type_hints(cls)
    return {name: _converter(hints[name]) for name in _names(cls)}


def _converter(hint: Any) -> Convert:
    origin, args = get_origin(hint), get_args(hint)
    if origin in {Union, types.UnionType}:
        return _either(args)
    if origin is tuple:
        return _many(args)
    if origin in {Mapping, dict} or hint is Mapping:
        return _mapping(args)
    if origin is Literal:
        return _literal(args)
    if isinstance(hint, type) and is_dataclass(hint):
        return lambda item, _where: from_json(hint, item)
    return _scalar(hint)


def _as_is(item: object, _where: str) -> object:
    return item


def _either(args: tuple[Any, ...]) -> Convert:
    if any(get_origin(arg) is Sequence for arg in args):  # Json, however deep its names were resolved
        return _as_is
    rest = [arg for arg in args if arg is not type(None)]
    converters = [_converter(arg) for arg in rest]

    def convert(item: object, where: str) -> object:
        if item is None and len(rest) < len(args):
            return None
        for candidate in converters[:-1]:
            try:
                return candidate(item, where)
            except RecordInvalid:
                continue
        return converters[-1](item, where)

    return convert


def _many(args: tuple[Any, ...]) -> Convert:
    endless = len(args) == 2 and args[1] is Ellipsis
    converters = [_converter(arg) for arg in args if arg is not Ellipsis]

    def convert(item: object, where: str) -> object:
        if not isinstance(item, list | tuple):
            raise RecordInvalid(f"{where}: expected a list, got {_kind(item)}", hint=HINT)
        if not endless and len(item) != len(converters):
            raise RecordInvalid(f"{where}: expected a list of {len(converters)}, got a list of {len(item)}", hint=HINT)
        parts = converters * len(item) if endless else converters
        return tuple(part(entry, where) for part, entry in zip(parts, item, strict=True))

    return convert


def _mapping(args: tuple[Any, ...]) -> Convert:
    convert_value = _converter(args[1]) if args else _as_is

    def convert(item: object, where: str) -> object:
        if not isinstance(item, Mapping):
            raise RecordInvalid(f"{where}: expected an object, got {_kind(item)}", hint=HINT)
        return {str(key): convert_value(entry, f"{where}.{key}") for key, entry in item.items()}

    return convert


def _literal(args: tuple[Any, ...]) -> Convert:
    def convert(item: object, where: str) -> object:
        if item not in args:
            raise RecordInvalid(f"{where}: {item!r} is none of {', '.join(map(str, args))}", hint=HINT)
        return item

    return convert


def _scalar(hint: Any) -> Convert:
    def convert(item: object, where: str) -> object:
        if hint is float and isinstance(item, int) and not isinstance(item, bool):
            return float(item)
        if not isinstance(item, hint) or (isinstance(item, bool) and hint is not bool):
            raise RecordInvalid(f"{where}: expected {_WORDS.get(hint, hint.__name__)}, got {_kind(item)}", hint=HINT)
        if isinstance(item, float) and not math.isfinite(item):
            raise RecordInvalid(f"{where}: {item} is not a measured number", hint=HINT)
        return item

    return convert


_WORDS: dict[type, str] = {
    int: "a whole number",
    float: "a number",
    str: "a text",
    bool: "true or false",
    list: "a list",
    tuple: "a list",
    dict: "an object",
    type(None): "nothing",
}


def _kind(item: object) -> str:
    return _WORDS.get(type(item), "something else")
