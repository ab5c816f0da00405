"""Processes that were started: a child with its group and output, the keeper, and what others left behind."""

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Sequence
from pathlib import Path

from ollascope.processes import keeper
from ollascope.processes.output import Output

PIECE = 65_536
DRAIN = 64  # pieces that are still read of a child that has ended
SET_CHILD_SUBREAPER = 36  # from linux/prctl.h
PATIENCE_S = 1.0
PAUSE_S = 0.01


class Running:
    """One started child: the leader of a process group of its own."""

    def __init__(self, command: Sequence[str], output: Output) -> None:
        self._loop = asyncio.get_running_loop()
        self._output = output
        self._source, sink = os.pipe()
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, start_new_session=True
            )
        except BaseException:
            os.close(self._source)
            raise
        finally:
            os.close(sink)
        os.set_blocking(self._source, False)
        self._loop.add_reader(self._source, self._read)

    @property
    def pid(self) -> int:
        return self._process.pid

    def poll(self) -> int | None:
        """The exit code of the leader, minus the signal that ended it; none while it runs."""
        return self._process.poll()

    def send(self, number: int) -> bool:
        """Signal the whole group; false if nobody is in it."""
        return keeper.send(self.pid, number)

    def has_left(self) -> bool:
        """Whether somebody of its group still runs."""
        return keeper.has_members(self.pid)

    def close(self) -> None:
        """Keep what was still printed, and read no more."""
        self._loop.remove_reader(self._source)
        for _ in range(DRAIN):
            if not self._take():
                break
        os.close(self._source)

    def _read(self) -> None:
        if not self._take():
            self._loop.remove_reader(self._source)

    def _take(self) -> bool:
        """Take one piece; false at the end, or when nothing is there."""
        try:
            data = os.read(self._source, PIECE)
        except BlockingIOError:
            return False
        self._output.take(data)
        return bool(data)


class Keeper:
    """The supervisor's side of the keeper: tells it which groups there are, and starts another one if it ends."""

    def __init__(self, lock: int) -> None:
        self._lock = lock
        self._groups: set[int] = set()
        self._process = self._started()

    @property
    def pid(self) -> int:
        return self._process.pid

    def add(self, group: int) -> None:
        """End this group with the supervisor."""
        self._groups.add(group)
        self._tell(f"+{group}\n")

    def remove(self, group: int) -> None:
        """There is no such group any more."""
        self._groups.discard(group)
        self._tell(f"-{group}\n")

    def check(self) -> None:
        """Start another one if it has ended."""
        if self._process.poll() is not None:
            self._process.communicate()
            self._process = self._started()
            for group in self._groups:
                self._tell(f"+{group}\n")

    def close(self) -> None:
        """Let it end; what is still listed ends with it."""
        self._process.communicate()

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line.encode())
        except BrokenPipeError:  # its end is seen by `check`, which tells all of it to the next one
            return

    def _started(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(keeper.__file__))],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, pass_fds=(self._lock,), bufsize=0, start_new_session=True,
        )  # fmt: skip


class Orphans:
    """Processes that lost their parent below us and became our own: reaped when they end, ended when we do."""

    def __init__(self) -> None:
        self._seen = 0
        self._since = 0.0

    @staticmethod
    def adopt() -> bool:
        """Become the parent of what loses its own below us, as process 1 is by nature; false where that cannot be."""
        if sys.platform != "linux":
            return False
        library = ctypes.CDLL(None, use_errno=True)
        return bool(library.prctl(SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)

    def reap(self, known: Collection[int], now: float) -> bool:
        """Bury ended orphans; true if it should be asked again in a while.

        One that ended is left alone for a second: someone else in this program may have started it and wait for it.
        """
        if sys.platform != "linux":
            return False
        while True:
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return False
            if ended is None:
                return False
            if ended.si_pid != self._seen:
                self._seen, self._since = ended.si_pid, now
            if self._seen in known or now - self._since < PATIENCE_S:
                return True
            os.waitpid(self._seen, os.WNOHANG)

    def end(self, spared: int) -> None:
        """Kill all that is ours, and what becomes ours by that; the session `spared` is left alone."""
        deadline = time.monotonic() + PATIENCE_S
        while (left := own_processes(spared)) and time.monotonic() < deadline:
            for pid in left:
                os.kill(pid, signal.SIGKILL)  # it is our child: its number is nobody else's before we reap it
                os.waitpid(pid, os.WNOHANG)
            time.sleep(PAUSE_S)


def own_processes(spared: int) -> list[int]:
    """The children of this process, without those of one session."""
    found = []
    for pid in [int(folder.name) for folder in Path("/proc").glob("[0-9]*")]:
        fields = keeper.facts(pid)
        if len(fields) > 3 and int(fields[1]) == os.getpid() and int(fields[3]) != spared:
            found.append(pid)
    return found


def exit_text(code: int) -> str:
    """How a process ended, in words."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
