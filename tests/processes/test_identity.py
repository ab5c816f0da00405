"""A process is its number and its start time."""

import os
import signal
import subprocess
from dataclasses import replace

import pytest

from ollascope.processes.identity import identify, is_alive, send, start_time


@pytest.fixture
def sleeper():
    process = subprocess.Popen(["sleep", "60"])
    yield process
    process.kill()
    process.wait()


def test_living_process_is_known_again(sleeper):
    assert is_alive(identify(sleeper.pid, 0.0))


def test_ended_process_is_not_alive_even_while_nobody_has_buried_it(sleeper):
    who = identify(sleeper.pid, 0.0)
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
    assert not is_alive(who)
    assert not send(who, signal.SIGTERM)


@pytest.mark.parametrize("change", [{"started": "another/1"}, {"started": ""}, {"machine": "elsewhere"}])
def test_process_that_is_another_is_never_signalled(sleeper, change):
    who = replace(identify(sleeper.pid, 0.0), **change)
    assert not send(who, signal.SIGKILL)
    assert sleeper.poll() is None


def test_signal_reaches_the_process(sleeper):
    assert send(identify(sleeper.pid, 0.0), signal.SIGTERM)
    assert sleeper.wait(20) == -signal.SIGTERM


def test_process_that_never_was_is_not_alive():
    who = identify(2**22 + 7, 0.0)
    assert (is_alive(who), send(who, signal.SIGTERM)) == (False, False)


@pytest.mark.parametrize("text", ["", "12", "12 (x) Z " + "1 " * 40, "12 (x) S 1 2", "12 (a) b) S " + "7 " * 40])
def test_line_of_the_kernel_is_read_with_care(tmp_path, text):
    (tmp_path / "12").mkdir()
    (tmp_path / "12" / "stat").write_text(text)
    assert start_time(12, tmp_path) == ("/7" if "b) S" in text else "")
