"""Tasks: each goes on whatever the others do; a failure is told once, waited out, and its end is told."""

import logging
import threading

import pytest

from ollascope.monitor.loop import LONGEST_S, Loop, Task
from ollascope.words.errors import StorageTrouble

PATIENCE_S = 20.0


def loop_of(*tasks, stop=None):
    return Loop(tasks, stop or threading.Event())


def failing(error):
    def run():
        raise error

    return run


def test_task_that_fails_waits_longer_each_time_but_not_for_ever():
    task = Task(name="a", every_s=1.0, run=failing(StorageTrouble("full", hint="make room")))
    loop = loop_of(task)
    waits = [loop.turn(task) for _ in range(12)]
    assert waits[:3] == [2.0, 4.0, 8.0]
    assert waits[-1] == LONGEST_S


def test_rare_task_that_fails_does_not_come_more_rarely_than_it_would():
    task = Task(name="a", every_s=3600.0, run=failing(StorageTrouble("full", hint="make room")))
    assert loop_of(task).turn(task) == 3600.0


def test_failure_is_told_once_and_so_is_its_end(caplog):
    caplog.set_level(logging.WARNING)
    troubles = [StorageTrouble("no room", hint="make some")] * 3

    def run():
        if troubles:
            raise troubles.pop()

    task = Task(name="sums", every_s=1.0, run=run)
    loop = loop_of(task)
    for _ in range(5):
        loop.turn(task)
    assert [record.getMessage() for record in caplog.records] == [
        "sums fails, everything else goes on: no room; make some", "sums works again after 3 failures",
    ]  # fmt: skip
    assert loop.courses()["sums"].done == 2
    assert loop.courses()["sums"].failures == 0


def test_bug_is_logged_whole_and_ends_nothing(caplog):
    task = Task(name="a", every_s=1.0, run=failing(ZeroDivisionError("a bug")))
    loop = loop_of(task)
    loop.turn(task)
    assert caplog.records[0].exc_info is not None
    assert "ZeroDivisionError" in loop.courses()["a"].trouble


def test_task_that_hangs_or_fails_keeps_no_other_from_going_on():
    stop, held, went = threading.Event(), threading.Event(), threading.Semaphore(0)
    tasks = (
        Task(name="hangs", every_s=0.001, run=lambda: held.wait(PATIENCE_S)),
        Task(name="fails", every_s=0.001, run=failing(OSError("broken"))),
        Task(name="goes", every_s=0.001, run=went.release),
    )
    loop = loop_of(*tasks, stop=stop)
    loop.start()
    assert all(went.acquire(timeout=PATIENCE_S) for _ in range(3))
    assert not loop.end(0.01)
    held.set()
    assert loop.end(PATIENCE_S)
    assert loop.courses()["fails"].failures


def test_ended_tasks_give_back_what_they_held():
    closed = []
    loop = loop_of(Task(name="a", every_s=60.0, run=lambda: None, close=lambda: closed.append("a")))
    loop.start()
    assert loop.end(PATIENCE_S)
    assert closed == ["a"]


@pytest.mark.parametrize("first_s", [0.0, 60.0])
def test_task_that_has_not_begun_ends_at_once(first_s):
    loop = loop_of(Task(name="a", every_s=60.0, run=lambda: None, first_s=first_s))
    loop.start()
    assert loop.end(PATIENCE_S)
