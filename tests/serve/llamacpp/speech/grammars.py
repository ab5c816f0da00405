"""Says something by a grammar, and tells whether a text is by one: tools of the tests of formats."""

import math
import re
from collections.abc import Mapping
from random import Random

from ollascope.serve.llamacpp.speech.grammar.gbnf import Chars, Choice, Literal, Part, Repeat, Rule, Sequence

Rules = Mapping[str, Part]
DEEP = 12  # rules inside rules, after which the shortest way out is taken
FAVOURITES = "aZ0 é你👋<&\u2028\u00ad"


def say(rules: Rules, random: Random) -> str:
    """A text that the grammar allows, chosen by chance."""
    return _say(Rule("root"), rules, random, 0, _depths(rules))


def allows(rules: Rules, text: str) -> bool:
    """Whether the whole text is by the grammar."""
    return len(text) in _ends(Rule("root"), rules, text, 0, {})


def _depths(rules: Rules) -> dict[str, float]:
    """How deep each rule must go at least."""
    known: dict[str, float] = dict.fromkeys(rules, math.inf)
    for _ in rules:
        known = {name: 1 + _depth(part, known) for name, part in rules.items()}
    return known


def _depth(part: Part, known: Mapping[str, float]) -> float:
    if isinstance(part, Rule):
        return known[part.name]
    if isinstance(part, Choice):
        return min(_depth(option, known) for option in part.options)
    if isinstance(part, Sequence):
        return max((_depth(inner, known) for inner in part.parts), default=0)
    return _depth(part.part, known) if isinstance(part, Repeat) and part.least else 0


def _say(part: Part, rules: Rules, random: Random, depth: int, depths: Mapping[str, float]) -> str:
    if isinstance(part, Rule):
        return _say(rules[part.name], rules, random, depth + 1, depths)
    if isinstance(part, Literal):
        return part.text
    if isinstance(part, Chars):
        return _letter(part, random)
    if isinstance(part, Choice):
        options = part.options
        if depth > DEEP:
            options = (min(options, key=lambda option: _depth(option, depths)),)
        return _say(random.choice(options), rules, random, depth, depths)
    if isinstance(part, Repeat):
        most = part.least + (0 if depth > DEEP else 3)
        times = random.randint(part.least, most if part.most is None else min(most, part.most))
        return "".join(_say(part.part, rules, random, depth, depths) for _ in range(times))
    return "".join(_say(inner, rules, random, depth, depths) for inner in part.parts)


def _letter(part: Chars, random: Random) -> str:
    if part.negated:
        return next(letter for letter in random.sample(FAVOURITES + "bcdefghijk~", 21) if not _is_in(part, letter))
    low, high = random.choice(part.ranges)
    return chr(random.choice((low, high, random.randint(low, min(high, low + 90)))))


def _is_in(part: Chars, letter: str) -> bool:
    return any(low <= ord(letter) <= high for low, high in part.ranges)


def _ends(part: Part, rules: Rules, text: str, at: int, known: dict[tuple[str, int], set[int]]) -> set[int]:
    """The places that a part which begins at one place can end at."""
    if isinstance(part, Rule):
        key = (part.name, at)
        if key not in known:
            known[key] = set()
            known[key] = _ends(rules[part.name], rules, text, at, known)
        return known[key]
    if isinstance(part, Literal):
        return {at + len(part.text)} if text.startswith(part.text, at) else set()
    if isinstance(part, Chars):
        return {at + 1} if at < len(text) and _is_in(part, text[at]) != part.negated else set()
    if isinstance(part, Choice):
        return set().union(*(_ends(option, rules, text, at, known) for option in part.options))
    if isinstance(part, Sequence):
        places = {at}
        for inner in part.parts:
            places = _after(inner, rules, text, places, known)
        return places
    return _repeated(part, rules, text, at, known)


def _repeated(part: Repeat, rules: Rules, text: str, at: int, known: dict[tuple[str, int], set[int]]) -> set[int]:
    places = {at}
    found = {at} if part.least == 0 else set()
    for times in range(1, 1 + (len(text) + 1 + part.least if part.most is None else part.most)):
        places = _after(part.part, rules, text, places, known)
        if not places or (times > part.least and places <= found):
            break
        if times >= part.least:
            found |= places
    return found


def _after(part: Part, rules: Rules, text: str, places: set[int], known: dict[tuple[str, int], set[int]]) -> set[int]:
    found: set[int] = set()
    for place in places:
        found |= _ends(part, rules, text, place, known)
    return found


def fits(value: object, schema: object, root: Mapping[str, object]) -> bool:
    """Whether a value meets a schema: the keywords that a grammar is made for."""
    if isinstance(schema, bool):
        return schema
    assert isinstance(schema, Mapping)
    if "$ref" in schema:
        target: object = root
        for step in str(schema["$ref"]).split("/")[1:]:
            target = target[int(step) if isinstance(target, list) else step]  # type: ignore[index, call-overload]
        if not fits(value, target, root):
            return False
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    return (
        (not kinds or any(_is_a(value, kind) for kind in kinds))
        and all(fits(value, one, root) for one in schema.get("allOf", ()))
        and all(any(fits(value, one, root) for one in schema[word]) for word in ("anyOf", "oneOf") if word in schema)
        and ("enum" not in schema or any(_same(value, one) for one in schema["enum"]))
        and ("const" not in schema or _same(value, schema["const"]))
        and _fits_kind(value, schema, root)
    )


def _fits_kind(value: object, schema: Mapping, root: Mapping) -> bool:  # type: ignore[type-arg]
    if isinstance(value, dict):
        known, more = schema.get("properties", {}), schema.get("additionalProperties", True)
        return all(name in value for name in schema.get("required", ())) and all(
            fits(item, known.get(name, more), root) for name, item in value.items()
        )
    if isinstance(value, list):
        first, items = schema.get("prefixItems", ()), schema.get("items", True)
        return (
            schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", math.inf)
            and all(fits(item, one, root) for item, one in zip(value, first, strict=False))
            and all(fits(item, items, root) for item in value[len(first) :])
        )
    if isinstance(value, str):
        return schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", math.inf) and (
            "pattern" not in schema or re.search(schema["pattern"], value, re.ASCII) is not None
        )
    if isinstance(value, int | float) and not isinstance(value, bool):
        return (
            schema.get("minimum", -math.inf) <= value <= schema.get("maximum", math.inf)
            and schema.get("exclusiveMinimum", -math.inf) < value < schema.get("exclusiveMaximum", math.inf)
        )  # fmt: skip
    return True


def _is_a(value: object, kind: str) -> bool:
    if kind in {"integer", "number"}:
        return not isinstance(value, bool) and isinstance(value, int if kind == "integer" else int | float)
    known = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
    return isinstance(value, known[kind])


def _same(one: object, other: object) -> bool:
    return one == other and isinstance(one, bool) == isinstance(other, bool)
