"""The check `engine`."""

import pytest

from ollascope.checks.machine.engine import check_engine, examine, judge
from ollascope.engines.llamacpp.installed import find_installed
from ollascope.engines.llamacpp.probe import MEMORY, Verdict
from ollascope.settings.data import create

FEATURES = frozenset({"AVX2", "AVX512", "LLAMAFILE"})
BUILT = pytest.mark.skipif(find_installed() is None, reason="llama-cpp-python is not installed")


def verdict(state, reason=""):
    return Verdict(state=state, reason=reason, mark="m", took_s=0.1)


def judged(found, wanted=frozenset()):
    return judge("llama-cpp-python 1", FEATURES, wanted, found, {})


def test_broken_build_is_a_problem_and_the_way_out_is_told():
    finding = judged(verdict("broken", "ended by SIGILL"))
    assert (finding.state, finding.text) == (
        "problem", "llama-cpp-python 1 does not compute right: ended by SIGILL",
    )  # fmt: skip
    assert "ollascope engine build --fresh" in finding.hint


def test_build_that_needs_the_guard_is_a_warning():
    finding = judged(verdict("guarded", "ended by SIGSEGV"))
    assert (finding.state, finding.text) == (
        "warning", "llama-cpp-python 1 works with the guard on (ended by SIGSEGV without)",
    )  # fmt: skip
    assert finding.hint


def test_right_build_is_told_with_its_instructions():
    assert judged(verdict("right")).text == "llama-cpp-python 1 computes right, with AVX2, AVX512"


def test_instructions_that_the_build_leaves_unused_are_told():
    finding = judged(verdict("right"), wanted=frozenset({"AVX512", "AVX_VNNI"}))
    assert finding.state == "ok"
    assert finding.text.endswith("; without AVX_VNNI, which this processor has")


def test_missing_build_is_fine_and_the_command_is_told(around, monkeypatch):
    monkeypatch.setattr("sys.path", [])
    finding = check_engine(around())
    assert (finding.state, finding.facts) == ("ok", {"installed": False})
    assert "`ollascope engine build`" in finding.text


@BUILT
def test_build_here_is_examined_and_nothing_is_left_behind(around, tmp_path):
    finding = check_engine(around())
    assert finding.facts["verdict"] in {"right", "guarded"}
    assert finding.facts["features"]
    assert list(tmp_path.iterdir()) == []


@BUILT
def test_verdict_is_remembered_only_in_a_data_folder_that_is_there(tmp_path):
    data = tmp_path / "data"
    examine(data)
    assert not data.exists()
    create(data)
    examine(data)
    assert (data / MEMORY).exists()
