"""Examples of JSON schemas: they fit, they end, and whatever is given is survived."""

from hypothesis import given
from hypothesis import strategies as st

from ollascope.apis.body import encode
from ollascope.engines.fake.example import example, fits

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)
PERSON = {
    "$defs": {"Pet": {"type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer"}}}},
    "type": "object",
    "properties": {
        "pets": {"type": "array", "items": {"$ref": "#/$defs/Pet"}, "minItems": 2},
        "mood": {"enum": ["glad", "sad"]},
        "home": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "score": {"type": ["number", "null"]},
    },
    "required": ["pets", "mood"],
}


def test_example_has_the_types_the_schema_names():
    pet = {"name": "because", "age": 42}
    assert example(PERSON) == {"pets": [pet, pet], "mood": "glad", "home": "because", "score": 4.2}


def test_schema_that_refers_to_itself_comes_to_an_end():
    branch = {"$ref": "#/$defs/Tree"}
    properties = {f"branch{number}": branch for number in range(10)}
    tree = {"$defs": {"Tree": {"type": "object", "properties": properties}}, **branch}
    assert len(encode(example(tree))) < 1_000_000


@given(st.dictionaries(st.sampled_from(["type", "properties", "items", "$ref", "enum", "anyOf", "minItems"]), JSON))
def test_any_schema_gives_something_that_is_json(schema):
    encode(example(schema))


@given(JSON)
def test_any_format_can_be_asked_whether_a_text_fits(value):
    if isinstance(value, dict):
        assert isinstance(fits('{"answer": 42}', value), bool)
    assert not fits("no json", "json")
    assert fits("{}", "json")
