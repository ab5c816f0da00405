"""Whether an answer keeps the format that was asked for: JSON, or JSON of a schema."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, cast

from ollascope.words.record import Json

DEEPEST: Final = 64  # a schema may refer to itself, an answer may not go on for ever
MOST_STEPS: Final = 50_000  # nor may its choices multiply
SHOWN: Final = 40
Schema = Mapping[str, Json]


def fault_in(text: str, wanted: str | Schema) -> str | None:
    """What is wrong with an answer, in a few words; none if it keeps the format.

    Of a schema the words are checked that say what a value is and holds: type, properties, required, items, enum,
    const, additionalProperties, $ref within it, anyOf and allOf. Other words never make a fault.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return "it is empty" if not text.strip() else "it is not JSON"
    if isinstance(wanted, str):
        return None
    return next(_faults(cast("Json", value), wanted, _Place(wanted, (), 0, iter(range(MOST_STEPS)))), None)


class _Place:
    """Where in the answer, and in which schema, as far as a fault must tell it."""

    __slots__ = ("depth", "path", "root", "steps")

    def __init__(self, root: Schema, path: tuple[str, ...], depth: int, steps: Iterator[int]) -> None:
        self.root = root
        self.path = path
        self.depth = depth
        self.steps = steps

    def at(self, name: str) -> "_Place":
        return _Place(self.root, (*self.path, name), self.depth + 1, self.steps)

    def deeper(self) -> "_Place":
        return _Place(self.root, self.path, self.depth + 1, self.steps)

    def __str__(self) -> str:
        return ".".join(self.path) or "the answer"


def _faults(value: Json, schema: Json, place: _Place) -> Iterator[str]:
    if not isinstance(schema, Mapping) or place.depth > DEEPEST or next(place.steps, None) is None:
        return
    if (target := schema.get("$ref")) is not None:
        yield from _faults(value, _referred(target, place.root), place.deeper())
    if not _is_type(value, schema.get("type")):
        yield f"{place} is {_kind(value)}, not {_listed(schema['type'])}"
        return
    yield from _wrong_value(value, schema, place)
    if isinstance(value, Mapping):
        yield from _in_object(value, schema, place)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for number, item in enumerate(value):
            yield from _faults(item, schema.get("items"), place.at(str(number)))
    yield from _combined(value, schema, place)


def _wrong_value(value: Json, schema: Schema, place: _Place) -> Iterator[str]:
    choices = schema.get("enum")
    if isinstance(choices, Sequence) and not isinstance(choices, str) and not any(_same(value, one) for one in choices):
        yield f"{place} is {_shown(value)}, none of the values allowed"
    if "const" in schema and not _same(value, schema["const"]):
        yield f"{place} is {_shown(value)}, not {_shown(schema['const'])}"


def _in_object(value: Mapping[str, Json], schema: Schema, place: _Place) -> Iterator[str]:
    for name in _names(schema.get("required")):
        if name not in value:
            yield f"it misses {place.at(name)}"
    properties = schema.get("properties")
    known = properties if isinstance(properties, Mapping) else {}
    others = schema.get("additionalProperties")
    for name, item in value.items():
        if name in known:
            yield from _faults(item, known[name], place.at(name))
        elif others is False:
            yield f"it holds {place.at(name)}, which the schema does not allow"
        else:
            yield from _faults(item, others, place.at(name))


def _combined(value: Json, schema: Schema, place: _Place) -> Iterator[str]:
    for part in _schemas(schema.get("allOf")):
        yield from _faults(value, part, place.deeper())
    for word in ("anyOf", "oneOf"):
        choices = _schemas(schema.get(word))
        if choices and not any(next(_faults(value, one, place.deeper()), None) is None for one in choices):
            yield f"{place} fits none of the forms allowed"


def _referred(target: Json, root: Schema) -> Json:
    """What `#/$defs/name` stands for; something else is not known, so anything fits."""
    if not isinstance(target, str) or not target.startswith("#"):
        return None
    found: Json = root
    for name in target[1:].split("/"):
        if name:
            plain = name.replace("~1", "/").replace("~0", "~")
            found = found.get(plain) if isinstance(found, Mapping) else None
    return found


def _is_type(value: Json, wanted: Json) -> bool:
    names = [wanted] if isinstance(wanted, str) else _names(wanted)
    if not names:
        return True
    return any(name not in _TYPES or _fits(value, name) for name in names)


def _fits(value: Json, name: str) -> bool:
    if name == "integer":
        return not isinstance(value, bool) and (isinstance(value, int) or (isinstance(value, float) and value % 1 == 0))
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, _TYPES[name])


_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
}


def _kind(value: Json) -> str:
    return next(name for name in ("boolean", *_TYPES) if _fits(value, name))


def _names(value: Json) -> list[str]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        return []
    return [item for item in value if isinstance(item, str)]


def _schemas(value: Json) -> list[Json]:
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else []


def _listed(wanted: Json) -> str:
    return wanted if isinstance(wanted, str) else " or ".join(_names(wanted))


def _same(value: Json, other: Json) -> bool:
    """1 and 1.0 are the same number, 1 and true are not the same."""
    return value == other and isinstance(value, bool) == isinstance(other, bool)


def _shown(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
