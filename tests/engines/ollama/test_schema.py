"""Whether an answer keeps a format is told rightly; a word of a schema that is not known makes no fault."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.engines.ollama.silence.schema import fault_in

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "age": {"type": "integer"},
        "kind": {"enum": ["a", "b", 1]},
        "tags": {"type": "array", "items": {"type": "string"}},
        "next": {"$ref": "#/$defs/place"},
    },
    "required": ["name"],
    "additionalProperties": False,
    "$defs": {"place": {"type": ["object", "null"], "properties": {"up": {"$ref": "#/$defs/place"}}}},
}
FAULTS = {
    "": "it is empty",
    " \n": "it is empty",
    "Hello": "it is not JSON",
    '{"name": "x"': "it is not JSON",
    "[" * 100_000: "it is not JSON",
    "[]": "the answer is array, not object",
    '{"age": 1}': "it misses name",
    '{"name": 1}': "name is number, not string",
    '{"name": null}': "name is null, not string",
    '{"name": "x", "age": 1.5}': "age is number, not integer",
    '{"name": "x", "age": true}': "age is boolean, not integer",
    '{"name": "x", "kind": true}': "kind is true, none of the values allowed",
    '{"name": "x", "tags": ["a", 2]}': "tags.1 is number, not string",
    '{"name": "x", "other": 1}': "it holds other, which the schema does not allow",
    '{"name": "x", "next": {"up": {"up": 3}}}': "next.up.up is number, not object or null",
}


@pytest.mark.parametrize("text", FAULTS)
def test_fault_is_told(text):
    found = fault_in(text, PERSON)
    assert found == FAULTS[text]


@pytest.mark.parametrize("text", [
    '{"name": "x"}', ' {"name": "x", "age": 3.0, "kind": 1.0, "tags": [], "next": null}\n', '{"name":"x","next":{}}',
])  # fmt: skip
def test_answer_that_keeps_the_schema_has_no_fault(text):
    assert fault_in(text, PERSON) is None


def test_json_alone_is_enough_where_no_schema_was_given():
    assert fault_in("[1]", "json") is None
    assert fault_in("no", "json") == "it is not JSON"


def test_one_of_several_forms_is_enough():
    schema = {"anyOf": [{"type": "string"}, {"type": "integer"}], "allOf": [{"const": 4}]}
    assert fault_in("4", schema) is None
    assert fault_in("5", schema) == "the answer is 5, not 4"
    assert fault_in("null", {"anyOf": [{"type": "string"}]}) == "the answer fits none of the forms allowed"


@pytest.mark.parametrize("schema", [
    {"type": "curious"}, {"type": 3}, {"$ref": "elsewhere#/x"}, {"$ref": "#/nowhere"}, {"properties": 3},
    {"enum": "abc"}, {"required": "name"}, {"pattern": "^x$"}, {"items": 7}, {"anyOf": "x"}, {"allOf": [3]},
    {"additionalProperties": "x"}, {"$ref": "#"},
])  # fmt: skip
def test_schema_that_is_not_understood_makes_no_fault(schema):
    assert fault_in('{"a": 1}', schema) is None
    assert fault_in("[1]", schema) is None


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def schema_of(value):
    """The tightest schema that a value keeps."""
    if isinstance(value, dict):
        parts = {key: schema_of(item) for key, item in value.items()}
        return {"type": "object", "properties": parts, "required": list(value), "additionalProperties": False}
    if isinstance(value, list):
        return {"type": "array", "items": {"anyOf": [schema_of(item) for item in value]} if value else {}}
    return {"const": value}


@given(values)
def test_value_keeps_its_own_schema(value):
    assert fault_in(json.dumps(value), schema_of(value)) is None


@given(values, values)
def test_any_schema_and_any_answer_give_a_verdict(value, schema):
    found = fault_in(json.dumps(value), schema if isinstance(schema, dict) else {"properties": schema})
    assert found is None or found


def test_schema_that_refers_to_itself_without_end_gives_a_verdict():
    again = {"$ref": "#"}
    assert fault_in("1", {"anyOf": [again] * 8, "allOf": [again] * 8}) is None
