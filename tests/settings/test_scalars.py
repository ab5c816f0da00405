"""What a text means for a field, by the field's type alone."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.settings.fields import Field, leaves
from ollascope.settings.scalars import value_of, words
from ollascope.words.errors import BadSettings
from ollascope.words.setting import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinds:
    """One field of every kind."""

    on: bool = setting(False, "m")
    whole: int = setting(1, "m")
    some: int = setting(5, "m", minimum=-3, maximum=9)
    few: int = setting(5, "m", maximum=9_000_000)
    share: float = setting(0.5, "m", minimum=0)
    maybe: float | None = setting(None, "m")
    port: int = setting(80, "m", kind="port")
    free_port: int = setting(0, "m", kind="port", minimum=0)
    workers: int = setting(1, "m", kind="workers")
    host: str = setting("localhost", "m", kind="host")
    folder: Path | None = setting(None, "m", kind="folder")
    high: int = setting(5, "m", at_least="whole")


FIELDS = {field.name: field for field in leaves({"k": Kinds})}


def field(name: str) -> Field:
    return FIELDS[name]


@pytest.mark.parametrize("text", ["true", "True", "yes", "ON", "1", " true "])
def test_words_for_true(text: str) -> None:
    assert value_of(text, field("on")) is True


@pytest.mark.parametrize("text", ["false", "FALSE", "no", "off", "0"])
def test_words_for_false(text: str) -> None:
    assert value_of(text, field("on")) is False


@pytest.mark.parametrize("text", ["y", "n", "2", "", "truee", "01"])
def test_other_words_are_neither(text: str) -> None:
    with pytest.raises(BadSettings, match="neither true nor false"):
        value_of(text, field("on"))


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("0o17", "decimal"), ("0x1F", "decimal"), ("0b1", "decimal"), ("017", "no leading 0"), ("1_000", "separators"),
        ("1,000", "separators"), ("1'000", "separators"), ("12:30", "no colon"), ("1:2:3", "no colon"),
        (".inf", "an end"), ("-.Inf", "an end"), ("NaN", "an end"), ("10s", "unit"), ("5 GB", "unit"), ("50%", "unit"),
        ("1e3", "write a whole number"), ("8080.0", "write a whole number"), ("", "write a whole number"),
        ("٣", "write a whole number"), ("--1", "write a whole number"), ("9" * 5000, "write a whole number"),
        ("9" * 4000, "write a whole number"), ("1 2", "write a whole number"),
    ],
)  # fmt: skip
def test_odd_number_is_refused_with_a_hint_that_fits(text: str, hint: str) -> None:
    with pytest.raises(BadSettings) as caught:
        value_of(text, field("whole"))
    assert hint in caught.value.hint
    assert "a whole number" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "form", "what"),
    [
        ("9" * 23, "whole", "is too large for a whole number"), (f"-{'9' * 23}", "whole", "is too small for a whole"),
        ("9" * 60, "share", "is too large for a number"), (f"-{'9' * 60}", "share", "is too small for a number"),
    ],
)  # fmt: skip
def test_number_with_too_many_digits_is_told_as_that(text: str, form: str, what: str) -> None:
    with pytest.raises(BadSettings, match=what):
        value_of(text, field(form))


@given(st.integers(-(10**17), 10**17))
def test_every_whole_number_is_read_as_python_writes_it(number: int) -> None:
    assert value_of(str(number), field("whole")) == number


@given(st.floats(0, allow_infinity=False, allow_nan=False))
def test_every_number_is_read_as_python_writes_it(number: float) -> None:
    assert value_of(repr(number), field("share")) == number


@pytest.mark.parametrize("text", [".", "e5", "1e", "-", "1.2.3", "1e99999", "1e400", "0x1p3", "1d5", "١.٥"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(BadSettings):
        value_of(text, field("maybe"))


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("some", ["-3", "9", "+5"], ["-4", "10"]),
        ("few", ["-100", "9000000"], ["9000001"]),
        ("share", ["0", "1e9", "-0.0"], ["-0.1"]),
        ("port", ["1", "65535"], ["0", "65536", "-1", "80.0"]),
        ("free_port", ["0"], ["-1"]),
        ("workers", ["1", "999"], ["0", "-1"]),
        ("host", ["127.0.0.1", "::1", "localhost", "my_host.example", "0.0.0.0", "a-1"],
         ["", "http://a", "a:80", "[::1]", "a b", "999.1.1.1", "1.2.3", "a..b", "-a", "a/b", "x" * 300, "a\n", "ä b"]),
        ("folder", ["/a", "a", "~", "/a b/ä"], ["", "a\nb", "a\0b", "\x1b", "~no-such-user-here"]),
    ],
)  # fmt: skip
def test_rules_hold(name: str, good: list[str], bad: list[str]) -> None:
    for text in good:
        value_of(text, field(name))
    for text in bad:
        with pytest.raises(BadSettings):
            value_of(text, field(name))


def test_text_beyond_any_sense_is_refused() -> None:
    with pytest.raises(BadSettings, match="is longer than 4096"):
        value_of("x" * 5000, field("host"))


def test_what_may_stand_there_is_said_in_plain_words() -> None:
    assert {name: words(entry) for name, entry in FIELDS.items()} == {
        "on": "true or false",
        "whole": "a whole number",
        "some": "a whole number from -3 to 9",
        "few": "a whole number, 9000000 or less",
        "share": "a number, 0 or more",
        "maybe": "a number, or null",
        "port": "a port from 1 to 65535",
        "free_port": "a port from 0 to 65535",
        "workers": "a whole number, 1 or more",
        "host": "an IP address or a host name",
        "folder": "a folder, or null",
        "high": "a whole number, at least `whole`",
    }


@given(name=st.sampled_from(sorted(FIELDS)), text=st.text(st.characters()))
def test_any_text_gives_a_value_or_bad_settings(name: str, text: str) -> None:
    told = ""
    try:
        value_of(text, field(name))
    except BadSettings as error:
        told = error.message + error.hint
    assert told.isprintable()
