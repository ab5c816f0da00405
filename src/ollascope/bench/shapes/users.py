"""The stages of a closed loop: so many users, who each wait for their answer."""

from ollascope.bench.asked import Asked
from ollascope.bench.schedule import Stage
from ollascope.bench.shapes.naming import name_level
from ollascope.bench.shapes.spans import Span
from ollascope.words.errors import BadUsage


def lay_users(asked: Asked, spans: tuple[Span, ...]) -> tuple[Stage, ...]:
    """The stages of users; those that follow one another without a pause go by the second."""
    apart, ends = asked.load.apart, asked.ends
    stages: list[Stage] = []
    starts_s = 0.0
    for number, span in enumerate(spans):
        first, last = apart or number == 0, apart or number == len(spans) - 1
        warm_s, warm_shots = (ends.warm_up_s, ends.warm_up_requests) if first else (0.0, 0)
        _check_mixture(span, warm_s)
        ends_s = None if span.seconds is None else starts_s + warm_s + span.seconds
        stages.append(
            Stage(
                number=number,
                name=name_level(span.level),
                level=span.level,
                starts_s=None if apart else starts_s,
                ends_s=ends_s,
                shots=None if span.requests is None else span.requests + warm_shots,
                warm_up_s=warm_s,
                warm_up_shots=warm_shots,
                cool_down_s=ends.cool_down_s if last and ends_s is not None else 0.0,
            )
        )
        if not (apart or last):
            starts_s = _next_start(ends_s)
    return tuple(stages)


def _check_mixture(span: Span, warm_s: float) -> None:
    if warm_s and span.requests is not None:
        raise BadUsage(
            "nobody knows how many requests of users fit into a warm-up by time, so none can be counted after it",
            hint="give the warm-up as a number of requests, as in --warm-up 20, or the length as in --duration 30s",
        )


def _next_start(ends_s: float | None) -> float:
    if ends_s is None:
        raise BadUsage(
            "steps of users follow one another by the second, not by the number of requests",
            hint="give each step its seconds, as in --steps 4:30s,8:30s, or use --sweep, whose levels end by number",
        )
    return ends_s
