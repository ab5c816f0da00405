"""Are these enough requests, and of one state?"""

from collections.abc import Iterator
from typing import Final

from ollascope.bench.result import Reason, Tail
from ollascope.bench.verdict.sayings import reason
from ollascope.bench.verdict.signs import Case
from ollascope.reports.say import per_second, seconds, share

CLAIMED: Final = ("p50", "p90", "p95", "p99")  # p999 is told where it can be, and never asked for
MATTERS: Final = 0.1  # of the middle
NAMES: Final = {"ttft_s": "time to first token", "total_s": "total time", "requests_per_s": "throughput"}


def too_few_requests(case: Case) -> Iterator[Reason]:
    if not case.result.delivered.ok or case.signs.growing is not None:  # more of what never settles would say no more
        return
    lacking = [tail for name in ("ttft_s", "total_s") if (tail := case.result.metrics.get(name)) is not None and tail.n]
    worst = max(lacking, key=_most, default=Tail(n=0))
    which = [name for name in CLAIMED if name in worst.more]
    if which:
        yield reason("too-few-requests", "limited", n=worst.n + worst.failed, which=", ".join(which), more=_most(worst))


def not_steady(case: Case) -> Iterator[Reason]:
    found = case.signs.settling
    if found is None or case.signs.growing is not None:
        return
    if found.since_s is None:
        yield reason("not-steady", "limited", what=NAMES[found.what], drift=share(found.drift))
    elif found.settled is not None and abs(found.settled - found.middle) > MATTERS * found.settled:
        yield reason("steady-late", "limited", since=seconds(found.since_s), what=NAMES[found.what],
                     whole=seconds(found.middle), settled=seconds(found.settled))  # fmt: skip
    elif found.shift is not None:
        shift = found.shift
        say = per_second if shift.what == "requests_per_s" else seconds
        yield reason("level-shift", "limited", what=NAMES[shift.what], before=say(shift.before), after=say(shift.after),
                     at=seconds(shift.at_s))  # fmt: skip


def _most(tail: Tail) -> int:
    return max((tail.more.get(name, 0) for name in CLAIMED), default=0)
