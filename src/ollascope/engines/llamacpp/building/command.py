"""Runs a program of the build: its lines as they come, its whole family ended when nobody wants it any more."""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import BinaryIO

from ollascope.words.errors import Interrupted, PackageMissing, TimedOut

SILENCE_S = 1800.0  # the longest file takes a minute; on a machine that swaps, a few
LOOK_S = 0.25
GRACE_S = 2.0
TAIL = 60
NICE = 15
PIECE = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """How the programs of one build are run; `log` gets all they print."""

    folder: Path
    log: BinaryIO
    stop: Event = field(default_factory=Event)
    polite: bool = False  # leave the processor to others
    silence_s: float = SILENCE_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How a program ended, and its last lines."""

    code: int
    tail: tuple[str, ...]

    @property
    def text(self) -> str:
        return "\n".join(self.tail)


def run(runner: Runner, command: Sequence[str], say: Callable[[str], None] | None = None) -> Done:
    """Run to the end, each line to `say`; when it raises, or `stop` is set, no process of it stays."""
    runner.log.write(f"$ {' '.join(command)}\n".encode("utf-8", "replace"))
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            cwd=runner.folder, process_group=0,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise PackageMissing(f"{command[0]} was not found", hint="install it, or repair PATH") from error
    try:
        if runner.polite:
            with suppress(OSError):  # it may have ended already
                os.setpriority(os.PRIO_PGRP, process.pid, NICE)
        tail = _follow(runner, process, say)
        return Done(code=process.wait(), tail=tail)
    except BaseException:
        _end(process)
        raise
    finally:
        assert process.stdout is not None
        process.stdout.close()


def _follow(runner: Runner, process: subprocess.Popen[bytes], say: Callable[[str], None] | None) -> tuple[str, ...]:
    assert process.stdout is not None
    tail: list[str] = []
    rest, heard = b"", time.monotonic()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            if runner.stop.is_set():
                raise Interrupted("the build was stopped", hint="`ollascope engine build` starts it again")
            if not selector.select(LOOK_S):
                _refuse_silence(time.monotonic() - heard, runner.silence_s)
                continue
            piece = os.read(process.stdout.fileno(), PIECE)
            runner.log.write(piece)
            heard = time.monotonic()
            *lines, rest = (rest + piece).split(b"\n")
            lines += [rest] if rest and not piece else []
            for line in lines:
                text = line.decode("utf-8", "replace").rstrip()
                tail = [*tail[1 - TAIL :], text]
                if say:
                    say(text)
            if not piece:
                return tuple(tail)


def _refuse_silence(silent_s: float, limit_s: float) -> None:
    if silent_s > limit_s:
        raise TimedOut(
            f"the build has said nothing for {limit_s:.0f} s",
            hint="the machine may lack memory, or the network hang; try again when it is idle",
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the program and all that it started; the compilers are in its group."""
    for name in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, name)
        except (ProcessLookupError, PermissionError):
            break
        try:
            process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            continue
    process.wait()
