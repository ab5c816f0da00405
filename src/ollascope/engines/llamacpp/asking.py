"""Starts a trial in a process of its own and says how it ended: with an answer, a crash, a refusal, or not in time."""

import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ollascope.engines.llamacpp.trial import Order

PROGRAM = (sys.executable, "-P", "-m", "ollascope.engines.llamacpp.trial")
Ending = Literal["answered", "crashed", "refused", "hung"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one trial ended; `said` is its answer, or what is known of its end."""

    ending: Ending
    said: str


def ask(order: Order, *, limit_s: float, program: Sequence[str] = PROGRAM) -> Outcome:
    """Let a trial do as ordered."""
    try:
        done = subprocess.run(
            program, input=json.dumps(order), capture_output=True, check=False, timeout=limit_s,
            encoding="utf-8", errors="replace",
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Outcome(ending="hung", said=f"no answer within {limit_s:g} s")
    if done.returncode < 0:
        return Outcome(ending="crashed", said=f"ended by {_signal_name(-done.returncode)}")
    if done.returncode:
        return Outcome(ending="refused", said=_last_line(done.stderr) or f"ended with {done.returncode}")
    return Outcome(ending="answered", said=_answer(done.stdout))


def _answer(said: str) -> str:
    """The one value of the object on the last line; whatever else there is, is no right answer."""
    try:
        found = json.loads(said.strip().splitlines()[-1])
        return str(next(iter(found.values())))
    except (ValueError, IndexError, AttributeError, StopIteration):
        return said


def _last_line(said: str) -> str:
    return next((line.strip() for line in reversed(said.splitlines()) if line.strip()), "")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
