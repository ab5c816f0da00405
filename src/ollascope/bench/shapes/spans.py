"""How long each level of a load is measured: by its own length, else by its part of the run's, else half a minute."""

from collections.abc import Sequence
from dataclasses import dataclass

from ollascope.bench.asked import Asked, Ends, Level
from ollascope.words.errors import BadUsage

USUAL_S = 30.0  # of a level for which nobody gave a length


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A level and how long it is measured, whichever comes first; warm-up and cool-down come on top."""

    level: Level
    seconds: float | None = None
    requests: int | None = None


def measure_spans(asked: Asked) -> tuple[Span, ...]:
    """The spans of all levels.

    The run's seconds and requests are those of a single level, of each level of a sweep, and of all steps together:
    steps without a length of their own get even parts of what the others leave.
    """
    levels, ends = asked.load.levels, asked.ends
    if asked.load.apart or len(levels) == 1:
        return tuple(_own(level, ends) for level in levels)
    seconds = _parts([level.seconds for level in levels], _without_length(levels), ends.seconds)
    requests = _numbers(levels, ends.requests)
    return tuple(
        Span(level=level, seconds=seconds[n], requests=requests[n])
        if seconds[n] is not None or requests[n] is not None
        else Span(level=level, seconds=USUAL_S)
        for n, level in enumerate(levels)
    )


def _own(level: Level, ends: Ends) -> Span:
    seconds, requests = level.seconds, level.requests
    if seconds is None and requests is None:
        seconds, requests = ends.seconds, ends.requests
    if seconds is None and requests is None:
        seconds = USUAL_S
    return Span(level=level, seconds=seconds, requests=requests)


def _without_length(levels: Sequence[Level]) -> list[int]:
    return [number for number, level in enumerate(levels) if level.seconds is None and level.requests is None]


def _parts(own: list[float | None], open_levels: list[int], whole: float | None) -> list[float | None]:
    if whole is None:
        return own
    left = whole - sum(value for value in own if value is not None)
    if left < 0 or (open_levels and left <= 0):
        raise BadUsage(
            f"the steps alone take {whole - left:g} s, and the run was to take {whole:g} s",
            hint="leave out --duration, or the seconds of the steps",
        )
    return [left / len(open_levels) if number in set(open_levels) else value for number, value in enumerate(own)]


def _numbers(levels: Sequence[Level], whole: int | None) -> list[int | None]:
    own = [level.requests for level in levels]
    if whole is None:
        return own
    open_levels = _without_length(levels)
    left = whole - sum(value for value in own if value is not None)
    if left < len(open_levels):
        raise BadUsage(
            f"{whole} requests are too few for {len(levels)} steps", hint="raise --requests, or take steps away"
        )
    if not open_levels:
        raise BadUsage(
            "every step has its own length, so a number of requests for all of them says nothing",
            hint="leave out --requests",
        )
    numbers = list(own)
    for place, number in enumerate(open_levels):
        numbers[number] = left // len(open_levels) + (place < left % len(open_levels))
    return numbers
