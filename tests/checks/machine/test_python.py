"""The check `python`."""

import tomllib
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from ollascope.checks.machine.python import NEWEST, OLDEST, Interpreter, check_python, judge


def interpreter(version=(3, 12, 4), implementation="CPython", bits=64, venv=True):
    return Interpreter(version=version, implementation=implementation, bits=bits, venv=venv)


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 10, 14)])
def test_old_python_is_a_problem(version):
    finding = judge(interpreter(version=version))
    assert finding.state == "problem"
    assert "too old" in finding.text
    assert "3.11, 3.12 or 3.13" in finding.hint


@pytest.mark.parametrize("version", [(3, 14, 0), (4, 0, 0)])
def test_python_that_nobody_tested_is_a_warning(version):
    assert judge(interpreter(version=version)).state == "warning"


def test_other_implementation_is_a_warning():
    assert judge(interpreter(implementation="PyPy")).state == "warning"


def test_32_bits_are_a_warning():
    finding = judge(interpreter(bits=32))
    assert finding.state == "warning"
    assert "64-bit" in finding.hint


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 12, 4), (3, 13, 9)])
def test_supported_python_is_ok(version):
    finding = judge(interpreter(version=version))
    assert (finding.state, finding.hint) == ("ok", "")


@pytest.mark.parametrize(("venv", "words"), [(True, ", in a virtual"), (False, ", not in a virtual")])
def test_virtual_environment_is_told_and_never_a_complaint(venv, words):
    finding = judge(interpreter(venv=venv))
    assert finding.state == "ok"
    assert words in finding.text


def test_this_python_is_ok(around):
    assert check_python(around()).state == "ok"


def test_range_is_the_one_that_the_package_declares():
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = SpecifierSet(project["requires-python"])
    fits = [(3, minor) for minor in range(30) if f"3.{minor}.5" in declared]
    assert (fits[0], fits[-1]) == (OLDEST, NEWEST)
