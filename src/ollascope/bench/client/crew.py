"""The coordinator's side of the workers: started, told what to do, listened to, and gone when they are left."""

import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import TracebackType
from typing import IO, Final, Self

from ollascope.bench.client.lines import write_plan
from ollascope.bench.plan import Plan, Status
from ollascope.words import record
from ollascope.words.errors import RecordInvalid, TimedOut, Trouble

PROGRAM: Final = (sys.executable, "-P", "-m", "ollascope.bench.client.worker")
AHEAD_NS: Final = 20_000_000  # a stage begins so long after its order, in all workers at once
MOST_TOLD: Final = 200
KEPT: Final = 20  # lines of what a worker says on its error output
LAST_WORDS_S: Final = 1.0  # after its end, until what it said of its errors has been read
LEAVE_S: Final = 5.0
PIECE: Final = 1 << 16


class Crew:
    """The workers of one run; leaving the `with` leaves no process behind."""

    def __init__(self, plans: Sequence[Plan], program: Sequence[str] | None = None) -> None:
        self._plans = plans
        self._program = tuple(program or PROGRAM)
        self._news = threading.Condition()
        self._mates: list[Mate] = []

    def __enter__(self) -> Self:
        try:
            for plan in self._plans:
                self._mates.append(Mate(plan, self._program, self._news))
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pids(self) -> tuple[int, ...]:
        """The workers' processes."""
        return tuple(mate.process.pid for mate in self._mates)

    @property
    def died(self) -> tuple[int, ...]:
        """Workers that ended without their last line."""
        return tuple(mate.worker for mate in self._mates if mate.ended and not mate.is_done)

    def ready(self, patience_s: float) -> None:
        """All workers have said ready; a Trouble names the one that did not."""
        until = time.monotonic() + patience_s
        with self._news:
            for mate in self._mates:
                while mate.latest is None and not mate.ended:
                    left = until - time.monotonic()
                    if left <= 0:
                        raise TimedOut(
                            f"worker {mate.worker} was not ready within {patience_s:g} s",
                            hint="the machine is very busy: end other programs, or ask for fewer workers",
                        )
                    self._news.wait(left)
                if mate.latest is None or mate.latest.state != "ready":
                    raise mate.failure()

    def go(self, at_ns: int) -> None:
        """The run begins at this time of the monotonic clock."""
        self._order(f"go {at_ns}")

    def stop(self) -> None:
        """Nothing new is sent; running answers are waited for."""
        self._order("stop")

    def cut(self) -> None:
        """Running answers are given up."""
        self._order("cut")

    def next_stage(self) -> None:
        """The next stage of a sweep, in all workers at once."""
        self._order(f"stage {time.monotonic_ns() + AHEAD_NS}")

    def statuses(self, wait_s: float) -> list[Status]:
        """The latest line of each worker that has said one, after a new one came or so long."""
        until = time.monotonic() + wait_s
        with self._news:
            while not any(mate.fresh for mate in self._mates) and (left := until - time.monotonic()) > 0:
                if all(mate.ended for mate in self._mates):
                    break
                self._news.wait(left)
            return [status for mate in self._mates if (status := mate.take()) is not None]

    def close(self) -> None:
        """End what still runs: gently first."""
        for mate in self._mates:
            mate.dismiss()
        until = time.monotonic() + LEAVE_S
        for mate in self._mates:
            mate.bury(until)

    def _order(self, text: str) -> None:
        for mate in self._mates:
            mate.order(text)


class Mate:
    """One worker process and what it has said."""

    def __init__(self, plan: Plan, program: Sequence[str], news: threading.Condition) -> None:
        self.worker = plan.worker
        self.latest: Status | None = None
        self.fresh = self.ended = False
        self._news = news
        self._firsts: list[float] = []
        self._worst = 0.0
        self._errors: deque[str] = deque(maxlen=KEPT)
        self._overheard = threading.Event()  # all its errors have been read
        self.process = subprocess.Popen(
            program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
            bufsize=0,
        )  # fmt: skip
        self._plan: bytes = write_plan(plan)
        self._writing = threading.Lock()
        parts = (self._send_plan, self._listen, self._overhear)
        self._threads = [threading.Thread(target=part, daemon=True) for part in parts]
        for thread in self._threads:
            thread.start()

    @property
    def is_done(self) -> bool:
        """Its last line has come."""
        return self.latest is not None and self.latest.state == "done"

    def order(self, text: str) -> None:
        self._write(text.encode() + b"\n")

    def take(self) -> Status | None:
        """Its latest line, with what lines since the last look told of first pieces and lags."""
        latest, self.fresh = self.latest, False
        if latest is None:
            return None
        firsts, worst = tuple(self._firsts), self._worst
        self._firsts, self._worst = [], 0.0
        return replace(latest, ttft_s=firsts, lag_worst_s=worst)

    def failure(self) -> Trouble:
        """Why it is not ready."""
        latest = self.latest
        words = (
            (latest.trouble if latest is not None else None) or " ".join(list(self._errors)[-1:]) or "it said nothing"
        )
        hint = latest.extra.get("hint") if latest is not None else None
        return Trouble(
            f"worker {self.worker} could not begin: {words}",
            hint=hint if isinstance(hint, str) else "this is a mistake of the program: report it with these words",
        )

    def dismiss(self) -> None:
        """It cuts and ends when nobody can give orders any more."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            return

    def bury(self, until: float) -> None:
        """Wait for its end; one that does not come is killed."""
        try:
            self.process.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for thread in self._threads:
            thread.join(1.0)
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()

    def _send_plan(self) -> None:
        """In a thread of its own: a large plan waits until the worker reads it."""
        plan, self._plan = self._plan, b""
        self._write(plan)

    def _write(self, data: bytes) -> None:
        stdin = self.process.stdin
        assert stdin is not None
        left = memoryview(data)
        with self._writing:
            try:
                while left:
                    left = left[os.write(stdin.fileno(), left) :]
            except (BrokenPipeError, ValueError):  # it has ended: `died` tells
                return

    def _listen(self) -> None:
        for line in _lines(self.process.stdout):
            self._hear(line)
        self.process.wait()
        self._overheard.wait(LAST_WORDS_S)
        with self._news:
            self.ended = True
            self._news.notify_all()

    def _hear(self, line: bytes) -> None:
        try:
            status = record.loads(Status, line)
        except RecordInvalid:
            self._errors.append(line[:300].decode("utf-8", "replace"))
            return
        with self._news:
            self.latest, self.fresh = status, True
            self._firsts = [*self._firsts, *status.ttft_s][-MOST_TOLD:]
            self._worst = max(self._worst, status.lag_worst_s)
            self._news.notify_all()

    def _overhear(self) -> None:
        """What it says beside its lines; few are kept, so that a worker that says much cannot fill our memory."""
        for line in _lines(self.process.stderr):
            if text := line.decode("utf-8", "replace").strip():
                self._errors.append(text[:300])
        self._overheard.set()


def _lines(pipe: IO[bytes] | None) -> Iterator[bytes]:
    """Lines as they come, until the other side ends."""
    assert pipe is not None
    held: list[bytes] = []
    while data := os.read(pipe.fileno(), PIECE):
        *lines, rest = data.split(b"\n")
        for line in lines:
            yield b"".join((*held, line))
            held.clear()
        held.append(rest)
    if any(held):
        yield b"".join(held)
