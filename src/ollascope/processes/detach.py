"""A supervisor in the background: starts it, and waits until it says how its children stand."""

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ollascope.processes.files import open_private, private_folder, trouble
from ollascope.processes.hold import hold
from ollascope.processes.identity import Identity
from ollascope.processes.output import output_name
from ollascope.processes.state import Event, Report, Standing, read_report
from ollascope.processes.supervisor import LOGS
from ollascope.words.errors import RecordInvalid, TimedOut, Trouble

PAUSE_S = 0.02
OUTPUT = output_name("detached")
LAST = 4096  # bytes of what it printed that are repeated

Notice = Callable[[Event], None]


def launch(command: Sequence[str], data: Path, me: Identity) -> "subprocess.Popen[bytes]":
    """Start a supervisor that outlives this process; refused at once where it could not hold the data folder."""
    with hold(data, me):
        pass
    private_folder(data / LOGS)
    path = data / LOGS / OUTPUT
    try:
        output = open_private(path, os.O_WRONLY | os.O_TRUNC)
    except OSError as error:
        raise trouble(path, error) from error
    try:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )  # fmt: skip
    finally:
        os.close(output)


def wait(process: "subprocess.Popen[bytes]", data: Path, patience_s: float, notice: Notice) -> Report:
    """Wait until all children stand, noticing each that ended on the way; or say why there is nothing to wait for."""
    deadline, noticed = time.monotonic() + patience_s, set[tuple[str, int]]()
    while time.monotonic() < deadline:
        if report := _report_of(process.pid, data):
            for name, child in report.children.items():
                if child.state in {"resting", "failed"} and (name, child.restarts) not in noticed:
                    noticed.add((name, child.restarts))
                    notice(_event(name, child))
            if report.settled:
                process.returncode = 0  # it is not to be waited for: it outlives us
                return report
        if process.poll() is not None:
            raise Trouble(
                f"the background process has ended: {_said(data / LOGS / OUTPUT) or 'it said nothing'}",
                hint="without --detach `ollascope up` shows what happens",
            )
        time.sleep(PAUSE_S)
    process.returncode = 0
    raise TimedOut(
        f"not all children were ready after {patience_s:g} s; they are still being started in the background",
        hint="`ollascope status` shows how they stand, `ollascope down` stops them",
    )


def _report_of(pid: int, data: Path) -> Report | None:
    try:
        report = read_report(data)
    except RecordInvalid:  # of an earlier one; it is about to be replaced
        return None
    return report if report and report.supervisor.pid == pid else None


def _event(name: str, child: Standing) -> Event:
    given_up = child.state == "failed"
    text = f"given up: {child.reason}" if given_up else f"{child.reason}"
    return Event(kind="failed" if given_up else "ended", name=name, text=text, words=child.words)


def _said(path: Path) -> str:
    text = path.read_bytes()[-LAST:].decode("utf-8", "replace")
    return "\n  ".join(line.rstrip() for line in text.splitlines() if line.strip())
