"""The crew: workers that die are named, orders are obeyed, and no process is left behind, however it ends."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from contextlib import suppress

import psutil
import pytest

from ollascope.bench.client import Crew
from ollascope.bench.client.lines import write_plan
from ollascope.bench.material import FRESH
from ollascope.words.errors import TimedOut, Trouble
from tests.bench.client.runs import ask, calls, closed, due, follow, going, plan_of, shared_by, users

LONG = ask(f"{FRESH} <|loop|>", tokens=5000)


def gone(pid, patience_s=15.0):
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


def running(crew):
    return lambda lines: len(lines) == len(crew.pids) and all(line.in_flight for line in lines)


def test_program_that_is_no_worker_is_told_by_what_it_said(fake, tmp_path):
    program = [sys.executable, "-c", "import sys; sys.exit('no such thing')"]
    with (
        Crew([plan_of(fake, tmp_path, due(0.0))], program) as crew,
        pytest.raises(Trouble, match="worker 0 could not begin: no such"),
    ):
        crew.ready(20)


def test_worker_that_says_nothing_is_not_waited_for_longer_than_patience(fake, tmp_path):
    with Crew([plan_of(fake, tmp_path, due(0.0))], ["sleep", "60"]) as crew:
        with pytest.raises(TimedOut, match="worker 0 was not ready"):
            crew.ready(0.05)
        [pid] = crew.pids
        os.kill(pid, signal.SIGKILL)  # it would not notice that we leave
    assert gone(pid)


def test_worker_that_hangs_is_killed_when_its_crew_is_left(fake, tmp_path, monkeypatch):
    monkeypatch.setattr("ollascope.bench.client.crew.LEAVE_S", 0.2)
    with Crew([plan_of(fake, tmp_path, due(0.0))], ["sleep", "60"]) as crew:
        [pid] = crew.pids
    assert gone(pid)


def test_folder_that_is_not_there_ends_before_the_run(fake, tmp_path):
    with (
        Crew([plan_of(fake, tmp_path / "none", due(0.0))]) as crew,
        pytest.raises(Trouble, match="worker 0 could not begin"),
    ):
        crew.ready(30)


def test_worker_that_dies_is_named_and_the_others_go_on(fake, tmp_path):
    plans = shared_by(plan_of(fake, tmp_path, closed(users(2, shots=40))), 2)
    with going(*plans) as crew:
        follow(crew, running(crew))
        os.kill(crew.pids[1], signal.SIGKILL)
        lines = follow(crew)
        assert crew.died == (1,)
    assert lines[0].state == "done"
    assert len(calls(tmp_path, 0)) == 20


def test_stop_lets_running_answers_end(fake, tmp_path):
    with going(plan_of(fake, tmp_path, closed(users(3, seconds=60.0)))) as crew:
        follow(crew, running(crew))
        crew.stop()
        [last] = follow(crew)
    assert set(last.outcomes) == {"ok"}
    assert last.ended == last.sent == len(calls(tmp_path))


def test_cut_gives_running_answers_up(fake, tmp_path):
    with going(*shared_by(plan_of(fake, tmp_path, closed(users(4, seconds=60.0)), LONG), 2)) as crew:
        follow(crew, running(crew))
        began = time.monotonic()
        crew.cut()
        lines = follow(crew)
    assert time.monotonic() - began < 10
    assert [line.outcomes for line in lines] == [{"cancelled": 2}] * 2
    found = calls(tmp_path, 0) + calls(tmp_path, 1)
    assert [call.outcome for call in found] == ["cancelled"] * 4


def test_leaving_the_crew_cuts_and_leaves_every_call(fake, tmp_path):
    with going(plan_of(fake, tmp_path, closed(users(3, seconds=60.0)), LONG)) as crew:
        follow(crew, running(crew))
        pids = crew.pids
    assert all(gone(pid) for pid in pids)
    assert [call.outcome for call in calls(tmp_path)] == ["cancelled"] * 3


def test_crew_is_left_when_an_error_passes_through(fake, tmp_path):
    pids = ()
    with suppress(KeyboardInterrupt), going(plan_of(fake, tmp_path, closed(users(1, seconds=60.0)))) as crew:
        pids = crew.pids
        raise KeyboardInterrupt
    assert len(pids) == 1
    assert gone(pids[0])


def test_signals_of_the_terminal_do_not_reach_workers(fake, tmp_path):
    with going(plan_of(fake, tmp_path, closed(users(1, shots=3)))) as crew:
        assert os.getsid(crew.pids[0]) != os.getsid(0)
        os.kill(crew.pids[0], signal.SIGINT)
        [last] = follow(crew)
    assert last.outcomes == {"ok": 3}


def test_worker_ends_when_its_coordinator_dies(fake, tmp_path):
    plan = tmp_path / "plan"
    plan.write_bytes(write_plan(plan_of(fake, tmp_path, closed(users(2, seconds=60.0)), LONG)))
    program = """
        import os, sys, time
        from pathlib import Path
        from ollascope.bench.client import Crew
        from ollascope.bench.client.lines import read_plan
        with Crew([read_plan(os.open(sys.argv[1], os.O_RDONLY))]) as crew:
            crew.ready(30)
            crew.go(time.monotonic_ns())
            while not any(status.in_flight == 2 for status in crew.statuses(1)):
                pass
            print(crew.pids[0], flush=True)
            time.sleep(60)
    """
    with subprocess.Popen(
        [sys.executable, "-P", "-c", textwrap.dedent(program), str(plan)], stdout=subprocess.PIPE, text=True
    ) as coordinator:
        worker = int(coordinator.stdout.readline())
        coordinator.kill()
    assert gone(worker)
    assert [call.outcome for call in calls(tmp_path)] == ["cancelled"] * 2


def test_status_lines_tell_first_pieces_and_how_the_worker_fares(fake, tmp_path):
    with going(plan_of(fake, tmp_path, closed(users(2, seconds=1.0)))) as crew:
        firsts, lines = [], []
        while not lines or lines[-1].state != "done":
            for status in crew.statuses(1):
                lines.append(status)
                firsts += status.ttft_s
    last = lines[-1]
    assert len(firsts) == last.sent == len(calls(tmp_path))
    assert sorted(firsts) == pytest.approx(sorted(call.first_chunk_s for call in calls(tmp_path)), abs=1e-5)
    assert 0 < last.cpu_s < 5
    assert last.rss_bytes > 1e6
    assert last.rss_peak_bytes >= last.rss_bytes / 2
    assert last.lag_p99_s is not None
    assert abs(last.wall_step_s) < 1
    assert {line.state for line in lines} >= {"running", "done"}
