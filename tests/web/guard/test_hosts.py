"""Names under which a browser may reach the pages, and origins that may change something."""

import pytest

from ollascope.web.guard.hosts import is_host_known, is_own_origin, name_of

EVIL = ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8080", "", "127.0.0.1@evil.example",
        "evil.example#", "a b", "[::1", "127.0.0.1:99999999", "evil.example:8080", "//", "localhost/../x"]  # fmt: skip


@pytest.mark.parametrize("host", EVIL)
@pytest.mark.parametrize("loopback", [True, False])
def test_foreign_name_is_refused(host, loopback):
    assert not is_host_known(host, (), loopback=loopback)


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080", "localhost", "[::1]:8080", "192.168.1.7:8080"])
def test_this_machine_is_known_by_its_own_names(host):
    assert is_host_known(host, (), loopback=True)


def test_named_host_is_known_whatever_its_case():
    assert is_host_known("Pages.Example.org:443", ("pages.example.ORG",), loopback=True)


def test_public_address_passes_only_beyond_loopback():
    assert is_host_known("1.2.3.4:8080", (), loopback=False)
    assert not is_host_known("1.2.3.4:8080", (), loopback=True)


def test_name_with_a_user_is_no_host():
    assert name_of("user@127.0.0.1") is None


@pytest.mark.parametrize(
    ("origin", "site"),
    [
        ("http://evil.example", None), ("null", None), (None, "cross-site"), (None, "same-site"), ("", None),
        ("http://127.0.0.1:9999", None), ("file://", None), ("http://127.0.0.1:8080", "cross-site"), ("http://[", None),
        ("http://127.0.0.1:8080.evil.example", None),
    ],
)  # fmt: skip
def test_foreign_origin_is_none_of_ours(origin, site):
    assert not is_own_origin(origin, site, "127.0.0.1:8080")


@pytest.mark.parametrize(
    ("origin", "site"),
    [("http://127.0.0.1:8080", "same-origin"), ("https://127.0.0.1:8080", None), (None, "same-origin"), (None, None)],
)
def test_own_origin_is_known(origin, site):
    assert is_own_origin(origin, site, "127.0.0.1:8080")
