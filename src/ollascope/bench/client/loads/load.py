"""What both kinds of load share: how they are told to go on, and what they tell."""

from typing import Protocol

from ollascope.bench.client.sender import COOL_DOWN, WARM_UP
from ollascope.bench.schedule import Stage


class Load(Protocol):
    """Decides when which shot is sent."""

    stage: int

    def start(self, at_ns: int) -> None:
        """The run begins at this time of the monotonic clock."""

    def begin_stage(self, at_ns: int) -> None:
        """The next stage of a sweep begins."""

    def stop(self) -> None:
        """Nothing new is sent."""

    def give_up(self) -> None:
        """What waits at our side is not sent any more."""

    @property
    def waiting(self) -> int:
        """Shots that were due and wait at our side."""

    @property
    def is_spent(self) -> bool:
        """Nothing more becomes due in this stage."""

    @property
    def is_last(self) -> bool:
        """No word about a next stage is waited for."""

    @property
    def waits_long(self) -> bool:
        """What is on its way is waited for as long as it takes: a number of answers was asked for."""


def length_s(stage: Stage) -> float | None:
    """How long a stage lasts, without its cool-down; none where its number of shots decides."""
    return None if stage.ends_s is None else stage.ends_s - (stage.starts_s or 0.0)


def phase_of(stage: Stage, since_s: float, place: int) -> str | None:
    """Whether a shot counts that starts so long after the stage's beginning, as its shot number `place`."""
    if max(0.0, since_s) < stage.warm_up_s or place < stage.warm_up_shots:  # a timer may ring a little early
        return WARM_UP
    length = length_s(stage)
    return COOL_DOWN if length is not None and since_s >= length and stage.cool_down_s else None


def own_share(count: int, worker: int, workers: int) -> int:
    """How many of so many numbers leave `worker` when divided by `workers`."""
    return (count - worker + workers - 1) // workers if count > worker else 0
