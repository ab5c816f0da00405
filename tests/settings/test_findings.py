"""Lines about foreign texts: short, harmless, with the nearest known name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.settings.findings import (
    DEFAULT,
    HIDDEN,
    LISTED,
    Finding,
    Mistakes,
    Origin,
    looks_secret,
    names_secret,
    nearest,
    printable,
    shown,
)

AT = Origin(layer="file", name="s.yaml", line=3)


def test_finding_is_one_line_with_place_words_and_hint() -> None:
    assert str(Finding(origin=AT, what="is odd", hint="make it even")) == "s.yaml:3: is odd — make it even"


def test_origin_says_file_and_line_variable_or_flag() -> None:
    assert str(AT) == "s.yaml:3"
    assert str(Origin(layer="environment", name="OLLASCOPE__X")) == "environment OLLASCOPE__X"
    assert str(Origin(layer="flag", name="--data")) == "flag --data"
    assert str(DEFAULT) == "default"


def test_file_name_with_control_characters_is_escaped() -> None:
    assert str(Origin(layer="file", name="a\n\x1b.yaml", line=1)) == r"a\n\x1b.yaml:1"


@given(st.text() | st.text(st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp", "Co"])))
def test_any_text_is_shown_in_one_short_printable_line(text: str) -> None:
    line = shown(text)
    assert line.isprintable()
    assert len(line) <= 60 * 10 + 3


@given(st.text(st.characters(categories=["L", "N"]), max_size=50))
def test_plain_text_is_shown_as_it_is(text: str) -> None:
    assert printable(text) == text


def test_long_text_is_cut() -> None:
    assert shown("x" * 100) == '"' + "x" * 60 + '…"'


@pytest.mark.parametrize(
    "text",
    [
        "sk-abc1234567", "sk-proj-abcdefghijklmnop", "xx sk-abc1234567", "hf_abcdefghijklmno", "ghp_abcdefghijkl1",
        "github_pat_11ABCDEFG0123", "glpat-abcdefghijkl", "xoxb-12345678", "AKIAIOSFODNN7EXAMPLE",
        "AIzaSyA1234567890abcdefghij", "Authorization: Bearer abcdefgh12", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIx.x",
        "-----BEGIN PRIVATE KEY-----", "-----BEGIN OPENSSH PRIVATE KEY-----", "postgresql://u:p@h/db", "redis://:p@h",
    ],
)  # fmt: skip
def test_secret_is_known_by_its_look_and_hidden(text: str) -> None:
    assert looks_secret(text)
    assert shown(text) == HIDDEN


@pytest.mark.parametrize(
    "text",
    ["risk-assessment-model-7b", "task-12345678901", "hf_models", "http://127.0.0.1:11435/v1", "Bearer token", "a@b.c",
     "sk-learn", "-----BEGIN CERTIFICATE-----", "eyJ", "http://[::1]:80/a@b", "~/hf_cache"],
)  # fmt: skip
def test_harmless_text_is_not_taken_for_a_secret(text: str) -> None:
    assert not looks_secret(text)


@pytest.mark.parametrize(
    "key", ["api_key", "API-Key", "apiKey", "apikey", "openai_api_key", "token", "hf_token", "PASSWORD", "db password",
            "client_secret", "clientSecret", "private_key", "passphrase", "credentials"]
)  # fmt: skip
def test_key_that_holds_a_secret_is_known_by_its_name(key: str) -> None:
    assert names_secret(key)


@pytest.mark.parametrize("key", ["tokens", "max_tokens", "token_file", "key", "keyboard", "tokenizer", "secretary"])
def test_harmless_key_is_not_taken_for_a_secret(key: str) -> None:
    assert not names_secret(key)


def test_nearest_name_is_found_whatever_its_case() -> None:
    assert nearest("HOTS", ["host", "port"]) == "did you mean host?"


def test_what_all_names_begin_with_makes_none_of_them_near() -> None:
    known = ["OLLASCOPE__CHECKS__WORKERS", "OLLASCOPE__DATA__FOLDER"]
    assert "did you mean" in nearest("OLLASCOPE__NOPE__X", known)
    assert "did you mean" not in nearest("OLLASCOPE__NOPE__X", known, prefix="OLLASCOPE__")
    assert nearest("OLLASCOPE__DATA__FODLER", known, prefix="OLLASCOPE__") == f"did you mean {known[1]}?"


def test_few_names_are_listed_and_many_are_not() -> None:
    assert nearest("zzz", ["b", "a"]) == "there is a, b"
    assert nearest("zzz", map(str, range(100))) == "`ollascope settings show` lists every key"
    assert nearest("zzz", []) == "`ollascope settings show` lists every key"


def test_mistakes_beyond_what_helps_are_counted() -> None:
    mistakes = Mistakes()
    for number in range(LISTED + 5):
        mistakes.unknown(AT, "unknown", str(number), [])
        mistakes.add(AT, "odd", "hint")
    listed = mistakes.listed()
    assert len(listed) == LISTED + 1
    assert listed[-1].what == f"{LISTED + 10} more mistakes are not listed"


def test_mistakes_of_a_file_come_first_in_the_order_of_lines() -> None:
    mistakes = Mistakes()
    mistakes.add(Origin(layer="environment", name="X"), "c", "")
    mistakes.add(Origin(layer="file", name="f", line=9), "b", "")
    mistakes.add(Origin(layer="file", name="f", line=2), "a", "")
    assert [finding.what for finding in mistakes.listed()] == ["a", "b", "c"]
