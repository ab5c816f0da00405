"""`ollascope alerts` as people type it."""

import json
import os
import time
from dataclasses import replace

import pytest

from ollascope.monitor.alerts.keeping import Keeping
from tests.monitor.alerts.ends import web
from tests.monitor.alerts.held import alarms, firing

RULES = "channels:\n  - name: hook\n    kind: webhook\n    url: {url}\n"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("silence", "=x"), "says nothing"),
        (("silence", "a", "--for", "soon"), "no length of time"),
        (("silence", "a", "--for", "0s"), "between a second and a year"),
        (("silence", "--end", "nope"), "no silence 'nope'"),
        (("history", "--limit", "0"), "--limit"),
        (("test",), "alerts.file"),
    ],
)
def test_nonsense_is_refused_with_what_to_do(say, words, says):
    code, out, err = say("alerts", *words)
    assert (code, out) == (2, "")
    assert says in err


def test_nothing_stands(say):
    assert say("alerts", "list", "--json")[:2] == (0, "[]\n")
    assert say("alerts", "history", "--json")[:2] == (0, "[]\n")
    assert say("alerts", "silence", "--json")[:2] == (0, "[]\n")


def test_nobody_who_judges_is_told(say, data, tmp_path):
    code, out, err = say("alerts", "list")
    assert (code, out) == (0, "")
    assert "no alert stands" in err
    assert "nothing has been judged yet" in err
    Keeping(data / "alerts").keep(alarms(firing()))
    assert "judged within the last" in say("alerts", "list")[2]
    os.utime(data / "alerts" / "alarms.json", (1e9, 1e9))
    assert "last judged at 2001-09-09" in say("alerts", "list")[2]


@pytest.mark.parametrize(
    ("words", "says"),
    [("objectives.targets=ttttft p95 < 2 s", "did you mean ttft?"), ("alerts.file=/nowhere/rules.yaml", "/nowhere/")],
)
def test_list_tells_what_keeps_the_monitor_from_judging(say, data, words, says):
    Keeping(data / "alerts").keep(alarms(firing()))
    code, out, err = say(f"--set={words}", "alerts", "list")
    assert code == 2
    assert "slow is slow" in out
    assert says in err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("objectives:\n  targets: [success > 99 %]\n", "fine"),
        ("objectives:\n  targets: [ttfft p95 < 2 s]\n", "s.yaml:2: objectives.targets[0]: there is no measure 'ttfft'"),
        ("alerts:\n  file: nowhere.yaml\n", "nowhere.yaml:1: there is no such file"),
    ],
)
def test_check_of_the_settings_knows_what_the_monitor_would_refuse(say, tmp_path, text, says):
    (tmp_path / "s.yaml").write_text(text)
    code, out, _ = say("settings", "check", str(tmp_path / "s.yaml"))
    assert code == (0 if says == "fine" else 2)
    assert says in out


def test_what_stands_is_listed_and_can_be_silenced(say, data):
    Keeping(data / "alerts").keep(alarms(firing(labels={"model": "m"}), replace(firing("hot"), standing="pending")))
    _, out, _ = say("alerts", "list")
    assert "model=m" in out
    assert "pending" in out
    code, out, err = say("alerts", "silence", "slow", "model=m", "--for", "2h", "--why", "known")
    assert code == 0
    assert "name=slow model=m" in out
    assert "holds until" in err
    (first, second) = json.loads(say("alerts", "list", "--json")[1])
    assert (first["name"], first["silenced"], second["silenced"]) == ("slow", True, False)
    number = json.loads(say("alerts", "silence", "--json")[1])[0]["id"]
    assert say("alerts", "silence", "--end", number, "--json")[1] == "[]\n"


def test_history_is_shown(say, data):
    Keeping(data / "alerts").remember([firing(at=time.time())], most=10)
    assert "slow is slow" in say("alerts", "history")[1]


def test_test_notice_goes_out_and_a_failure_has_its_exit_code(say, tmp_path):
    rules = tmp_path / "rules.yaml"
    with web() as server:
        rules.write_text(RULES.format(url=server.url))
        code, out, _ = say("--set", f"alerts.file={rules}", "alerts", "test")
        assert code == 0
        assert "delivered" in out
        server.statuses = [404]
        code, out, err = say("--set", f"alerts.file={rules}", "alerts", "test", "hook")
    assert code == 3
    assert "refuses it with 404" in out
    assert "not delivered over hook" in err
    assert "nothing is wrong" in server.came[0][1]["text"]
