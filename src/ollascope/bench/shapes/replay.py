"""The schedule of a trace: what was asked then, at the same distances, in the same order."""

from array import array
from bisect import bisect_left
from pathlib import Path

from ollascope.bench.asked import Asked, Ends, Level
from ollascope.bench.schedule import Schedule, Stage
from ollascope.bench.shapes.trace import Trace, read_trace
from ollascope.bench.shapes.wishes import wishes
from ollascope.words.errors import BadUsage


def lay_trace(asked: Asked, prompts: int) -> Schedule:
    """One stage; warm-up and cool-down are the beginning and the end of the trace itself."""
    trace = read_trace(Path(asked.load.trace or ""))
    ends = asked.ends
    counts_s = _counts_from(trace, ends)
    ends_s = _ends_at(trace, ends, counts_s)
    until = bisect_left(trace.due, ends_s + ends.cool_down_s)
    due = trace.due[:until]
    stage = Stage(
        number=0,
        name=f"{trace.name}: {len(due)} requests",
        level=Level(),
        starts_s=0.0,
        ends_s=ends_s,
        shots=len(due),
        warm_up_s=ends.warm_up_s,
        warm_up_shots=ends.warm_up_requests,
        cool_down_s=ends.cool_down_s,
    )
    wanted = wishes(trace)
    rows = wanted.rows[:until] if len(wanted.all) == prompts else array("L")
    return Schedule(stages=(stage,), open=True, due=due, prompts=rows)


def _counts_from(trace: Trace, ends: Ends) -> float:
    if ends.warm_up_requests >= len(trace.due) or ends.warm_up_s > trace.due[-1]:
        raise BadUsage(
            f"the warm-up takes all {len(trace.due)} requests of {trace.name}, so none is left to measure",
            hint="shorten --warm-up, or give a longer trace",
        )
    return trace.due[ends.warm_up_requests] if ends.warm_up_requests else ends.warm_up_s


def _ends_at(trace: Trace, ends: Ends, counts_s: float) -> float:
    """Where measuring ends: after the run's seconds or requests, at the latest just behind the last request."""
    last = trace.due[-1]
    ends_s = max(last, counts_s) + _usual_gap(trace)
    if ends.seconds is not None:
        ends_s = min(ends_s, counts_s + ends.seconds)
    if ends.requests is not None:
        number = (ends.warm_up_requests or bisect_left(trace.due, counts_s)) + ends.requests
        if number < len(trace.due):
            ends_s = min(ends_s, max(trace.due[number], trace.due[number - 1] + 1e-9))
    return ends_s


def _usual_gap(trace: Trace) -> float:
    return max(trace.due[-1] / max(1, len(trace.due) - 1), 1e-3)
