"""A supervisor to play with, and ways to look at processes."""

import asyncio
import os
import time
from contextlib import contextmanager
from pathlib import Path

from ollascope.processes.hold import hold
from ollascope.processes.identity import identify
from ollascope.processes.settings import Processes
from ollascope.processes.state import read_report
from ollascope.processes.supervisor import Place, Supervisor

PATIENCE_S = 30.0


def until(condition, what="the condition"):
    """Wait for something that will be; what it is comes back."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what} did not come true"
        time.sleep(0.01)
    return found


def alive(pid):
    """Whether a process runs; one that has ended but is not buried does not."""
    return fields_of(pid)[:1] not in ([], ["Z"], ["X"])


def unburied(parent):
    """The children of a process that have ended and that nobody has waited for."""
    return [pid for pid in every_pid() if fields_of(pid)[:2] == ["Z", str(parent)]]


def every_pid():
    return [int(folder.name) for folder in Path("/proc").glob("[0-9]*")]


def fields_of(pid):
    """What the kernel says of a process, from its state on; nothing of one that is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def running(word):
    """The processes whose command line has this word."""
    return [pid for pid in every_pid() if str(word) in command_line(pid) and alive(pid)]


def command_line(pid):
    """The words of a process's command line; none of one that is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


class Stage:
    """A supervisor in this process, what it said, and how its children stand."""

    def __init__(self, data, lock, table, limits):
        self.data = data
        self.events = []
        me = identify(os.getpid(), time.time())
        self.supervisor = Supervisor(table, Place(data=data, lock=lock, me=me), limits, self.events.append)

    async def until(self, condition, what="the condition"):
        deadline = time.monotonic() + PATIENCE_S
        while not (found := condition()):
            assert time.monotonic() < deadline, f"{what} did not come true: {self.events}"
            await asyncio.sleep(0.01)
        return found

    def child(self, name):
        report = read_report(self.data)
        return report.children[name] if report else None

    async def state(self, name, *states):
        return await self.until(lambda: (found := self.child(name)) and found.state in states and found, states)

    async def settled(self):
        return await self.until(lambda: (report := read_report(self.data)) and report.settled and report, "settled")

    def said(self, kind, name=""):
        return [event for event in self.events if event.kind == kind and name in ("", event.name)]


@contextmanager
def staged(data, table, **limits):
    data.mkdir(exist_ok=True)
    with hold(data, identify(os.getpid(), time.time())) as lock:
        yield Stage(data, lock, table, Processes(**{"backoff_s": 0.02, "stop_s": 2.0} | limits))


def heard(process, word):
    """Read until a line with this word; all lines so far."""
    lines = []
    while not lines or word not in lines[-1]:
        line = process.stdout.readline()
        assert line, f"it ended without {word!r}: {lines}"
        lines.append(line)
    return "".join(lines)


def children_of(pid):
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
