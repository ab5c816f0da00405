"""The table of checks: its ids are for scripts and pages, so they stay."""

from importlib import import_module

import pytest

from ollascope.checks.table import CHECKS


def test_ids_are_stable():
    assert list(CHECKS) == [
        "platform",
        "python",
        "packages",
        "compiler",
        "engine",
        "memory",
        "disk",
        "clock",
        "settings",
        "data",
        "ports",
        "gpu",
        "ollama",
        "ollama-version",
        "ollama-models",
        "ollama-slots",
    ]


@pytest.mark.parametrize("name", CHECKS)
def test_every_check_speaks_for_itself(around, name):
    module, function = CHECKS[name].split(":")
    check = vars(import_module(module))[function]
    finding = check(around())
    assert finding.id == name
    assert check.__doc__.count("\n") == 0
    assert "\n" not in finding.text
    assert bool(finding.hint) == (finding.state != "ok")
