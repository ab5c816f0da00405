"""The life of one child: what follows when it starts, answers, ends or takes too long; decisions only, no effects."""

from dataclasses import dataclass, replace
from typing import Literal

from ollascope.processes.settings import Processes

State = Literal["waiting", "starting", "ready", "ending", "resting", "failed", "stopped"]

DEATH_S = 1.0  # how long the end of a killed process is waited for


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """Where a child stands; all times are of the monotonic clock.

    waiting ─▶ starting ─▶ ready      resting: it ended and starts again at `deadline`
       ▲          │  │       │        ending: told to end, killed at `deadline`
       └─ resting ◀──┴───────┤        failed: given up
                    ending ◀─┘        stopped: ended because it was to
    """

    state: State = "waiting"
    since: float = 0.0
    deadline: float | None = None  # when time itself changes the state
    crashes: tuple[float, ...] = ()  # its ends that nobody asked for, of late
    restarts: int = 0
    reason: str = ""  # why it ended the last time, or is to end
    final: bool = False  # it is to end for good
    killed: bool = False

    @property
    def runs(self) -> bool:
        """Whether there is a process."""
        return self.state in {"starting", "ready", "ending"}


def begin(life: Life, now: float, limits: Processes) -> Life:
    """It was started."""
    again = life.restarts + bool(life.reason)
    return replace(life, state="starting", since=now, deadline=now + limits.start_s, restarts=again)


def answer(life: Life, now: float) -> Life:
    """Its address answers."""
    return replace(life, state="ready", since=now, deadline=None) if life.state == "starting" else life


def end(life: Life, now: float, limits: Processes, reason: str) -> Life:
    """It ended: wanted, to be started again after a rest, or once too often."""
    if life.final:
        return replace(life, state="stopped", since=now, deadline=None)
    why = life.reason if life.state == "ending" else reason
    crashes = (*(at for at in life.crashes if now - at < limits.within_s), now)
    ended = replace(life, since=now, deadline=None, crashes=crashes, reason=why, killed=False)
    if len(crashes) >= limits.crashes:
        return replace(ended, state="failed")
    return replace(ended, state="resting", deadline=now + backoff(len(crashes), limits))


def stop(life: Life, now: float, deadline: float) -> Life:
    """It is to end for good, by `deadline` at the latest."""
    if not life.runs:
        return life if life.state == "failed" else replace(life, state="stopped", since=now, deadline=None, final=True)
    return replace(life, state="ending", since=now, deadline=deadline, final=True)


def tick(life: Life, now: float, limits: Processes) -> Life:
    """What time alone does to it."""
    if life.deadline is None or now < life.deadline:
        return life
    match life.state:
        case "starting":
            reason = f"did not answer within {limits.start_s:g} s"
            return replace(life, state="ending", since=now, deadline=now + limits.stop_s, reason=reason)
        case "resting":
            return replace(life, state="waiting", since=now, deadline=None)
        case "ending" if not life.killed:
            return replace(life, killed=True, deadline=now + DEATH_S)
        case _:
            return replace(life, state="failed", since=now, deadline=None, reason="does not end, even killed")


def backoff(crashes: int, limits: Processes) -> float:
    """How long it rests after that many ends in a row."""
    doublings = min(crashes - 1, 60)  # beyond that a float gains nothing
    return min(limits.longest_s, limits.backoff_s * 2.0**doublings)
