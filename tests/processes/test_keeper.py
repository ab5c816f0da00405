"""The keeper ends what a supervisor that was killed leaves behind, and nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest

from ollascope.processes import keeper
from tests.processes.stage import alive, running, until


@pytest.fixture
def kept():
    """A keeper, with a way to speak to it."""
    process = subprocess.Popen([sys.executable, "-I", "-S", keeper.__file__], stdin=subprocess.PIPE)
    yield process
    process.stdin.close()
    process.wait(20)


@pytest.fixture
def start(program):
    """Start a program in a group of its own, and wait until it speaks."""
    started = []

    def begin(*words):
        process = subprocess.Popen(program(*words), stdout=subprocess.PIPE, start_new_session=True)
        started.append(process)
        assert process.stdout.readline()
        return process

    yield begin
    for process in started:
        keeper.send(process.pid, 9)
        process.wait()
        process.stdout.close()


def end(kept, *lines):
    kept.stdin.write("".join(f"{line}\n" for line in lines).encode())
    kept.stdin.close()
    assert kept.wait(20) == 0


def test_group_ends_with_the_supervisor(kept, start):
    child = start("wait")
    end(kept, f"+{child.pid}")
    assert child.wait(20) == -15


def test_group_that_ignores_the_signal_is_killed(kept, start):
    child = start("wait", "stubborn")
    end(kept, f"+{child.pid}")
    assert child.wait(20) == -9


def test_grandchildren_end_too(kept, start, tmp_path):
    child = start("family", 2, str(tmp_path))
    until(lambda: len(running(tmp_path)) == 3)
    end(kept, f"+{child.pid}")
    until(lambda: not running(tmp_path), "the end of all three")


def test_group_that_was_taken_off_the_list_is_left_alone(kept, start):
    child, other = start("wait"), start("wait")
    end(kept, f"+{child.pid}", f"+{other.pid}", f"-{child.pid}", f"-{child.pid}")
    assert other.wait(20) == -15
    assert alive(child.pid)


def test_number_that_belongs_to_a_later_process_is_left_alone(start):
    child = start("wait")
    keeper.end({child.pid: b"1"})
    assert alive(child.pid)
    assert child.poll() is None


def test_keeper_ignores_the_signals_that_end_a_terminal(kept, start):
    child = start("wait")
    kept.stdin.write(f"+{child.pid}\n".encode())
    kept.stdin.flush()
    until(lambda: ignores(kept.pid, 15), "the keeper's deafness")
    for number in (1, 2, 15):
        kept.send_signal(number)
    end(kept)
    assert child.wait(20) == -15


def ignores(pid, number):
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("SigIgn:"))
    return bool(int(line.split()[1], 16) & 1 << (number - 1))
