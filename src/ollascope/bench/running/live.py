"""What a run that is under way says of itself, and how somebody else ends it."""

import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ollascope.bench.folder import LIVE
from ollascope.bench.running.place import is_held
from ollascope.bench.running.standing import Standing
from ollascope.processes.identity import Identity, send
from ollascope.words.errors import BadUsage, RecordInvalid, TimedOut
from ollascope.words.record import loads

PATIENCE_S: Final = 60.0  # for answers to be given up, Calls to be written and figures to be reckoned
PAUSE_S: Final = 0.05


def read_live(folder: Path) -> Standing | None:
    """How a run stands; none where nobody carries it out."""
    if not is_held(folder):
        return None
    try:
        return loads(Standing, (folder / LIVE).read_bytes())
    except (OSError, RecordInvalid):
        return None


def end_gently(folder: Path, *, patience_s: float = PATIENCE_S, sleep: Callable[[float], None] = time.sleep) -> None:
    """Ask the run to end with what there is, and come back when it has."""
    now = read_live(folder)
    if now is None or not send(_identity(now), signal.SIGTERM):
        raise BadUsage(f"the run {folder.name} is not under way", hint="`ollascope bench list` shows which are")
    deadline = time.monotonic() + patience_s
    while is_held(folder):
        if time.monotonic() > deadline:
            hint = f"its process is {now.pid}; `kill -9 {now.pid}` ends it, and what it measured so far stays"
            raise TimedOut(f"the run {folder.name} does not end", hint=hint)
        sleep(PAUSE_S)


def _identity(now: Standing) -> Identity:
    return Identity(pid=now.pid, started=now.process, machine=socket.gethostname(), since=now.at)
