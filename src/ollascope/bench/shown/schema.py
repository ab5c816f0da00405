"""The JSON Schema of the document, made from the values themselves, so that the two cannot differ."""

import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from ollascope.bench.result import SCHEMA, Result
from ollascope.bench.shown.document import ALWAYS, STATISTICS
from ollascope.words.record import EXTRA, Json

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_SCALARS: Final[Mapping[object, str]] = {
    str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null",
}  # fmt: skip


@cache
def schema() -> Mapping[str, Json]:
    """What a document of this version looks like; keys beside the known ones are allowed everywhere."""
    told = _object(Result)
    properties = dict(told["properties"])
    properties["schema"] = {"const": SCHEMA}
    defined = {kind.__name__: _object(kind) for kind in _below(Result)}
    for owner in (properties, defined["Part"]["properties"]):
        owner["metrics"] = {**owner["metrics"], "required": list(ALWAYS)}
    defined["Tail"]["properties"]["ci95"] = _intervals()
    title = "The result of a load test"
    return {"$schema": DIALECT, "title": title, **told, "properties": properties, "$defs": defined}


def _intervals() -> dict[str, Json]:
    span = _of(Mapping[str, tuple[float, float]])["additionalProperties"]
    return {"type": "object", "required": list(STATISTICS), "additionalProperties": {"anyOf": [span, {"type": "null"}]}}


def _object(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    names = [entry.name for entry in fields(kind) if entry.name != EXTRA]
    return {
        "type": "object",
        "description": (kind.__doc__ or "").strip().splitlines()[0],
        "required": names,
        "properties": {name: _of(hints[name]) for name in names},
    }


def _below(kind: type) -> list[type]:
    """The values that a value is made of, each once."""
    found: dict[type, None] = {}

    def look(hint: Any) -> None:
        if isinstance(hint, type) and is_dataclass(hint):
            if hint not in found:
                found[hint] = None
                for inner in get_type_hints(hint).values():
                    look(inner)
            return
        for inner in get_args(hint):
            if not _is_anything(inner):
                look(inner)

    for hint in get_type_hints(kind).values():
        look(hint)
    return list(found)


def _is_anything(hint: Any) -> bool:
    """Whether this is Json, however deep its names were resolved."""
    return any(get_origin(arg) is Sequence for arg in get_args(hint))


def _of(hint: Any) -> dict[str, Any]:
    if _is_anything(hint):
        return {}
    if isinstance(hint, type) and is_dataclass(hint):
        return {"$ref": f"#/$defs/{hint.__name__}"}
    if hint in _SCALARS:
        return {"type": _SCALARS[hint]}
    return _FORMS[get_origin(hint)](get_args(hint))


def _either(args: tuple[Any, ...]) -> dict[str, Any]:
    return {"anyOf": [_of(arg) for arg in args]}


def _many(args: tuple[Any, ...]) -> dict[str, Any]:
    if args[-1] is Ellipsis:
        return {"type": "array", "items": _of(args[0])}
    return {"type": "array", "prefixItems": [_of(arg) for arg in args], "minItems": len(args), "maxItems": len(args)}


def _mapping(args: tuple[Any, ...]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": _of(args[1])}


def _words(args: tuple[Any, ...]) -> dict[str, Any]:
    return {"enum": list(args)}


_FORMS: Final[Mapping[object, Callable[[tuple[Any, ...]], dict[str, Any]]]] = {
    Union: _either, types.UnionType: _either, tuple: _many, Mapping: _mapping, Literal: _words,
}  # fmt: skip
