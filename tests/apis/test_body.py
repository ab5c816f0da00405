"""JSON in and out: what is not JSON is told in Go's words, what is too deep or too large is refused."""

import json

import pytest
from hypothesis import given

from ollascope.apis.body import DEPTH, Fields, decode, encode, quote, read_fields, read_object
from ollascope.words.errors import AnswerMalformed, BadUsage
from tests.apis.strategies import JSON


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "unexpected EOF"),
        (b'{"a": ', "unexpected EOF"),
        (b'{"a', "unexpected EOF"),
        (b"hello", "invalid character 'h' looking for beginning of value"),
        (b"{'a':1}", 'invalid character "\'" looking for beginning of object key string'),
        (b'{"a" 1}', "invalid character '1' after object key"),
        (b'{"a":1 2}', "after array element or object key:value pair"),
        (b'{"a":1}}', "invalid character '}' after top-level value"),
        (b'{"a":NaN}', "invalid character 'N' looking for beginning of value"),
        (b'{"a":-Infinity}', "invalid character '-' looking for beginning of value"),
        (b'{"a":"\x01"}', "in string literal"),
        (b'{"a":"\\q"}', "in string escape code"),
        (b'{"a":1e999}', "cannot unmarshal number 1e999"),
        (b'{"a":' + b"9" * 5000 + b"}", "4300"),
        (b"\xef\xbb\xbf{}", "looking for beginning of value"),
        (b"[" * 100_000, "exceeded max depth"),
        (b"[" * (DEPTH + 1) + b"]" * (DEPTH + 1), "exceeded max depth"),
    ],
)
def test_what_is_not_json_is_told_in_words(text, words):
    with pytest.raises(ValueError, match=r".") as caught:
        decode(text)
    assert words in str(caught.value) or (words.endswith("value") and "BOM" in str(caught.value))


def test_many_brackets_side_by_side_are_not_deep():
    assert decode(json.dumps([[]] * 1000)) == [[]] * 1000
    assert decode(json.dumps("[" * 1000)) == "[" * 1000


def test_bytes_that_are_not_utf8_are_replaced():
    assert decode(b'"\xff\xfe"') == "��"


def test_utf16_is_not_guessed():
    with pytest.raises(ValueError, match="invalid character"):
        decode('{"a": 1}'.encode("utf-16"))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (rb'"\ud800"', "\ufffd"),
        (rb'"\udc00x"', "\ufffdx"),
        (rb'"\ud83d\ude00"', "😀"),
        (rb'"\ud83d\ud83d\ude00"', "\ufffd😀"),
        (rb'"\\ud800"', r"\ud800"),
        (rb'"\\\ud800"', "\\\ufffd"),
    ],
)
def test_half_a_surrogate_pair_is_replaced(text, value):
    assert decode(text) == value


def test_half_a_surrogate_pair_leaves_as_the_replacement_character():
    assert encode({"a": "x\ud800y\ud83d\ude00"}) == '{"a":"x\ufffdy😀"}'.encode()
    assert quote('a"b') == '"a\\"b"'


@given(JSON)
def test_json_is_the_same_there_and_back(value):
    assert decode(encode(value)) == value


@pytest.mark.parametrize(("body", "kind"), [(b"[]", "array"), (b"7", "number"), (b"null", "null"), (b"true", "bool")])
def test_body_that_is_no_object_is_refused(body, kind):
    with pytest.raises(BadUsage, match=f"cannot unmarshal {kind} into Go value of type api.ChatRequest"):
        read_fields(body, "ChatRequest")
    with pytest.raises(AnswerMalformed, match=kind):
        read_object(body)


def test_empty_body_is_told_in_the_words_of_its_api():
    with pytest.raises(BadUsage, match=r"^EOF$"):
        read_fields(b" \n", "X")


@pytest.mark.parametrize(
    ("take", "value", "wanted"),
    [
        (Fields.text, 7, "string"),
        (Fields.flag, 1, "bool"),
        (Fields.whole, 1.5, "int"),
        (Fields.whole, True, "int"),
        (Fields.whole, 2**63, "int"),
        (Fields.number, "1", "float64"),
        (Fields.number, 10**400, "float64"),
        (Fields.mapping, [], "map"),
        (Fields.texts, "a", "[]string"),
        (Fields.texts, ["a", 1], "string"),
        (Fields.objects, {}, "[]object"),
        (Fields.objects, ["a"], "object"),
    ],
)
def test_field_of_a_wrong_type_is_refused_by_name(take, value, wanted):
    with pytest.raises(BadUsage) as caught:
        take(Fields({"a": value}, "ChatRequest"), "a")
    assert "Go struct field ChatRequest.a of type " + wanted in caught.value.message


def test_what_nobody_takes_is_left_and_null_counts_as_absent():
    fields = Fields({"a": None, "b": 1, "c": {"x": 2}}, "X")
    assert fields.text("a") is None
    assert fields.whole("b") == 1
    assert fields.rest() == {"c": {"x": 2}}
