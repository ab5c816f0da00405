"""What checks say, and how it is shown."""

import json
import re

import pytest

from ollascope.checks.finding import Finding, closing, render, worst


def findings(*states):
    return [Finding(id=f"c{number}", state=state, text="text") for number, state in enumerate(states)]


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ((), "ok"),
        (("ok", "ok"), "ok"),
        (("ok", "unknown"), "unknown"),
        (("unknown", "warning", "ok"), "warning"),
        (("warning", "problem", "unknown"), "problem"),
    ],
)
def test_worst_state_is_what_matters(states, expected):
    assert worst(findings(*states)) == expected


@pytest.mark.parametrize(
    ("states", "line"),
    [
        (["ok"] * 8 + ["warning", "problem"], "10 checks: 8 ok, 1 warning, 1 problem"),
        (["warning", "warning", "problem", "problem"], "4 checks: 2 warnings, 2 problems"),
        (["unknown", "unknown", "ok"], "3 checks: 1 ok, 2 unknown"),
        (["ok"], "1 check: 1 ok"),
        ([], "0 checks: nothing was checked"),
    ],
)
def test_closing_line_counts_in_words(states, line):
    assert closing(findings(*states)) == line


def test_findings_in_a_pipe_are_plain_lines(capsys):
    render([Finding(id="disk", state="problem", text="0 MiB free", hint="delete something")])
    lines = capsys.readouterr().out.splitlines()
    assert re.split(r"\s{2,}", lines[1]) == ["problem", "disk", "0 MiB free", "delete something"]
    assert lines[-1] == "1 check: 1 problem"
    assert not any("\x1b" in line for line in lines)


def test_foreign_text_cannot_act_on_a_terminal(capsys):
    render([Finding(id="ports", state="problem", text="taken by \x1b[2Jevil\n (pid 1)", hint="h")])
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert len(out.splitlines()) == 3


def test_finding_as_json_has_every_field():
    finding = Finding(id="disk", state="ok", text="fine", facts={"free_bytes": 7})
    expected = {"id": "disk", "state": "ok", "text": "fine", "hint": "", "facts": {"free_bytes": 7}}
    assert json.loads(json.dumps(finding.to_json())) == expected
