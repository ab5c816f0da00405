"""The command `up`."""

import os

import pytest

from ollascope.checks.machine.ports import try_port
from ollascope.checks.table import CHECKS
from ollascope.cli import run
from ollascope.processes.cli import NOTHING_YET


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    for name in [name for name in os.environ if name.startswith("OLLASCOPE")]:
        monkeypatch.delenv(name)


@pytest.fixture
def fine(tmp_path):
    """Options that leave no reason for a problem: a folder of its own, free ports, no limits."""
    names = ("dashboard", "gateway", "monitor")
    first = 30_000 + os.getpid() % 1_000  # below the ports that the system hands out by itself
    port = next(port for port in range(first, 32_000) if all(try_port("127.0.0.1", port + n) == 0 for n in range(3)))
    ports = [f"addresses.{name}={port + number}" for number, name in enumerate(names)]
    limits = [f"checks.{what}_{how}_mib=0" for what in ("memory", "disk") for how in ("warning", "problem")]
    return ["--data", str(tmp_path / "data"), *(f"--set={each}" for each in ports + limits)]


def test_broken_settings_end_it_before_anything_is_made(fine, tmp_path, capsys):
    assert run([*fine, "--set=addresses.gateway=many", "up"]) == 2
    assert "addresses.gateway" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_data_folder_that_cannot_be_made_ends_it_with_a_hint(fine, tmp_path, capsys):
    (tmp_path / "data").write_text("")
    assert run([*fine, "up"]) == 1
    assert "--data" in capsys.readouterr().err


def test_problem_is_shown_and_ends_it_with_1(fine, capsys):
    huge = [f"--set=checks.disk_{how}_mib=999999999" for how in ("warning", "problem")]
    assert run([*fine, *huge, "up"]) == 1
    assert "1 problem" in capsys.readouterr().out


@pytest.mark.parametrize("command", [["up"], []])
def test_up_makes_the_data_folder_and_prints_the_checks(fine, tmp_path, capsys, command):
    assert run([*fine, *command]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines[1:-2]] == list(CHECKS)
    assert lines[-1] == NOTHING_YET
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_up_may_be_said_again(fine):
    assert [run([*fine, "up"]), run([*fine, "up"])] == [0, 0]
