"""Schemas that are to be met together, as one; and what a reference inside a schema points to."""

from collections.abc import Callable, Mapping
from typing import Final

from ollascope.words.errors import BadUsage
from ollascope.words.record import Json

Schema = Mapping[str, Json]

MOST: Final = 200  # schemas that are merged into one
HINT: Final = "write `#/$defs/Name` for a definition in the same schema"


class Nothing(Exception):
    """No value can meet a schema; an alternative may do without."""


def pointed(root: Schema, place: str) -> Schema | bool:
    """What `#/$defs/Name` points to."""
    if not place.startswith("#"):
        raise BadUsage(f"the schema refers to {place[:100]!r}, which is not in it", hint=HINT)
    found: object = root
    for step in place[1:].split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(found, list) and key.isdigit() and int(key) < len(found):
            found = found[int(key)]
        elif isinstance(found, Mapping) and key in found:
            found = found[key]
        else:
            raise BadUsage(f"the schema refers to {place[:100]!r}, which is not in it", hint=HINT)
    if not isinstance(found, bool | Mapping):
        raise BadUsage(f"the schema refers to {place[:100]!r}, which is no schema", hint=HINT)
    return found


def merge(schema: Schema, root: Schema) -> Schema:
    """A schema with its `$ref` and `allOf` taken into itself."""
    merged: dict[str, Json] = {}
    left: list[object] = [schema]
    for number, part in enumerate(left):
        if number > MOST:
            raise BadUsage("the schema refers to itself without end", hint="correct its `$ref`s")
        if part is False:
            raise Nothing("it allows nothing")
        if part is True:
            continue
        if not isinstance(part, Mapping):
            raise BadUsage("a part of `allOf` is no schema", hint="correct the schema")
        for word, value in part.items():
            if word == "$ref":
                left.append(pointed(root, str(value)))
            elif word == "allOf" and isinstance(value, list):
                left.extend(value)
            else:
                merged[word] = _both(word, merged[word], value) if word in merged else value
    return merged


def _both(word: str, one: Json, other: Json) -> Json:
    """What meets the same keyword twice."""
    if one == other or word in _WORDS_ONLY:
        return one
    if word in _TOGETHER:
        return _TOGETHER[word](one, other)
    raise BadUsage(f"the schema gives {word!r} twice in ways that cannot be made one", hint="write it once")


def _same(values: Json, others: Json) -> Json:
    first, second = _as_list(values), _as_list(others)
    kept = [value for value in first if value in second]
    if not kept:
        raise Nothing("no value is allowed by both")
    return kept


def _kinds(one: Json, other: Json) -> Json:
    """A whole number is a number too."""
    first, second = _as_list(one), _as_list(other)
    kept = [kind for kind in first if kind in second or (kind == "integer" and "number" in second)]
    kept += [kind for kind in second if kind == "integer" and "number" in first and kind not in kept]
    if not kept:
        raise Nothing("no type is allowed by both")
    return kept


def _properties(one: Json, other: Json) -> Json:
    if not isinstance(one, Mapping) or not isinstance(other, Mapping):
        raise BadUsage("`properties` of the schema is not an object", hint="correct the schema")
    found = dict(one)
    for name, value in other.items():
        found[name] = {"allOf": [found[name], value]} if name in found and found[name] != value else value
    return found


def _as_list(value: Json) -> list[Json]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _larger(one: Json, other: Json) -> Json:
    return max(_number(one), _number(other))


def _smaller(one: Json, other: Json) -> Json:
    return min(_number(one), _number(other))


def _number(value: Json) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadUsage("a bound of the schema is no number", hint="correct the schema")
    return value


def _met_together(one: Json, other: Json) -> Json:
    return {"allOf": [one, other]}


_WORDS_ONLY: Final = frozenset(
    ("title", "description", "default", "examples", "$defs", "definitions", "$schema", "$id")
)
_TOGETHER: Final[Mapping[str, Callable[[Json, Json], Json]]] = {
    "type": _kinds,
    "enum": _same,
    "properties": _properties,
    "required": lambda one, other: [*dict.fromkeys([*map(str, _as_list(one)), *map(str, _as_list(other))])],
    "additionalProperties": lambda one, other: False if False in (one, other) else _met_together(one, other),
    "items": _met_together,
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems"), _larger),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems"), _smaller),
}
