"""The supervisor, in this process, with real children that behave in every way a child can."""

import asyncio
import os
import signal
import socket
import time
from pathlib import Path

import pytest

from ollascope.processes.plan import Child
from ollascope.processes.state import read_report
from ollascope.words.errors import BadUsage
from tests.processes.stage import alive, running, staged

QUICK_S = 20.0  # what is promised within seconds is here given this long, for a busy machine


def server(program, port, *flags, **more):
    return Child(command=program("serve", "{port}", *flags), port=port, **more)


def printed(stage, name):
    """The end of what a child has printed."""
    try:
        return (stage.data / "logs" / f"{name}.out").read_text()[-200:]
    except FileNotFoundError:  # just being replaced
        return ""


def test_child_is_ready_when_its_address_answers(play, program, port):
    number = port()

    async def action(stage):
        child = await stage.state("page", "ready")
        assert child.address == f"http://127.0.0.1:{number}"
        assert alive(child.pid)
        with socket.create_connection(("127.0.0.1", number)):
            pass

    assert play({"page": server(program, number)}, action) is True


def test_children_start_in_the_order_of_their_needs(play, program, port):
    table = {"a": server(program, port(), needs=("b",)), "b": server(program, port(), needs=("c",)),
             "c": server(program, port())}  # fmt: skip
    ready = []

    async def action(stage):
        await stage.settled()
        ready.extend(event.name for event in stage.said("ready"))

    play(table, action)
    assert ready == ["c", "b", "a"]


def test_child_without_an_address_is_ready_when_it_stays_up(play, program):
    async def action(stage):
        assert (await stage.state("worker", "ready")).address is None

    play({"worker": Child(command=program("wait"))}, action)


def test_chosen_port_is_told_to_the_child_and_to_others(play, program):
    async def action(stage):
        child = await stage.state("engine", "ready")
        assert child.port > 0
        assert str(child.port) in Path(f"/proc/{child.pid}/cmdline").read_text()

    play({"engine": server(program, 0)}, action)


def test_killed_child_starts_again_under_the_same_address(play, program):
    async def action(stage):
        first = await stage.state("engine", "ready")
        os.kill(first.pid, signal.SIGKILL)
        await stage.until(lambda: (now := stage.child("engine")).state == "ready" and now.pid != first.pid)
        now = stage.child("engine")
        assert (now.restarts, now.port) == (1, first.port)
        assert stage.said("ended")[0].text.startswith("was ended by SIGKILL after")

    play({"engine": server(program, 0)}, action)


def test_child_that_crashes_at_once_is_told_with_its_own_words_and_given_up(play, program, port):
    began = time.monotonic()

    async def action(stage):
        await stage.until(lambda: stage.said("ended"))
        assert time.monotonic() - began < QUICK_S
        first = stage.said("ended")[0]
        assert (first.name, first.words) == ("bad", ("one line before", "there is no such model"))
        assert first.text.startswith("ended with exit code 1 after")
        await stage.state("bad", "failed")
        assert (await stage.state("good", "ready")).pid
        assert stage.said("failed")[0].text.startswith("given up after 3 starts: ended with exit code 1")

    table = {"bad": Child(command=program("crash"), port=port()), "good": server(program, port())}
    assert play(table, action, crashes=3) is True


def test_supervisor_ends_by_itself_when_all_children_are_given_up(play, program):
    async def action(stage):
        await stage.until(lambda: read_report(stage.data) is None and stage.said("failed"))

    assert play({"bad": Child(command=program("crash"))}, action, crashes=1) is False


def test_child_that_crashes_after_a_while_goes_on_as_long_as_it_lives_long_enough(play, program):
    async def action(stage):
        await stage.until(lambda: (child := stage.child("worker")) and child.restarts >= 3)
        assert not stage.said("failed")

    play({"worker": Child(command=program("ready-then-crash", "0.05"))}, action, crashes=2, within_s=0.04)


def test_child_that_never_answers_is_ended_and_told(play, program, port):
    async def action(stage):
        await stage.until(lambda: stage.said("failed"))
        assert "did not answer within 0.4 s" in stage.said("failed")[0].text
        assert stage.said("failed")[0].words[0].startswith("listening on")

    play({"busy": server(program, port(), "busy")}, action, start_s=0.4, crashes=1)


def test_child_that_waits_for_a_lost_one_says_so(play, program, port):
    async def action(stage):
        await stage.settled()
        assert [event.text for event in stage.said("blocked", "page")] == ["waits for engine, which does not run"]
        assert stage.child("page").state == "waiting"

    table = {
        "page": server(program, port(), needs=("engine",)),
        "engine": Child(command=program("crash")),
        "other": server(program, port()),
    }
    play(table, action, crashes=1)


def test_program_that_is_not_there_is_told(play):
    async def action(stage):
        await stage.until(lambda: stage.said("failed"))
        assert "cannot be started: No such file or directory (no-such-program)" in stage.said("failed")[0].text

    assert play({"odd": Child(command=("no-such-program",))}, action, crashes=1) is False


def test_command_line_that_no_system_takes_is_told(play):
    async def action(stage):
        await stage.until(lambda: stage.said("failed"))
        assert "cannot be started" in stage.said("failed")[0].text

    play({"odd": Child(command=("x\0y",))}, action, crashes=1)


def test_taken_port_is_told_with_who_has_it_and_the_child_comes_when_it_is_free(play, program, port):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port()))
    listener.listen()
    number = listener.getsockname()[1]

    async def action(stage):
        await stage.until(lambda: stage.said("ended"))
        text = stage.said("ended")[0].text
        assert f"127.0.0.1:{number}: it is taken by" in text
        assert f"(pid {os.getpid()})" in text
        assert "--set addresses.gateway=" in text
        listener.close()
        await stage.state("gateway", "ready")

    with listener:
        play({"gateway": server(program, number, key="addresses.gateway")}, action, crashes=1000)


def test_stop_ends_those_who_need_before_those_who_are_needed(play, program, port):
    async def action(stage):
        await stage.settled()
        stage.supervisor.stop()
        await stage.state("gateway", "ending")
        assert stage.child("engine").state == "ready"
        stage.supervisor.stop()

    table = {"engine": server(program, port()), "gateway": server(program, port(), "stubborn", needs=("engine",))}
    assert play(table, action, stop_s=20.0) is True


def test_child_that_is_needed_gets_its_time_to_end_even_where_the_others_take_all_of_theirs(play, program, port):
    async def action(stage):
        await stage.settled()
        stages.append(stage)

    stages = []
    table = {
        "engine": server(program, port(), "tidy"),
        "gateway": server(program, port(), "stubborn", needs=("engine",)),
    }
    assert play(table, action, stop_s=1.0) is True
    assert "tidied up" in printed(stages[0], "engine")


def test_child_that_ignores_the_signal_is_killed_in_time(play, program, port):
    pids, began = [], []

    async def action(stage):
        pids.append((await stage.state("page", "ready")).pid)
        began.append(time.monotonic())

    assert play({"page": server(program, port(), "stubborn")}, action, stop_s=0.3) is True
    assert time.monotonic() - began[0] < QUICK_S
    assert not alive(pids[0])


def test_second_request_to_stop_kills_at_once(play, program, port):
    async def action(stage):
        await stage.state("engine", "ready")
        stage.supervisor.stop()
        stage.supervisor.stop()

    began = time.monotonic()
    assert play({"engine": server(program, port(), "stubborn")}, action, stop_s=25.0) is True
    assert time.monotonic() - began < 20


def test_stop_before_anything_is_ready_leaves_nothing(play, program, port, tmp_path):
    async def action(stage):
        stage.supervisor.stop()

    assert play({"a": server(program, port(), str(tmp_path)), "b": server(program, port(), needs=("a",))}, action)
    assert running(tmp_path) == []


@pytest.mark.parametrize("flags", [(), ("stubborn",)])
def test_grandchildren_end_with_their_child(play, program, tmp_path, flags):
    async def action(stage):
        await stage.until(lambda: len(running(tmp_path)) == 3)

    play({"family": Child(command=program("family", 2, tmp_path, *flags))}, action, stop_s=0.5)
    assert running(tmp_path) == []


def test_grandchildren_of_a_killed_child_end_before_it_starts_again(play, program, tmp_path):
    async def action(stage):
        old = await stage.until(lambda: len(found := running(tmp_path)) == 3 and found)
        os.kill(stage.child("family").pid, signal.SIGKILL)
        await stage.until(lambda: len(found := running(tmp_path)) == 3 and not set(old) & set(found))

    play({"family": Child(command=program("family", 2, tmp_path))}, action)
    assert running(tmp_path) == []


def test_flood_is_bounded_and_its_end_is_known(play, program):
    async def action(stage):
        await stage.until(lambda: "the flood is over" in printed(stage, "loud"))
        size.append(sum(path.stat().st_size for path in (stage.data / "logs").iterdir()))

    size = []
    play({"loud": Child(command=program("flood", 20))}, action, log_mib=1)
    assert size[0] < 1.1 * 2**20


def test_keeper_that_is_killed_is_replaced_and_knows_all_children(play, program, port):
    async def action(stage):
        await stage.settled()
        first = stage.supervisor._keeper.pid
        os.kill(first, signal.SIGKILL)
        await stage.until(lambda: stage.supervisor._keeper.pid != first)
        assert stage.supervisor._keeper._groups == {stage.child("page").pid}

    play({"page": server(program, port())}, action)


def test_log_folder_that_is_gone_stops_nobody(play, program, port):
    async def action(stage):
        (stage.data / "logs").rename(stage.data / "elsewhere")
        (stage.data / "logs").write_text("")
        await stage.state("page", "ready")
        await stage.until(lambda: stage.said("trouble"))

    assert play({"page": server(program, port())}, action) is True


def test_report_that_cannot_be_written_stops_nobody(play, program, port):
    async def action(stage):
        (stage.data / "run" / "state.json.new").mkdir()
        await stage.until(lambda: stage.said("ready"))
        await stage.until(lambda: stage.said("trouble"))
        (stage.data / "run" / "state.json.new").rmdir()

    assert play({"page": server(program, port())}, action) is True


def test_table_with_a_mistake_starts_nothing(tmp_path):
    with pytest.raises(BadUsage), staged(tmp_path / "data", {"a": Child(command=("x",), needs=("b",))}):
        pass


def cycle(play, program, times, tmp_path):
    """Start and stop everything so many times; what is left after each."""
    left = []

    async def action(stage):
        await stage.settled()

    table = {"engine": server(program, 0), "family": Child(command=program("family", 1, tmp_path)),
             "page": server(program, 0, needs=("engine",))}  # fmt: skip
    for _ in range(times):
        play(table, action)
        files = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if "home" not in path.parts}
        left.append((len(list(Path("/proc/self/fd").iterdir())), running(tmp_path), files))
    return left


def test_start_and_stop_leave_nothing_behind(play, program, tmp_path):
    left = cycle(play, program, 3, tmp_path)
    assert left[0] == left[1] == left[2]
    assert left[0][1] == []
    assert {name for name in left[0][2] if name.startswith("data/run")} == {"data/run", "data/run/lock"}


@pytest.mark.slow
def test_fifty_starts_and_stops_leave_nothing_behind(play, program, tmp_path):
    left = cycle(play, program, 50, tmp_path)
    assert left[0] == left[-1]


@pytest.mark.slow
def test_flood_of_a_gibibyte_is_bounded_on_disk_and_in_memory(play, program):
    def memory():
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    async def action(stage):
        before, largest = memory(), 0
        while "the flood is over" not in printed(stage, "loud"):
            size = sum(path.stat().st_size for path in (stage.data / "logs").iterdir())
            largest = max(largest, size)
            await asyncio.sleep(0.02)
        assert largest < 16.1 * 2**20
        assert memory() - before < 50 * 2**20

    play({"loud": Child(command=program("flood", 1024))}, action, start_s=50)


BUILDING = "its library is being built"


def test_held_child_starts_when_it_is_released_and_nobody_waits_for_it_before(play, program, port):
    async def action(stage):
        stage.supervisor.hold("late", BUILDING)
        await stage.state("early", "ready")
        report = await stage.settled()
        assert (report.children["late"].state, report.children["late"].held) == ("waiting", BUILDING)
        stage.supervisor.release("late")
        assert (await stage.state("late", "ready")).held is None

    assert play({"early": server(program, port()), "late": server(program, port())}, action) is True


def test_supervisor_whose_only_child_is_held_stays(play, program, port):
    async def action(stage):
        stage.supervisor.hold("late", BUILDING)
        await stage.settled()
        stage.supervisor.release("late")
        await stage.state("late", "ready")

    assert play({"late": server(program, port())}, action) is True


def test_child_that_is_given_up_before_its_start_says_why(play, program, port):
    async def action(stage):
        stage.supervisor.hold("late", BUILDING)
        await stage.settled()
        stage.supervisor.give_up("late", "there is no compiler")
        assert (await stage.state("late", "failed")).reason == "there is no compiler"
        assert [event.text for event in stage.said("failed", "late")] == ["there is no compiler"]

    assert play({"early": server(program, port()), "late": server(program, port())}, action) is True


def test_supervisor_whose_only_child_is_given_up_ends_badly(play, program, port):
    async def action(stage):
        stage.supervisor.hold("late", BUILDING)
        await stage.settled()
        stage.supervisor.give_up("late", "there is no compiler")
        await stage.until(lambda: stage.said("failed", "late"))
        await stage.until(lambda: read_report(stage.data) is None)

    assert play({"late": server(program, port())}, action) is False
