"""What is installed: packages with versions and licences, found through what needs what."""

import pytest

from ollascope.checks.pages.installed import find, is_among, licence_texts, packages


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "no-such-package-at-all", "x" * 10_000, "a\x00b"])
def test_package_that_is_not_there_is_not_found(name):
    assert find(name) is None


def test_unknown_root_has_no_packages():
    assert packages("no-such-package-at-all") == []


def test_packages_of_packages_are_told_with_their_licences():
    found = {each.name.lower(): each for each in packages()}
    assert {"ollascope", "flask", "markupsafe", "click"} <= set(found)
    assert found["flask"].licence == "BSD-3-Clause"
    assert all(each.version for each in found.values())


def test_tools_of_developers_are_left_out():
    assert not is_among("pytest", packages())


def test_names_are_the_same_however_they_are_written():
    assert is_among("Prometheus-Client", packages())
    assert not is_among("prometheus", packages())


def test_licence_text_is_told():
    texts = licence_texts(find("flask"))
    assert any("Redistribution" in text for _, text in texts)
