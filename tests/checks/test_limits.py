"""The settings of the checks."""

import pytest

from ollascope.checks.limits import Checks
from ollascope.settings.load import Sources, examine
from ollascope.wire import SECTIONS


@pytest.mark.parametrize(
    "assignment",
    [
        "checks.memory_warning_mib=100",  # below the limit of a problem
        "checks.disk_warning_mib=100",
        "checks.timeout_s=0",
        "checks.workers=0",
        "checks.disk_problem_mib=-1",
    ],
)
def test_senseless_limit_is_a_mistake(assignment):
    _, mistakes = examine(SECTIONS, Sources(assignments=(assignment,)))
    assert len(mistakes) == 1


def test_limits_can_be_set():
    settings, mistakes = examine(SECTIONS, Sources(assignments=("checks.memory_warning_mib=9000",)))
    assert not mistakes
    assert settings.of(Checks).memory_warning_mib == 9000
