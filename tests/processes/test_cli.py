"""The commands `up`, `down` and `status`: with the table as it is, and with tables of these tests' own children."""

import json
import os
import signal
import socket
import subprocess
import time
from dataclasses import replace

import pytest

from ollascope.checks.table import CHECKS
from ollascope.cli import run
from ollascope.processes.cli import NOTHING_YET
from ollascope.processes.hold import hold
from ollascope.processes.identity import identify
from ollascope.processes.plan import Child
from tests.processes.stage import alive, children_of, command_line, heard, running, unburied, until


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


@pytest.mark.parametrize("words", [["up"], [], ["up", "--detach"]])
def test_up_makes_the_data_folder_and_prints_the_checks(fine, tmp_path, capsys, words):
    assert run([*fine, *words]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines[1:-2]] == list(CHECKS)
    assert lines[-1] == NOTHING_YET
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_up_may_be_said_again(fine):
    assert [run([*fine, "up"]), run([*fine, "up"])] == [0, 0]


def test_nothing_to_stop_is_said_and_fine(fine, tmp_path, capsys):
    assert run([*fine, "down"]) == 0
    assert capsys.readouterr().out == f"nothing runs: no `ollascope up` holds {tmp_path / 'data'}\n"
    assert not (tmp_path / "data").exists()


def test_nothing_to_run_is_fine(fine, capsys):
    assert run([*fine, "status"]) == 0
    assert "nothing runs" in capsys.readouterr().out
    assert run([*fine, "status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["children"] == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_up_is_ready_and_a_signal_ends_all_of_it(command, page, number):
    process = command({"dashboard": page}, "up")
    text = heard(process, "Ctrl-C stops everything.")
    assert "dashboard   http://127.0.0.1:" in text
    pids = until(lambda: len(found := children_of(process.pid)) == 2 and found)
    began = time.monotonic()
    process.send_signal(number)
    process.communicate(timeout=50)
    assert process.returncode == 0
    assert not any(map(alive, pids))
    assert time.monotonic() - began < 20


def test_child_that_cannot_start_is_told_with_its_own_words_while_the_page_is_there(command, page, program):
    table = {"dashboard": page, "gateway": Child(command=program("crash"), key="addresses.gateway")}
    began = time.monotonic()
    process = command(table, "up")
    text = heard(process, "| there is no such model")
    assert "gateway: ended with exit code 1" in text
    assert time.monotonic() - began < 20
    if "dashboard" not in text:
        heard(process, "dashboard   http://")


def test_up_ends_with_1_when_nothing_can_run(done, program):
    code, text = done({"gateway": Child(command=program("crash"))}, "--set=processes.crashes=2", "up")
    assert code == 1
    assert "gateway: given up after 2 starts" in text
    assert text.count("there is no such model") == 1
    assert "nothing runs: all children were given up" in text


def test_supervisor_that_is_killed_leaves_no_child(command, page, program, tmp_path):
    table = {
        "dashboard": page,
        "family": Child(command=program("family", 2, tmp_path)),
        "stubborn": Child(command=program("wait", "stubborn", tmp_path)),
    }
    process = command(table, "up")
    heard(process, "Ctrl-C")
    pids = until(lambda: len(found := children_of(process.pid)) == 4 and found) + running(tmp_path)
    process.kill()
    process.wait()
    until(lambda: not any(map(alive, pids)), "the end of all children")
    assert done_waiting_for_the_lock(tmp_path)


def test_process_that_left_its_group_ends_with_all_others(command, program, tmp_path):
    process = command({"family": Child(command=program("family", 2, tmp_path, "own-session"))}, "up")
    heard(process, "Ctrl-C")
    pids = until(lambda: len(found := running(tmp_path)) == 3 and found)
    process.terminate()
    process.communicate(timeout=50)
    assert not any(map(alive, pids))


def test_second_up_says_who_holds_the_folder(command, done, page):
    process = command({"dashboard": page}, "up")
    heard(process, "Ctrl-C")
    code, text = done({"dashboard": page}, "up")
    assert code == 1
    assert f"is held by `ollascope up` (process {process.pid}" in text
    assert "`ollascope down` stops it" in text


def test_doctor_finds_no_fault_in_ports_that_are_our_own(command, done, page):
    process = command({"dashboard": page}, "up")
    heard(process, "Ctrl-C")
    _, text = done({"dashboard": page}, "doctor", "--json")
    found = next(each for each in json.loads(text)["checks"] if each["id"] == "ports")
    assert found["state"] == "ok"
    assert "is Ollascope's own" in found["text"]
    assert found["facts"]["dashboard"]["ours"] is True
    assert found["facts"]["gateway"]["ours"] is False


def test_screen_that_is_gone_ends_nobody(command, page):
    process = command({"dashboard": page}, "up")
    heard(process, "Ctrl-C")
    process.stdout.close()
    first = next(pid for pid in children_of(process.pid) if "serve" in command_line(pid))
    os.kill(first, signal.SIGKILL)
    until(lambda: [pid for pid in children_of(process.pid) if "serve" in command_line(pid) and pid != first])
    time.sleep(0.05)
    assert process.poll() is None


def test_table_with_a_circle_starts_nothing(done, page):
    code, text = done({"dashboard": replace(page, needs=("dashboard",))}, "up")
    assert code == 2
    assert "dashboard needs dashboard" in text


def done_waiting_for_the_lock(tmp_path):
    with hold(tmp_path / "data", identify(os.getpid(), time.time())):
        return True


@pytest.fixture
def alone():
    """What puts a command into a process world of its own, where it is process 1."""
    line = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
    if subprocess.run([*line, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this user or machine makes no process worlds of its own (unshare --pid)")
    return line


def test_it_heeds_sigterm_and_buries_the_dead(command, page, program, alone):
    table = {"dashboard": page, "worker": Child(command=program("orphan-zombie"))}
    process = command(table, "up", before=alone)
    heard(process, "Ctrl-C")
    first = until(lambda: children_of(process.pid))[0]
    until(lambda: unburied(first), "the death of the orphan")
    until(lambda: not unburied(first), "its burial")
    os.kill(first, signal.SIGTERM)
    process.communicate(timeout=50)
    assert process.returncode == 0


def test_port_of_a_child_follows_the_settings(command, page, port):
    number = port()
    process = command({"dashboard": page}, f"--set=addresses.dashboard={number}", "up")
    assert f"http://127.0.0.1:{number}" in heard(process, "Ctrl-C")
    with socket.create_connection(("127.0.0.1", number)):
        pass


def test_own_command_gets_the_options_of_up(command, fine, tmp_path):
    """`ollascope version` as a child ends at once; what it was called with stands in what it said."""
    table = {"version": Child(command=("ollascope", "settings", "show"))}
    process = command(table, "--set=processes.crashes=1", "up")
    text = heard(process, "nothing runs: all children were given up")
    assert "flag --set" in text or str(tmp_path / "data") in text
