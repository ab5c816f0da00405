"""A JSON schema as a grammar: whatever is said by the grammar fits the schema, or the schema is refused."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from ollascope.serve.llamacpp.speech.grammar.forms import EXPONENT, FORMS, FRACTION, WHOLE
from ollascope.serve.llamacpp.speech.grammar.gbnf import (
    MOST_REPEATS,
    Grammar,
    Literal,
    Part,
    Repeat,
    Rule,
    Sequence,
    chars,
    choice,
    sequence,
)  # fmt: skip
from ollascope.serve.llamacpp.speech.grammar.integers import integers
from ollascope.serve.llamacpp.speech.grammar.letters import CHAR, literal, other_than, quoted
from ollascope.serve.llamacpp.speech.grammar.merging import Nothing, Schema, merge, pointed
from ollascope.serve.llamacpp.speech.grammar.pattern import pattern
from ollascope.words.errors import BadUsage
from ollascope.words.record import Json

LONGEST: Final = 64_000  # characters of a schema
DEEPEST: Final = 64
MOST_PARTS: Final = 20_000
HINT: Final = "leave the keyword out, and check the answer yourself"

REFUSED: Final = frozenset((
    "not", "if", "then", "else", "patternProperties", "propertyNames", "dependentSchemas", "dependentRequired",
    "dependencies", "contains", "minContains", "maxContains", "unevaluatedProperties", "unevaluatedItems",
    "$dynamicRef", "$recursiveRef",
))  # fmt: skip
LOOSE: Final = frozenset(("multipleOf", "uniqueItems", "minProperties", "maxProperties"))
TYPES: Final = ("object", "array", "string", "number", "integer", "boolean", "null")
_MARKS: Final[dict[str, tuple[str, ...]]] = {  # what tells the type where none is given
    "object": ("properties", "required", "additionalProperties"),
    "array": ("items", "prefixItems", "minItems", "maxItems"),
    "string": ("pattern", "minLength", "maxLength", "format"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shaped:
    """A grammar, and the keywords of the schema that it cannot hold an answer to."""

    text: str
    rules: Mapping[str, Part]
    loose: tuple[str, ...] = ()


def shape(wanted: str | Mapping[str, Json]) -> Shaped:
    """The grammar of a format: `json` is any object, all else a schema."""
    schema: Schema = {"type": "object"} if isinstance(wanted, str) else wanted
    if not isinstance(wanted, str) and len(json.dumps(wanted)) > LONGEST:
        raise BadUsage(f"the schema is longer than {LONGEST} characters", hint="send a smaller one")
    return Shaping(schema).shaped()


class Shaping:
    """One schema on its way to a grammar."""

    def __init__(self, root: Schema) -> None:
        self._root = root
        self._grammar = Grammar()
        self._loose: set[str] = set()
        self._known: dict[str, Rule] = {}  # by `$ref`
        self._parts = 0
        self._depth = 0
        blank = choice([Literal(" "), sequence(Literal("\n"), Repeat(chars(" \t"), 0, 20))])
        self._space = self._grammar.add("space", Repeat(blank, 0, 1))
        self._char = self._grammar.add("char", CHAR)

    def shaped(self) -> Shaped:
        root = self._grammar.reserve("root")
        try:
            self._grammar.rules[root.name] = self._part(self._root)
        except Nothing as nothing:
            message = f"the format can never be met: {nothing}"
            raise BadUsage(message, hint="correct the schema") from nothing
        self._grammar.check()
        return Shaped(text=self._grammar.text(), rules=self._grammar.rules, loose=tuple(sorted(self._loose)))

    def _part(self, schema: Schema | bool) -> Part:
        self._parts += 1
        self._depth += 1
        if self._parts > MOST_PARTS or self._depth > DEEPEST:
            raise BadUsage("the schema is too large or too deep", hint=f"nest at most {DEEPEST} levels")
        try:
            return self._made(schema)
        finally:
            self._depth -= 1

    def _made(self, schema: Schema | bool) -> Part:
        if schema is False:
            raise Nothing("it allows nothing")
        if schema is True or not schema:
            return self._any()
        self._look_at_words(schema)
        if "$ref" in schema or "allOf" in schema:
            return self._referred(schema)
        for word in ("anyOf", "oneOf"):
            if word in schema:
                return self._one_of(schema, word)
        if "const" in schema:
            return self._among(schema, [schema["const"]])
        if "enum" in schema:
            return self._among(schema, schema["enum"])
        return self._typed(schema)

    def _look_at_words(self, schema: Schema) -> None:
        if refused := sorted(REFUSED.intersection(schema)):
            raise BadUsage(f"no answer can be held to {refused[0]!r} of the schema", hint=HINT)
        self._loose.update(word for word in LOOSE.intersection(schema) if schema[word])

    def _referred(self, schema: Schema) -> Part:
        """One reference alone is a rule of its own, so that it may hold itself; with others it is merged."""
        meaning = {word for word in schema if word not in _ANNOTATIONS}
        if meaning == {"$ref"}:
            return self._reference(str(schema["$ref"]))
        return self._part(merge(schema, self._root))

    def _reference(self, place: str) -> Part:
        if place not in self._known:
            target = pointed(self._root, place)
            rule = self._known[place] = self._grammar.reserve(_name(place))
            self._grammar.rules[rule.name] = self._part(target)
        return self._known[place]

    def _one_of(self, schema: Schema, word: str) -> Part:
        rest = {key: value for key, value in schema.items() if key != word}
        options: list[Part] = []
        for option in map(_schema, _list(schema[word], word)):
            alone = not any(key not in _ANNOTATIONS for key in rest)
            try:
                options.append(self._part(option if alone else merge({**rest, "allOf": [option]}, self._root)))
            except Nothing:
                continue
        if not options:
            raise Nothing(f"nothing fits {word}")
        return choice(options)

    def _among(self, schema: Schema, values: Json) -> Part:
        """The values of the right type; what else the schema says of them is not looked at."""
        self._loose.update(word for words in _MARKS.values() for word in words if word in schema)
        kinds = _kinds(schema)
        fitting = [value for value in _list(values, "enum") if not kinds or _is_of(value, kinds)]
        if not fitting:
            raise Nothing("enum has no value")
        return choice([literal(value) for value in fitting])

    def _typed(self, schema: Schema) -> Part:
        kinds = _kinds(schema) or [kind for kind, words in _MARKS.items() if any(word in schema for word in words)]
        if not kinds:
            return self._any()
        options: list[Part] = []
        for kind in kinds:
            try:
                options.append(_MAKERS[kind](self, schema))
            except Nothing:
                if len(kinds) == 1:
                    raise
        if not options:
            raise Nothing("nothing fits any of its types")
        return choice(options)

    def _any(self) -> Part:
        if "value" not in self._grammar.rules:
            rule = self._grammar.reserve("value")
            self._grammar.rules[rule.name] = choice([_MAKERS[kind](self, {}) for kind in TYPES if kind != "integer"])
        return Rule("value")

    def _object(self, schema: Schema) -> Part:
        properties = schema.get("properties", {})
        required = _list(schema.get("required", []), "required")
        if not isinstance(properties, Mapping):
            raise BadUsage("`properties` of the schema is not an object", hint="correct the schema")
        more = schema.get("additionalProperties", not properties)
        pairs: list[tuple[Part, bool]] = []
        for name in dict.fromkeys([*properties, *map(str, required)]):
            if name not in properties and more is False:
                raise Nothing(f"{name!r} is required but not allowed")
            value = properties.get(name, more)
            try:
                pairs.append((self._pair(literal(name), value), name in required))
            except Nothing:
                if name in required:
                    raise
        if more is False:
            return self._braced("{", self._members(pairs, None), "}")
        key = other_than([*properties, *map(str, required)], self._char, self._grammar)
        return self._braced("{", self._members(pairs, self._pair(key, more)), "}")

    def _array(self, schema: Schema) -> Part:
        first = schema.get("prefixItems", [])
        items = schema.get("items", not first)
        if isinstance(items, list):  # how older drafts write prefixItems
            first, items = items, schema.get("additionalItems", False)
        fixed = [self._part(_schema(item)) for item in _list(first, "prefixItems")]
        least, most = self._bounds(schema, "minItems", "maxItems")
        least = max(least, len(fixed))
        if items is False or (most is not None and most <= len(fixed)):
            most = len(fixed)
        if most is not None and most < least:
            raise Nothing("an array needs more items than it may have")
        parts = [part for item in fixed for part in (self._comma(), item)][1:]
        if most is None or most > len(fixed):
            item = self._grammar.add("item", self._part(_schema(items)))
            rest = None if most is None else most - len(fixed)
            if fixed:
                parts.append(Repeat(sequence(self._comma(), item), least - len(fixed), rest))
            else:
                parts.append(self._comma_separated(item, least, rest))
        return self._braced("[", sequence(*parts) if parts else None, "]")

    def _string(self, schema: Schema) -> Part:
        wanted, form = schema.get("pattern"), schema.get("format")
        sized = "minLength" in schema or "maxLength" in schema
        if isinstance(wanted, str):
            if sized:
                self._loose.add("minLength" if "minLength" in schema else "maxLength")
            return quoted(self._grammar.add("pattern", pattern(wanted, self._char)))
        if isinstance(form, str) and form in FORMS:
            return quoted(self._grammar.add(form, FORMS[form]))
        least, most = self._bounds(schema, "minLength", "maxLength")
        if most is not None and most < least:
            raise Nothing("a text needs more letters than it may have")
        return quoted(Repeat(self._char, least, most)) if sized else self._grammar.add(
            "string", quoted(Repeat(self._char)))  # fmt: skip

    def _integer(self, schema: Schema) -> Part:
        low, high = _limit(schema, "inimum", up=True), _limit(schema, "aximum", up=False)
        if low is None and high is None:
            return self._grammar.add("integer", sequence(Repeat(Literal("-"), 0, 1), WHOLE))
        part = integers(low, high)
        if part is None:
            raise Nothing("no whole number lies between its minimum and its maximum")
        return self._grammar.add("integer", part)

    def _number(self, schema: Schema) -> Part:
        words = [word for word in _MARKS["number"] if word in schema]
        positive = words == ["minimum"] and schema["minimum"] == 0
        if not positive:
            self._loose.update(words)
        sign: tuple[Part, ...] = () if positive else (Repeat(Literal("-"), 0, 1),)
        return self._grammar.add("number", sequence(*sign, WHOLE, FRACTION, EXPONENT))

    def _boolean(self, _schema: Schema) -> Part:
        return choice([Literal("true"), Literal("false")])

    def _null(self, _schema: Schema) -> Part:
        return Literal("null")

    def _bounds(self, schema: Schema, low: str, high: str) -> tuple[int, int | None]:
        """Counts that a grammar can hold; a larger most is none."""
        least, most = _count(schema, low) or 0, _count(schema, high)
        if least > MOST_REPEATS:
            raise BadUsage(f"{low} of the schema is more than {MOST_REPEATS}", hint=HINT)
        if most is not None and most > MOST_REPEATS:
            self._loose.add(high)
            most = None
        return least, most

    def _pair(self, key: Part, value: object) -> Rule:
        return self._grammar.add(
            "pair", sequence(key, self._space, Literal(":"), self._space, self._part(_schema(value)))
        )

    def _comma(self) -> Part:
        return sequence(self._space, Literal(","), self._space)

    def _comma_separated(self, item: Part, least: int, most: int | None) -> Part:
        if most == 0:
            return Sequence(())
        rest = Repeat(sequence(self._comma(), item), max(0, least - 1), None if most is None else most - 1)
        some = sequence(item, rest)
        return some if least else Repeat(some, 0, 1)

    def _members(self, pairs: list[tuple[Part, bool]], other: Part | None) -> Part | None:
        """The pairs in the schema's order, then others, commas between: made from the last to the first."""
        later: Part | None = Repeat(sequence(self._comma(), other)) if other else None
        first: Part | None = self._comma_separated(other, 0, None) if other else None
        for pair, required in reversed(pairs):
            begun = sequence(pair, later) if later else pair
            more = sequence(self._comma(), begun)
            if required:
                first, later = begun, more
            else:
                first = choice([begun, first]) if first else Repeat(begun, 0, 1)
                later = choice([more, later]) if later else Repeat(more, 0, 1)
            first = self._grammar.add("members", first)
            later = self._grammar.add("more", later)
        return first

    def _braced(self, start: str, inside: Part | None, end: str) -> Part:
        if inside is None:
            return sequence(Literal(start), self._space, Literal(end))
        return sequence(Literal(start), self._space, inside, self._space, Literal(end))


def _name(place: str) -> str:
    last = place.rpartition("/")[2]
    return "def-" + "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in last)[:40]


def _list(value: object, word: str) -> list[Json]:
    if not isinstance(value, list | tuple):
        raise BadUsage(f"`{word}` of the schema is not a list", hint="correct the schema")
    return list(value)


def _schema(value: object) -> Schema | bool:
    if isinstance(value, bool | Mapping):
        return value
    raise BadUsage("a part of the schema is neither an object nor true or false", hint="correct the schema")


def _kinds(schema: Schema) -> list[str]:
    given = schema.get("type")
    kinds = [] if given is None else [given] if isinstance(given, str) else _list(given, "type")
    if unknown := [kind for kind in kinds if kind not in TYPES]:
        raise BadUsage(f"the schema has no type {unknown[0]!r}", hint=f"types are {', '.join(TYPES)}")
    return [str(kind) for kind in kinds]


def _is_of(value: Json, kinds: list[str]) -> bool:
    if isinstance(value, bool):
        return "boolean" in kinds
    if isinstance(value, int | float):
        return "number" in kinds or ("integer" in kinds and float(value).is_integer())
    kind = "null" if value is None else "string" if isinstance(value, str) else "array" if isinstance(
        value, list) else "object"  # fmt: skip
    return kind in kinds


def _count(schema: Schema, word: str) -> int | None:
    value = schema.get(word)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise BadUsage(f"`{word}` of the schema is not a count", hint="correct the schema")
    return int(value)


def _limit(schema: Schema, word: str, *, up: bool) -> int | None:
    """The whole number next to a bound, from inside."""
    bound, beside = schema.get("m" + word), schema.get("exclusiveM" + word)
    found: list[int] = []
    for value, strict in ((bound, beside is True), (beside, True)):
        if isinstance(value, bool) or value is None:
            continue
        if not isinstance(value, int | float) or abs(value) > 1e15:
            raise BadUsage(f"`m{word}` of the schema is not a number that can be kept", hint="correct the schema")
        whole = math.ceil(value) if up else math.floor(value)
        found.append(whole + (1 if up else -1) if strict and whole == value else whole)
    return None if not found else max(found) if up else min(found)


_ANNOTATIONS: Final = frozenset((
    "title", "description", "default", "examples", "example", "deprecated", "readOnly", "writeOnly", "$schema", "$id",
    "$comment", "$defs", "definitions", "$anchor", "discriminator", "strict", "name",
))  # fmt: skip
_MAKERS: Final[dict[str, Callable[[Shaping, Schema], Part]]] = {kind: vars(Shaping)[f"_{kind}"] for kind in TYPES}
