"""Whatever is said by the grammar of a schema is JSON that fits the schema; what cannot be kept is refused."""
# ruff: noqa: E501 - a row is a line

import json
import uuid
from datetime import date, datetime, time
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.serve.llamacpp.speech.grammar import shape
from ollascope.serve.llamacpp.speech.grammar.integers import integers
from ollascope.words.errors import BadUsage
from tests.serve.llamacpp.speech.grammars import allows, fits, say

TREE = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "kids": {"type": "array", "items": {"$ref": "#/$defs/Tree"}}},
    "required": ["name"],
}
SCHEMAS = {
    "anything": {},
    "an object": {"type": "object"},
    "the recorded one": {
        "type": "object",
        "properties": {"answer": {"type": "integer"}, "why": {"type": "string"}},
        "required": ["answer", "why"],
    },
    "optional ones between": {
        "properties": {"a": {"type": "null"}, "b": {"type": "boolean"}, "c": {"type": "integer"}, "d": {"type": "null"}},
        "required": ["b"],
    },
    "only optional ones": {"properties": {"a": {"type": "null"}, "b": {"type": "null"}}},
    "others too": {
        "properties": {"ab": {"type": "null"}, "a": {"type": "boolean"}, "b\"\\\n": {"type": "null"}, "": {"type": "null"}},
        "additionalProperties": {"type": "integer"},
    },
    "required but not told": {"type": "object", "properties": {"a": {"type": "null"}}, "required": ["b"], "additionalProperties": True},
    "a tree": {"$ref": "#/$defs/Tree", "$defs": {"Tree": TREE}},
    "a tree in itself": {"type": "object", "properties": {"next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}}, "required": ["next"]},
    "one of pydantic": {
        "$defs": {
            "Color": {"enum": ["red", "green"], "title": "Color", "type": "string"},
            "Item": {
                "properties": {
                    "color": {"$ref": "#/$defs/Color", "description": "its colour"},
                    "size": {"anyOf": [{"type": "number", "minimum": 0}, {"type": "null"}], "default": None},
                    "when": {"type": "string", "format": "date-time"},
                    "id": {"type": "string", "format": "uuid"},
                    "old": {"allOf": [{"$ref": "#/$defs/Color"}], "default": "red"},
                },
                "required": ["color", "when"],
                "type": "object",
            },
        },
        "properties": {
            "items": {"items": {"$ref": "#/$defs/Item"}, "type": "array", "maxItems": 3, "minItems": 1},
            "by": {"additionalProperties": {"type": "integer"}, "type": "object"},
            "pair": {"prefixItems": [{"type": "integer"}, {"type": "string"}], "type": "array", "minItems": 2, "maxItems": 2},
        },
        "required": ["items"],
        "type": "object",
    },
    "enum of all kinds": {"enum": ["a\"\\\n\té", 1, 1.5, None, True, {"a": [1]}]},
    "enum of one kind": {"type": "string", "enum": ["a", 1, None]},
    "const": {"const": {"a": ["b", None]}},
    "several types": {"type": ["integer", "null", "array"], "items": {"type": "boolean"}, "maxItems": 2, "minimum": 3},
    "tuple": {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "null"}]},
    "tuple and more": {"prefixItems": [{"type": "integer"}], "items": {"type": "null"}, "minItems": 3, "maxItems": 5},
    "empty list": {"type": "array", "maxItems": 0},
    "lengths": {"type": "string", "minLength": 2, "maxLength": 4},
    "at least": {"type": "string", "minLength": 3},
    "not negative": {"type": "number", "minimum": 0},
    "together": {
        "allOf": [
            {"properties": {"a": {"type": "number"}}, "required": ["a"]},
            {"properties": {"a": {"type": "integer", "minimum": 2}, "b": {"type": "string"}}},
        ]
    },
    "one of, with siblings": {
        "type": "object",
        "properties": {"kind": {"type": "string"}},
        "required": ["kind"],
        "oneOf": [
            {"properties": {"kind": {"const": "a"}, "x": {"type": "integer"}}, "required": ["x"]},
            {"properties": {"kind": {"const": "b"}}},
            {"type": "string"},
        ],
    },
    "a choice that cannot be": {"anyOf": [{"type": "integer", "minimum": 2, "maximum": 1}, {"type": "null"}]},
    "an option that cannot be": {"type": "object", "properties": {"a": False, "b": {"type": "null"}}},
    "a deep pointer": {"properties": {"a": {"type": "integer"}, "b": {"$ref": "#/properties/a"}}, "required": ["b"]},
}  # fmt: skip
PATTERNS = [
    "^a$", "^[a-z]{2,4}$", r"^\d{3}-\d{4}$", r"^(\(\d{3}\))?\d+$", "b", "^b", "b$", "^a|b$", "^(a|b)+c?$", r"^[^a-z]{1,3}$",
    r"^\w+\.\w+$", r"^\"\\$", r"^[\"\\]+$", "^.{3}$", r"^[\]\-x]+$", "^(?:ab){2}$", r"^\S\s\S$", "^é[à-ü]*$", "^a{2,}b{0}$", "^$",
    r"^\u0041\x42\t$", "^(?<name>a)$", r"^[\d.]+$", "^a*?b+?$", "^(|a)b$",
]  # fmt: skip


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS.keys())
def test_whatever_is_said_fits_the_schema(schema):
    shaped = shape(schema)
    for seed in range(150):
        text = say(shaped.rules, Random(seed))
        assert fits(json.loads(text), schema, schema), text
        assert allows(shaped.rules, text)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("anything", {"a": [1, "x", None, {"b": -1.5e10}]}),
        ("the recorded one", {"answer": 42, "why": 'because " \\ \n 你好'}),
        ("optional ones between", {"b": True, "d": None}),
        ("optional ones between", {"a": None, "b": False}),
        ("only optional ones", {}),
        ("only optional ones", {"b": None}),
        ("others too", {"a": True, "": None, "abc": 1, "x": 2}),
        ("a tree", {"name": "a", "kids": [{"name": "b", "kids": []}, {"name": "c"}]}),
        ("tuple and more", [1, None, None]),
        ("lengths", "éx"),
        ("together", {"a": 2}),
        ("one of, with siblings", {"kind": "b"}),
    ],
)
def test_values_that_fit_can_be_said(name, value):
    rules = shape(SCHEMAS[name]).rules
    for text in (json.dumps(value, ensure_ascii=False), json.dumps(value), json.dumps(value, separators=(",", ":")),
                 json.dumps(value, indent=2)):  # fmt: skip
        assert allows(rules, text), text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("the recorded one", '{"answer": 42}'),
        ("the recorded one", '{"answer": "42", "why": ""}'),
        ("the recorded one", '{"answer": 42, "why": "a\nb"}'),
        ("the recorded one", '{"answer": 42, "why": ""} '),
        ("the recorded one", '{"answer": 042, "why": ""}'),
        ("the recorded one", '{"answer": 1, "why": "", "more": 1}'),
        ("others too", '{"a": 1}'),
        ("others too", '{"\\u0061": 1}'),
        ("only optional ones", '{,"b": null}'),
        ("only optional ones", '{"a": null,}'),
        ("lengths", '"a"'),
        ("lengths", '"abcde"'),
        ("tuple", "[1]"),
    ],
)
def test_other_texts_cannot_be_said(name, text):
    assert not allows(shape(SCHEMAS[name]).rules, text)


@pytest.mark.parametrize(
    ("text", "said"), [("\\ud7ff", True), ("\\ue000", True), ("\\ud800", False), ("\\uDFFF", False)]
)
def test_half_a_surrogate_pair_cannot_be_said(text, said):
    assert allows(shape({"type": "string"}).rules, f'"{text}"') == said


def test_format_json_is_any_object():
    rules = shape("json").rules
    assert allows(rules, '{"a": [1, {}]}')
    assert not allows(rules, "[1]")


@given(st.recursive(
    st.sampled_from([{"type": "integer"}, {"type": "string", "maxLength": 3}, {"type": "null"}, {"enum": ["a", 1]}, {}]),
    lambda inner: st.one_of(
        st.fixed_dictionaries({
            "type": st.just("object"),
            "properties": st.dictionaries(st.sampled_from("abcé\"\\"), inner, max_size=3),
            "required": st.lists(st.sampled_from("ab"), unique=True),
            "additionalProperties": st.one_of(st.just(True), inner),
        }),
        st.fixed_dictionaries({"type": st.just("array"), "items": inner, "minItems": st.integers(0, 2)}),
        st.lists(inner, min_size=1, max_size=3).map(lambda options: {"anyOf": options}),
    ),
    max_leaves=8,
), st.integers(0, 1000))  # fmt: skip
def test_any_schema_is_kept(schema, seed):
    shaped = shape(schema)
    text = say(shaped.rules, Random(seed))
    assert fits(json.loads(text), schema, schema), text


@given(st.integers(-2000, 2000) | st.none(), st.integers(-2000, 2000) | st.none(), st.integers(-3000, 3000))
def test_whole_numbers_lie_between_their_bounds_and_none_is_missing(low, high, value):
    part = integers(low, high)
    inside = (low is None or low <= value) and (high is None or value <= high)
    if part is None:
        assert low is not None
        assert high is not None
        assert low > high
    else:
        assert allows({"root": part}, str(value)) == inside


@pytest.mark.parametrize("bounds", [{"minimum": 5, "maximum": 1234}, {"exclusiveMinimum": -8, "exclusiveMaximum": 3}, {"minimum": 0.5},
                                    {"minimum": 99, "exclusiveMinimum": True}, {"maximum": -10**14}])  # fmt: skip
def test_bounds_of_whole_numbers_are_kept(bounds):
    schema = {"type": "integer", **bounds}
    if bounds.get("exclusiveMinimum") is True:
        bounds = {"exclusiveMinimum": bounds["minimum"]}
    for seed in range(100):
        assert fits(json.loads(say(shape(schema).rules, Random(seed))), bounds, {})


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_are_kept(pattern):
    schema = {"type": "string", "pattern": pattern.replace("(?<", "(?P<")}
    rules = shape({"type": "string", "pattern": pattern}).rules
    for seed in range(100):
        text = say(rules, Random(seed))
        assert fits(json.loads(text), schema, {}), text


@pytest.mark.parametrize(
    ("pattern", "text"), [("^[a-z]+$", '"abc"'), ("b", '"abc"'), (r"^\\\"$", r'"\\\""'), ("^a|b$", '"xb"')]
)
def test_what_a_pattern_finds_can_be_said(pattern, text):
    assert allows(shape({"type": "string", "pattern": pattern}).rules, text)


@pytest.mark.parametrize("form", ["date", "time", "date-time", "uuid"])
def test_forms_of_texts_are_kept(form):
    read = {
        "date": date.fromisoformat,
        "time": time.fromisoformat,
        "date-time": datetime.fromisoformat,
        "uuid": uuid.UUID,
    }
    rules = shape({"type": "string", "format": form}).rules
    for seed in range(300):
        text = json.loads(say(rules, Random(seed)))
        if not text.startswith("0000"):
            read[form](text)


REFUSED = {
    "nothing": (False, "it allows nothing"),
    "an empty enum": ({"enum": []}, "enum has no value"),
    "an empty choice": ({"anyOf": []}, "nothing fits anyOf"),
    "no number between": ({"type": "integer", "minimum": 2, "maximum": 1}, "no whole number"),
    "more than may be": ({"type": "array", "minItems": 3, "maxItems": 2}, "more items"),
    "longer than may be": ({"type": "string", "minLength": 3, "maxLength": 2}, "more letters"),
    "required, not allowed": ({"type": "object", "required": ["a"], "additionalProperties": False}, "required but not"),
    "itself": ({"$ref": "#"}, "never be met"),
    "itself by a detour": ({"$ref": "#/$defs/a", "$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}]}}}, "never be met"),
    "itself first": ({"$ref": "#/$defs/a", "$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}, {"type": "null"}]}}}, "nothing but itself"),
    "itself without end": ({"type": "object", "properties": {"x": {"$ref": "#"}}, "required": ["x"]}, "without end"),
    "itself beside others": ({"$ref": "#", "type": "object"}, "refers to itself without end"),
    "elsewhere": ({"$ref": "https://example.com/x.json"}, "not in it"),
    "nowhere": ({"$ref": "#/$defs/x"}, "not in it"),
    "no schema": ({"$ref": "#/type", "type": "object"}, "no schema"),
    "not": ({"not": {"type": "null"}}, "'not'"),
    "if": ({"if": {}, "then": {}}, "'if'"),
    "names by pattern": ({"patternProperties": {"a": {}}}, "'patternProperties'"),
    "an unknown type": ({"type": "date"}, "no type 'date'"),
    "properties that are none": ({"properties": []}, "not an object"),
    "a part that is none": ({"properties": {"a": 5}}, "neither an object nor"),
    "an enum that is no list": ({"enum": "a"}, "not a list"),
    "a count that is none": ({"type": "string", "minLength": "a"}, "not a count"),
    "a bound that is none": ({"type": "integer", "minimum": "a"}, "not a number"),
    "a long minimum": ({"type": "string", "minLength": 5000}, "more than 2000"),
    "a pattern that looks ahead": ({"type": "string", "pattern": "(?=a)"}, "cannot be kept"),
    "a pattern that looks back": ({"type": "string", "pattern": r"(a)\1"}, "cannot be kept"),
    "a pattern that is none": ({"type": "string", "pattern": "(a"}, "cannot be kept"),
    "a pattern without a class": ({"type": "string", "pattern": "[a"}, "cannot be kept"),
    "a pattern of nothing": ({"type": "string", "pattern": "[^\\d\\D]"}, "cannot be kept"),
    "a pattern that repeats nothing": ({"type": "string", "pattern": "*a"}, "cannot be kept"),
    "a pattern too often": ({"type": "string", "pattern": "a{99999}"}, "cannot be kept"),
    "a long pattern": ({"type": "string", "pattern": "a" * 2001}, "longer than 2000"),
    "a deep pattern": ({"type": "string", "pattern": "(" * 500 + ")" * 500}, "cannot be kept"),
    "a long name": ({"properties": {"a" * 300: {}}, "additionalProperties": True}, "longer than 200"),
    "twice in other ways": ({"allOf": [{"pattern": "a"}, {"pattern": "b"}]}, "twice"),
    "types that exclude each other": ({"allOf": [{"type": "null"}, {"type": "string"}]}, "no type is allowed"),
    "values that exclude each other": ({"allOf": [{"enum": [1]}, {"enum": [2]}]}, "no value is allowed"),
    "too long": ({"enum": ["a" * 65_000]}, "longer than 64000"),
    "too many": ({"properties": {f"p{n}": {"enum": [n]} for n in range(2000)}}, "rules"),
}  # fmt: skip


@pytest.mark.parametrize(("schema", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_kept_is_refused(schema, words):
    with pytest.raises(BadUsage, match=words) as caught:
        shape(schema)
    assert caught.value.hint


def test_a_schema_that_is_too_deep_is_refused():
    schema: dict[str, object] = {}
    for _ in range(120):
        schema = {"type": "array", "items": schema}
    with pytest.raises(BadUsage, match="too deep"):
        shape(schema)


def test_a_schema_that_multiplies_is_refused():
    definitions: dict[str, object] = {"d0": {"type": "object", "properties": {"a": {}}}}
    for number in range(1, 60):
        twice = {"type": "object", "$ref": f"#/$defs/d{number - 1}"}
        definitions[f"d{number}"] = {"type": "object", "anyOf": [twice, twice]}
    with pytest.raises(BadUsage, match="too large or too deep"):
        shape({"$ref": "#/$defs/d59", "$defs": definitions})


@pytest.mark.parametrize("order", [1, -1])
def test_a_long_chain_of_definitions_takes_no_time(order):
    names = [f"d{number}" for number in range(25)][::order]
    definitions = {name: {"anyOf": [{"$ref": f"#/$defs/{after}"}]} for name, after in pairwise(names)}
    definitions[names[-1]] = {"type": "null"}
    assert allows(shape({"$ref": f"#/$defs/{names[0]}", "$defs": definitions}).rules, "null")


def test_a_thousand_optional_properties_take_no_time():
    schema = {"properties": {f"p{n}": {"type": "integer"} for n in range(1200)}}
    assert shape(schema).text.count("\n") > 3000


@pytest.mark.parametrize(
    ("schema", "loose"),
    [
        ({"type": "number", "multipleOf": 0.5}, ("multipleOf",)),
        ({"type": "array", "uniqueItems": True}, ("uniqueItems",)),
        ({"type": "array", "uniqueItems": False}, ()),
        ({"type": "string", "maxLength": 5000}, ("maxLength",)),
        ({"type": "number", "minimum": 1.5}, ("minimum",)),
        ({"type": "number", "minimum": 0}, ()),
        ({"type": "string", "pattern": "^a+$", "maxLength": 3}, ("maxLength",)),
        ({"enum": ["a"], "minLength": 1}, ("minLength",)),
        ({"type": "string", "format": "email"}, ()),
    ],
)
def test_what_is_kept_only_loosely_is_named(schema, loose):
    assert shape(schema).loose == loose


def test_llama_cpp_reads_all_of_these_grammars():
    llama_cpp = pytest.importorskip("llama_cpp")
    patterns = [{"type": "string", "pattern": pattern} for pattern in PATTERNS]
    for wanted in (
        "json",
        *SCHEMAS.values(),
        *patterns,
        {"type": "string", "maxLength": 2000},
        {"type": "integer", "minimum": -17, "maximum": 4242},
    ):
        sampler = llama_cpp.llama_sampler_init_grammar(None, shape(wanted).text.encode(), b"root")
        assert sampler, shape(wanted).text
        llama_cpp.llama_sampler_free(sampler)


def test_a_broken_grammar_is_not_read_by_llama_cpp():
    llama_cpp = pytest.importorskip("llama_cpp")
    assert not llama_cpp.llama_sampler_init_grammar(None, b"root ::= (", b"root")
