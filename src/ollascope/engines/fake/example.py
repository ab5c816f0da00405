"""An instance of a JSON schema: what a model that is held to the schema could say."""

import json
from collections.abc import Mapping
from typing import Final

from ollascope.words.record import Json

DEEPEST: Final = 8
MOST: Final = 1000  # values in one example
ALL: Final = 40  # items of a list that must be there
_SIMPLE: Final[Mapping[str, Json]] = {"string": "because", "integer": 42, "number": 4.2, "boolean": True, "null": None}


def example(schema: Mapping[str, Json]) -> Json:
    """A value that fits the schema, as far as types, properties, enums and references say."""
    return _Maker(schema).make(schema, DEEPEST)


def fits(text: str, wanted: str | Mapping[str, Json]) -> bool:
    """A text is JSON that has what the format requires at its top."""
    try:
        value = json.loads(text)
    except ValueError:
        return False
    if isinstance(wanted, str):
        return True
    required = wanted.get("required")
    properties = wanted.get("properties")
    if not isinstance(value, dict) or not isinstance(properties, dict):
        return False
    names = required if isinstance(required, list) else [*properties]
    return all(name in value for name in names) and all(name in properties for name in value) and all(
        _is(value[name], part) for name, part in properties.items() if name in value
    )  # fmt: skip


def _is(value: Json, part: Json) -> bool:
    kind = part.get("type") if isinstance(part, dict) else None
    made = _SIMPLE.get(kind) if isinstance(kind, str) else None
    return made is not None and type(value) is type(made)


class _Maker:
    """Makes one value; what a schema that refers to itself would make without end is cut short."""

    def __init__(self, root: Mapping[str, Json]) -> None:
        self._root = root
        self._left = MOST

    def make(self, schema: Json, depth: int) -> Json:
        self._left -= 1
        if not isinstance(schema, Mapping) or depth < 0 or self._left < 0:
            return None
        if "const" in schema:
            return schema["const"]
        for key in ("enum", "anyOf", "oneOf", "allOf"):
            options = schema.get(key)
            if isinstance(options, list) and options:
                return options[0] if key == "enum" else self.make(options[0], depth - 1)
        reference = schema.get("$ref")
        if isinstance(reference, str):
            return self.make(self._follow(reference), depth - 1)
        return self._typed(schema, depth)

    def _typed(self, schema: Mapping[str, Json], depth: int) -> Json:
        kind = schema.get("type")
        kind = kind[0] if isinstance(kind, list) and kind else kind
        properties = schema.get("properties")
        if kind == "object" or isinstance(properties, Mapping):
            known = properties if isinstance(properties, Mapping) else {}
            return {name: self.make(part, depth - 1) for name, part in known.items()}
        if kind == "array":
            least = schema.get("minItems")
            size = min(ALL, least) if isinstance(least, int) and least > 1 else 1
            return [self.make(schema.get("items"), depth - 1) for _ in range(size)]
        return _SIMPLE.get(kind, "because") if isinstance(kind, str) else "because"

    def _follow(self, reference: str) -> Json:
        found: Json = self._root
        for name in reference.removeprefix("#").strip("/").split("/"):
            found = found.get(name) if isinstance(found, Mapping) else None
        return found
