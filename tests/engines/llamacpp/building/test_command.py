"""A program of the build: its lines as they come, none of its family left behind, silence bounded."""

import os
import sys
import threading
import time

import pytest

from ollascope.engines.llamacpp.building.command import TAIL, Runner, run
from ollascope.words.errors import Interrupted, PackageMissing, TimedOut


@pytest.fixture
def runner(tmp_path):
    with (tmp_path / "log").open("wb") as log:
        yield Runner(folder=tmp_path, log=log)


def with_limits(runner, **given):
    return Runner(folder=runner.folder, log=runner.log, **given)


def python(code):
    return (sys.executable, "-u", "-c", code)


# a program with a child of its own, which outlives it unless somebody ends both
FAMILY = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid)
time.sleep(60)
"""


def is_gone(pid):
    for _ in range(200):
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
                if file.read().rpartition(")")[2].split()[0] == "Z":
                    return True
        except FileNotFoundError:
            return True
        time.sleep(0.02)
    return False


def test_missing_program_is_told(runner):
    with pytest.raises(PackageMissing, match="no-such-program was not found"):
        run(runner, ("no-such-program",), print)


def test_code_and_last_lines_are_told(runner):
    done = run(runner, python("import sys; print('a'); print('b', file=sys.stderr); sys.exit(3)"), lambda line: None)
    assert (done.code, done.tail) == (3, ("a", "b"))


def test_only_the_last_lines_are_held_and_the_log_has_all(runner):
    done = run(runner, python("print('\\n'.join(map(str, range(1000))))"), lambda line: None)
    assert done.tail == tuple(str(number) for number in range(1000 - TAIL, 1000))
    runner.log.flush()
    assert (runner.folder / "log").read_text().count("\n") == 1001


def test_lines_come_as_they_are_printed_and_a_last_one_without_an_end_too(runner):
    lines = []
    run(runner, python("import sys; sys.stdout.write('one\\ntwo\\nthree')"), lines.append)
    assert lines == ["one", "two", "three"]


def test_bytes_that_are_no_text_are_no_failure(runner):
    done = run(runner, python("import os; os.write(1, b'\\xff\\xfe\\n')"), lambda line: None)
    assert done.tail == ("\ufffd\ufffd",)


def test_program_reads_nothing_from_the_person(runner):
    assert run(runner, python("import sys; print(repr(sys.stdin.read()))"), lambda line: None).tail == ("''",)


def test_stop_ends_the_whole_family(runner):
    stop, pids = threading.Event(), []

    def hear(line):
        pids.append(int(line))
        stop.set()

    with pytest.raises(Interrupted):
        run(with_limits(runner, stop=stop), python(FAMILY), hear)
    assert is_gone(pids[0])


def test_listener_that_fails_ends_the_whole_family(runner):
    pids = []

    def hear(line):
        pids.append(int(line))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(runner, python(FAMILY), hear)
    assert is_gone(pids[0])


def test_family_that_ignores_the_first_word_is_ended_all_the_same(runner):
    stop, pids = threading.Event(), []

    def hear(line):
        pids.append(int(line))
        stop.set()

    stubborn = (
        "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(os.getpid()); time.sleep(60)"
    )
    with pytest.raises(Interrupted):
        run(with_limits(runner, stop=stop), python(stubborn), hear)
    assert is_gone(pids[0])


def test_silence_is_bounded(runner):
    with pytest.raises(TimedOut):
        run(with_limits(runner, silence_s=0.1), python("import time; time.sleep(60)"), lambda line: None)


def test_polite_program_leaves_the_processor_to_others(runner):
    late = python("import os, time; time.sleep(0.3); print(os.nice(0))")  # it is made polite once it runs
    done = run(with_limits(runner, polite=True), late, lambda line: None)
    assert int(done.tail[0]) >= min(19, os.nice(0) + 10)
