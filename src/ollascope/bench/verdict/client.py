"""Did the client keep out of the way, and is all of what it saw there?"""

from collections.abc import Iterator
from typing import Final

from ollascope.bench.result import Reason
from ollascope.bench.verdict.load import middle_of
from ollascope.bench.verdict.sayings import reason
from ollascope.bench.verdict.signs import Case
from ollascope.reports.say import seconds, share

BUSY: Final = 0.8  # of a core
TOO_BUSY: Final = 0.95
LAG_S: Final = 0.01
LAG: Final = 0.05  # of the middle time to first token
TOO_LAGGING_S: Final = 0.1
TOO_LAGGING: Final = 0.5
BEATS_S: Final = 2.0  # in which the loop is looked at a hundred times: before, one hiccup is the 99th percentile
STEP_S: Final = 0.1


def client_busy(case: Case) -> Iterator[Reason]:
    used = case.result.client.cpu_share
    if used is not None and used > TOO_BUSY:
        yield reason("client-too-slow", "invalid", share=share(used))
    elif used is not None and used > BUSY:
        yield reason("client-busy", "limited", share=share(used))


def client_lag(case: Case) -> Iterator[Reason]:
    lag, middle, window = case.result.client.loop_lag_p99_s, middle_of(case.result), case.result.window
    if lag is None or not case.result.delivered.ok:
        return
    too_late = lag > max(TOO_LAGGING_S, TOO_LAGGING * middle)
    if too_late or (lag > max(LAG_S, LAG * middle) and window.until_s - window.since_s >= BEATS_S):
        yield reason("client-lag", "invalid" if too_late else "limited", lag=seconds(lag))


def worker_died(case: Case) -> Iterator[Reason]:
    if case.result.window.cut_by in {"worker-died", "worker-hangs"}:
        yield reason("worker-died", "invalid")


def calls_lost(case: Case) -> Iterator[Reason]:
    if case.signs.lost_calls:
        yield reason("calls-lost", "limited", lost=case.signs.lost_calls)


def unreadable_lines(case: Case) -> Iterator[Reason]:
    if case.signs.unreadable:
        yield reason("unreadable-lines", "limited", lines=case.signs.unreadable)


def clock_stepped(case: Case) -> Iterator[Reason]:
    step = case.result.client.wall_step_s
    if abs(step) >= STEP_S:
        yield reason("clock-stepped", "limited", step=seconds(step))
