"""Versions are read as they are written, and options are known or not by version."""

import pytest

from ollascope.engines.ollama.versions import ignored_options, needs_version, read_version


@pytest.mark.parametrize(("text", "version"), [
    ("0.32.15", (0, 32, 15)), ("v0.33.0-rc2", (0, 33, 0)), ("0.5", (0, 5, 0)), ("0.0.0", None), ("", None),
    (None, None), ("main", None), ("1.2.3.4", None), ("0.12.3-4-gabc", (0, 12, 3)),
])  # fmt: skip
def test_version_is_read(text, version):
    assert read_version(text) == version


@pytest.mark.parametrize(("name", "version", "ignored"), [
    ("temperature", (0, 1, 0), False), ("temperature", None, False), ("nonsense", None, True),
    ("nonsense", (0, 32, 15), True), ("mirostat", (0, 6, 8), False), ("mirostat", (0, 7, 0), True),
    ("mirostat", None, False), ("min_p", (0, 3, 0), True), ("min_p", (0, 3, 1), False),
    ("draft_num_predict", (0, 24, 0), True), ("draft_num_predict", (0, 30, 0), False), ("tfs_z", (0, 32, 15), True),
    ("Temperature", (0, 32, 15), True),
])  # fmt: skip
def test_option_is_ignored_by_the_versions_that_do_not_know_it(name, version, ignored):
    assert ignored_options([name], version) == ((name,) if ignored else ())


def test_version_is_asked_only_where_it_matters():
    assert needs_version(["temperature", "mirostat"])
    assert not needs_version(["temperature", "nonsense"])
