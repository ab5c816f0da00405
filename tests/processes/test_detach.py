"""A supervisor in the background: `up --detach`, `status` and `down`."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from ollascope import wire
from ollascope.cli import run
from ollascope.processes.detach import OUTPUT, launch, wait
from ollascope.processes.hold import hold
from ollascope.processes.identity import identify
from ollascope.processes.plan import Child
from ollascope.processes.state import Report, Standing, write_report
from ollascope.settings.data import create
from ollascope.words.errors import TimedOut, Trouble
from tests.processes.stage import alive


@pytest.fixture
def me():
    return identify(os.getpid(), time.time())


@pytest.fixture
def sleeper():
    """A supervisor that has nothing to say."""
    process = subprocess.Popen(["sleep", "60"])
    yield process
    os.kill(process.pid, signal.SIGKILL)  # `wait` has left it to itself, so it does nothing with it any more
    os.waitpid(process.pid, 0)


def reported(data, pid, settled, **children):
    (data / "run").mkdir(exist_ok=True)
    write_report(data, Report(supervisor=identify(pid, 0.0), children=children, settled=settled))


def test_up_returns_when_ready_and_down_ends_it(done, page):
    table = {"dashboard": page}
    code, text = done(table, "up", "--detach")
    assert code == 0, text
    assert "dashboard   http://127.0.0.1:" in text
    assert "runs in the background" in text
    code, text = done(table, "status", "--json")
    facts = json.loads(text)
    child = facts["children"][0]
    assert (code, child["name"], child["state"], child["restarts"]) == (0, "dashboard", "ready", 0)
    assert alive(child["pid"])
    code, text = done(table, "status")
    assert (code, "dashboard  ready" in text) == (0, True)
    code, text = done(table, "down")
    assert (code, text.startswith("stopped dashboard in ")) == (0, True)
    assert not alive(child["pid"])
    assert not alive(facts["supervisor"]["pid"])
    code, text = done(table, "status")
    assert (code, "not running" in text, "nothing runs" in text) == (1, True, True)


def test_what_failed_is_said_and_the_rest_runs_on(done, page, program):
    table = {"dashboard": page, "gateway": Child(command=program("crash"))}
    code, text = done(table, "--set=processes.crashes=2", "up", "--detach")
    assert code == 1
    assert "gateway: given up: ended with exit code 1" in text
    assert "| there is no such model" in text
    assert "dashboard   http://" in text
    code, text = done(table, "status")
    assert code == 1
    assert "there is no such model" in text
    assert done(table, "down")[0] == 0


def test_background_process_that_cannot_run_anything_is_told(done, program):
    code, text = done({"gateway": Child(command=program("crash"))}, "--set=processes.crashes=1", "up", "--detach")
    assert code == 1
    assert "there is no such model" in text


def test_supervisor_that_is_not_ready_in_time_is_told_and_what_ended_on_the_way(tmp_path, sleeper):
    bad = Standing(state="resting", since=0.0, restarts=1, reason="did not answer within 1 s", words=("loading",))
    reported(tmp_path, sleeper.pid, False, engine=bad, page=Standing(state="ready", since=0.0))
    told = []
    with pytest.raises(TimedOut, match=r"not all children were ready after 0\.1 s") as caught:
        wait(sleeper, tmp_path, 0.1, told.append)
    assert "ollascope status" in caught.value.hint
    assert [(each.name, each.text, each.words) for each in told] == [
        ("engine", "did not answer within 1 s", ("loading",))
    ]


def test_report_of_another_supervisor_is_not_waited_for(tmp_path, sleeper):
    reported(tmp_path, os.getpid(), True)
    with pytest.raises(TimedOut):
        wait(sleeper, tmp_path, 0.1, pytest.fail)


def test_damaged_report_of_an_earlier_one_is_passed_over(tmp_path, sleeper):
    reported(tmp_path, sleeper.pid, True)
    (tmp_path / "run" / "state.json").write_text("{")
    with pytest.raises(TimedOut):
        wait(sleeper, tmp_path, 0.1, pytest.fail)


@pytest.mark.parametrize(("code", "said"), [("print('no such thing')", "no such thing"), ("", "it said nothing")])
def test_supervisor_that_ends_is_told_with_what_it_said(tmp_path, me, code, said):
    process = launch([sys.executable, "-I", "-S", "-c", code], tmp_path, me)
    with pytest.raises(Trouble, match=f"has ended: {said}"):
        wait(process, tmp_path, 20, pytest.fail)
    assert (tmp_path / "logs" / OUTPUT).stat().st_mode & 0o777 == 0o600


@pytest.fixture
def planted(monkeypatch, page):
    monkeypatch.setitem(wire.CHILDREN, "dashboard", page)


def test_folder_that_another_holds_is_refused_at_once(fine, planted, tmp_path, me, capsys):
    create(tmp_path / "data")
    with hold(tmp_path / "data", me):
        assert run([*fine, "up", "--detach"]) == 1
    assert f"process {os.getpid()}" in capsys.readouterr().err


def test_holder_on_another_machine_is_not_stopped(fine, tmp_path, me, capsys):
    with hold(tmp_path / "data", replace(me, machine="elsewhere")):
        assert run([*fine, "down"]) == 1
    told = capsys.readouterr().err
    assert "on elsewhere" in told
    assert "cannot be stopped from here" in told


def test_damaged_report_is_told(fine, planted, tmp_path, me, capsys):
    with hold(tmp_path / "data", me):
        (tmp_path / "data" / "run" / "state.json").write_text("{")
        assert run([*fine, "status"]) == 1
    assert "state.json cannot be read" in capsys.readouterr().err


def test_supervisor_that_has_just_begun_is_told(fine, planted, tmp_path, me, capsys):
    with hold(tmp_path / "data", me):
        assert run([*fine, "status"]) == 1
    assert "has not said yet how its children stand" in capsys.readouterr().err


def test_damaged_report_does_not_keep_down_from_its_work(fine, tmp_path, capsys):
    code = (
        "import os, signal, sys, time\nfrom pathlib import Path\n"
        "from ollascope.processes.hold import hold\nfrom ollascope.processes.identity import identify\n"
        "with hold(Path(sys.argv[1]), identify(os.getpid(), 0.0)):\n    print('held', flush=True)\n    time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code, tmp_path / "data"], stdout=subprocess.PIPE)
    with process.stdout:
        assert process.stdout.readline() == b"held\n"
    (tmp_path / "data" / "run" / "state.json").write_text("{")
    assert run([*fine, "down"]) == 0
    assert capsys.readouterr().out.startswith("stopped everything in ")
    assert process.wait(20) == -15
