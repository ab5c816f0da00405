"""Addresses as people write them; what stands before the @ is never shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.engines.address import read_address
from ollascope.words.errors import BadSettings


@pytest.mark.parametrize(
    "text",
    ["", "http://", "ftp://host", "http://host:99999", "http://host:port", "http://a b", "http://[::1", "host?x=1",
     "http://host/#part", "http://ho\x00st", "http://ho\nst", "file:///etc/passwd", "http://:11434"],
    ids=repr,
)  # fmt: skip
def test_what_is_no_address_is_told_with_the_form(text):
    with pytest.raises(BadSettings) as caught:
        read_address(text)
    assert "127.0.0.1:11434" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("127.0.0.1:11434", "http://127.0.0.1:11434"),
        ("http://localhost/", "http://localhost"),
        ("https://Host:443/base/", "https://host/base"),
        ("http://host:80", "http://host"),
        ("[::1]:8080", "http://[::1]:8080"),
        (" http://host:1 ", "http://host:1"),
    ],
)
def test_address_is_read(text, url):
    assert read_address(text).url == url


def test_credentials_become_a_header_and_are_not_shown():
    address = read_address("http://me:p%40ss@host:1234/base")
    assert address.url == "http://host:1234/base"
    assert address.authorization == "Basic bWU6cEBzcw=="
    assert "bWU6" not in repr(address)


@given(st.text(alphabet=st.characters(codec="ascii"), max_size=30))
def test_password_is_never_shown_whatever_is_wrong(tail):
    try:
        shown = read_address(f"http://user:s3cret-word@{tail}").url
    except BadSettings as error:
        shown = error.message + error.hint
    assert "s3cret-word" not in shown
