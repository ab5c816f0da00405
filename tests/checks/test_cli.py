"""The command `doctor`."""

import json
import os
import socket
import subprocess
import sys

import pytest

from ollascope.checks.table import CHECKS
from ollascope.cli import run

NO_LIMITS = [
    f"--set=checks.{name}_mib=0" for name in ("memory_warning", "memory_problem", "disk_warning", "disk_problem")
]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    for name in [name for name in os.environ if name.startswith("OLLASCOPE")]:
        monkeypatch.delenv(name)


@pytest.fixture
def fine(tmp_path, free):
    """Options that leave no reason for a problem: a folder of its own, free ports, no limits."""
    names = ("dashboard", "gateway", "monitor")
    ports = [f"--set=addresses.{name}={free + number}" for number, name in enumerate(names)]
    return ["--data", str(tmp_path / "data"), *ports, *NO_LIMITS]


def report(capsys):
    return json.loads(capsys.readouterr().out)


def test_without_a_problem_it_ends_with_0(fine, capsys):
    assert run([*fine, "doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines[1:-1]] == list(CHECKS)
    assert lines[-1].startswith(f"{len(CHECKS)} checks: ")


def test_with_a_problem_it_ends_with_1(fine, capsys):
    assert (
        run([*fine, "--set=checks.disk_warning_mib=999999999", "--set=checks.disk_problem_mib=999999999", "doctor"])
        == 1
    )
    assert "1 problem" in capsys.readouterr().out.splitlines()[-1]


def test_json_has_the_worst_state_and_every_check(fine, capsys):
    assert run([*fine, "doctor", "--json"]) == 0
    found = report(capsys)
    assert found["state"] in {"ok", "unknown", "warning"}
    assert [check["id"] for check in found["checks"]] == list(CHECKS)
    assert all(set(check) == {"id", "state", "text", "hint", "facts"} for check in found["checks"])


def test_json_of_a_problem_ends_with_1_too(fine, tmp_path, capsys):
    (tmp_path / "data").write_text("")
    assert run([*fine, "doctor", "--json"]) == 1
    assert report(capsys)["state"] == "problem"


def test_broken_settings_are_one_problem_and_the_others_still_speak(fine, tmp_path, capsys):
    file = tmp_path / "broken.yaml"
    file.write_text("addresses:\n  dashbord: 1\n")
    assert run([*fine, "--settings", str(file), "doctor", "--json"]) == 1
    states = {check["id"]: check["state"] for check in report(capsys)["checks"]}
    assert [name for name in states if states[name] == "problem"] == ["settings"]


def test_missing_settings_file_is_a_problem_and_no_end(fine, tmp_path, capsys):
    assert run([*fine, "--settings", str(tmp_path / "gone.yaml"), "doctor", "--json"]) == 1
    assert {check["id"]: check["state"] for check in report(capsys)["checks"]}["settings"] == "problem"


def test_taken_port_is_found(fine, capsys):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        number = listener.getsockname()[1]
        assert run([*fine, f"--set=addresses.gateway={number}", "doctor", "--json"]) == 1
    ports = {check["id"]: check for check in report(capsys)["checks"]}["ports"]
    assert (ports["state"], ports["facts"]["gateway"]["free"]) == ("problem", False)


def test_folder_whose_name_is_not_utf8_is_told(fine, tmp_path, capsys):
    assert run([*fine, "--data", os.fsdecode(bytes(tmp_path) + b"/\xff"), "doctor", "--json"]) == 0
    out = capsys.readouterr().out
    assert out.encode("utf-8")
    assert "\\\\udcff" in out


def test_doctor_makes_nothing(fine, tmp_path, capsys):
    run([*fine, "doctor"])
    assert list(tmp_path.iterdir()) == []


def test_no_home_folder_is_a_problem_and_no_bug(monkeypatch, capsys):
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setenv("HOME", "nowhere")
    assert run([*NO_LIMITS, "doctor", "--json"]) == 1
    found = {check["id"]: check for check in report(capsys)["checks"]}
    assert found["data"]["state"] == "problem"
    assert "OLLASCOPE_DATA" in found["data"]["hint"]
    assert found["clock"]["state"] != "problem"


def test_doctor_imports_nothing_heavy(fine):
    program = (
        "import sys; from ollascope.cli import run; run(sys.argv[1:])\n"
        "print(sorted({'psutil', 'flask', 'plotly', 'requests', 'watchfiles', 'uvloop'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", program, *fine, "doctor"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_page_is_written_beside_the_table(fine, tmp_path, capsys):
    assert run([*fine, "doctor", "--html", str(tmp_path / "checks.html")]) == 0
    told = capsys.readouterr()
    assert f"{len(CHECKS)} checks: " in told.out
    assert told.err == f"wrote {tmp_path / 'checks.html'}\n"
    assert f"{len(CHECKS)} checks: " in (tmp_path / "checks.html").read_text(encoding="utf-8")


def test_page_that_cannot_be_written_is_one_line_and_a_hint(fine, tmp_path, capsys):
    assert run([*fine, "doctor", "--html", str(tmp_path / "nowhere" / "checks.html")]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_findings_are_shown_also_where_the_page_cannot_be_written(fine, tmp_path, capsys):
    os.mkfifo(tmp_path / "pipe")
    assert run([*fine, "doctor", "--html", str(tmp_path / "pipe")]) == 2
    told = capsys.readouterr()
    assert f"{len(CHECKS)} checks: " in told.out
    assert "is not a file" in told.err


def test_name_of_the_page_cannot_act_on_a_terminal(fine, tmp_path, capsys):
    assert run([*fine, "doctor", "--html", str(tmp_path / "a\x1b[2J.html")]) == 0
    assert capsys.readouterr().err == f"wrote {tmp_path}/a\\x1b[2J.html\n"
