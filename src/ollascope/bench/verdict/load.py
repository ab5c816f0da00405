"""Was the load there that was asked for?"""

from collections.abc import Iterator
from typing import Final

from ollascope.bench.result import Reason, Result, Tail, Weight
from ollascope.bench.verdict.sayings import reason
from ollascope.bench.verdict.signs import Case
from ollascope.reports.say import digits, seconds

SHORT: Final = 0.05  # of the rate that was due
MISFIT_P: Final = 0.001
MISFIT: Final = 0.05  # distance; of very many gaps a test sees also what does not matter
UNEVEN: Final = 0.2
LATE_S: Final = 0.01
LATE: Final = 0.05  # of the middle time to first token
TOO_LATE: Final = 0.5


def nothing_counted(case: Case) -> Iterator[Reason]:
    if not case.result.delivered.requests:
        yield reason("nothing-counted", "invalid")


def rate_not_delivered(case: Case) -> Iterator[Reason]:
    due, sent = case.result.delivered.extra.get("due_rps"), case.result.delivered.rate_rps
    if isinstance(due, float | int) and sent is not None and sent < (1 - SHORT) * due:
        yield reason("rate-not-delivered", "invalid", sent=digits(sent), due=digits(due))


def requests_missing(case: Case) -> Iterator[Reason]:
    if case.signs.missing:
        share = case.signs.missing / (case.signs.missing + case.result.delivered.requests)
        yield reason("requests-missing", "invalid" if share > SHORT else "limited", missing=case.signs.missing)


def queue_grows(case: Case) -> Iterator[Reason]:
    growing, done = case.signs.growing, case.result.throughput.requests_per_s
    if growing is None:
        return
    due = case.result.delivered.extra.get("due_rps")
    asked = case.signs.asked_rps if case.signs.asked_rps is not None else due
    yield reason(
        "queue-grows",
        "invalid",
        asked=digits(asked) if isinstance(asked, float | int) else "?",
        done=digits(done) if done is not None else "?",
        first=seconds(growing.first_s),
        last=seconds(growing.last_s),
    )


def users_not_reached(case: Case) -> Iterator[Reason]:
    users, peak = case.signs.users, case.result.delivered.peak_inflight
    if (
        case.result.asked.load.arrival != "closed"
        or users is None
        or case.result.asked.load.think_s > 0
        or peak >= users
    ):
        return
    yield reason("users-not-reached", "limited" if peak >= (1 - SHORT) * users else "invalid", peak=peak, users=users)


def arrival_misfit(case: Case) -> Iterator[Reason]:
    p, away = case.result.delivered.arrival_p, case.signs.arrival_distance
    if p is not None and away is not None and p < MISFIT_P and away > MISFIT:
        yield reason("arrival-misfit", "limited", arrival=case.result.asked.load.arrival, distance=digits(away),
                     gaps=case.signs.arrival_gaps, p=f"{p:.1g}")  # fmt: skip


def gaps_uneven(case: Case) -> Iterator[Reason]:
    cv = case.result.delivered.arrival_cv
    if case.result.asked.load.arrival == "constant" and cv is not None and cv > UNEVEN:
        yield reason("gaps-uneven", "limited", cv=digits(cv))


def sent_late(case: Case) -> Iterator[Reason]:
    late = case.result.delivered.late_p99_s
    if late is None:
        return
    middle = middle_of(case.result)
    if late > max(LATE_S, LATE * middle):
        weight: Weight = "invalid" if late > max(10 * LATE_S, TOO_LATE * middle) else "limited"
        yield reason("sent-late", weight, late=seconds(late))


def middle_of(result: Result) -> float:
    """The middle time to first token, or total time where there is none: what an error is measured by."""
    for name in ("ttft_s", "total_s"):
        tail = result.metrics.get(name, Tail(n=0))
        if tail.p50 is not None:
            return tail.p50
    return 0.0
