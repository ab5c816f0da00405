"""`ollascope engine` as a person and a program use it."""

import json

import pytest
from click.testing import CliRunner

from ollascope.console.invocation import Invocation
from ollascope.engines.llamacpp.installed import find_installed
from ollascope.serve.cli import engine
from ollascope.words.errors import BadUsage, PackageMissing

BUILT = pytest.mark.skipif(find_installed() is None, reason="llama-cpp-python is not installed")


@pytest.fixture
def said(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_CACHE_DIR", str(tmp_path / "pip"))

    def run(*words):
        result = CliRunner().invoke(engine, words, obj=Invocation(data_folder=tmp_path / "data"))
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.stdout

    return run


def test_two_wishes_that_exclude_each_other_are_refused(said):
    with pytest.raises(BadUsage):
        said("build", "--fresh", "--no-compile")


def test_absence_is_shown_with_the_command(said, monkeypatch):
    monkeypatch.setattr("sys.path", [])
    facts = json.loads(said("show", "--json"))
    assert (facts["installed"], facts["features"], facts["verdict"]) == (False, [], None)
    assert "not installed; `ollascope engine build`" in said("show")


def test_nothing_kept_is_told_at_once_where_nothing_may_be_compiled(said, monkeypatch):
    monkeypatch.setattr("ollascope.engines.llamacpp.building.build.find_installed", lambda search: None)
    with pytest.raises(PackageMissing, match="no built llama-cpp-python is kept"):
        said("build", "--no-compile")


@BUILT
def test_build_that_is_here_is_shown_and_not_built_again(said, tmp_path):
    facts = json.loads(said("show", "--json"))
    assert facts["installed"]
    assert facts["verdict"] in {"right", "guarded"}
    assert facts["cache"] == str(tmp_path / "cache" / "ollascope")
    assert facts["wheels"] == []
    assert "is built, installed and computes right" in said("build", "--no-compile")
