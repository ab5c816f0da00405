"""Results as JUnit XML: one case a verdict, a reason, a goal and a stage, failed where it speaks against the run."""

from collections.abc import Iterator, Sequence
from typing import Final

from ollascope.bench.result import Goodput, Part, Reason, Result, Tail
from ollascope.bench.shown.told import goal_text
from ollascope.reports.junit import Case, junit
from ollascope.reports.say import count, seconds, share

KEPT_BY: Final = "p95"  # a goal is kept where 95 of 100 requests keep it
KEPT: Final = 0.95
FROM_DUE: Final = {"ttft_s": "ttft_due_s", "total_s": "total_due_s"}


def junit_of(results: Sequence[Result]) -> str:
    """One suite; with several runs the name of each case begins with its run."""
    cases = [case for result in results for case in _cases(result, result.run if len(results) > 1 else "")]
    runs = " ".join(result.run for result in results)
    return junit(f"ollascope bench {runs}", cases, sum(result.ended_at - result.started_at for result in results))


def _cases(result: Result, run: str) -> Iterator[Case]:
    start = f"{run} " if run else ""
    yield _verdict(result, start)
    yield from (_reason(reason, start) for reason in result.reasons)
    goals = result.asked.goals
    for metric, limit in (("ttft_s", goals.ttft_s), ("total_s", goals.total_s), ("tpot_s", goals.tpot_s)):
        if limit is not None:
            yield _goal(f"{start}goal: {goal_text(metric, limit)}", _felt(result, metric), limit)
    if result.goodput is not None:
        yield _goodput(f"{start}goal: all of them in one request", result.goodput)
    yield from (_stage(part, start) for part in result.parts)


def _felt(result: Result, metric: str) -> Tail | None:
    """What a user feels: in an open loop from the moment when the request was due."""
    return result.metrics.get(FROM_DUE.get(metric, metric)) or result.metrics.get(metric)


def _verdict(result: Result, start: str) -> Case:
    against = [reason.text for reason in result.reasons if reason.weight == "invalid"]
    failure = f"INVALID: {'; '.join(against) or 'no reason was given'}" if result.verdict == "INVALID" else None
    return Case(name=f"{start}verdict", failure=failure, output=result.verdict)


def _reason(reason: Reason, start: str) -> Case:
    told = f"{reason.text}\n{reason.hint}" if reason.hint else reason.text
    failure = reason.text if reason.weight == "invalid" else None
    return Case(name=f"{start}reason: {reason.code}", failure=failure, output=f"{reason.weight}: {told}")


def _goal(name: str, tail: Tail | None, limit: float) -> Case:
    """95 of 100 requests keep it; with too few of them nothing can be said."""
    if tail is None or (tail.p95 is None and KEPT_BY not in tail.endless):
        more = tail.more.get(KEPT_BY) if tail else None
        return Case(name=name, skipped=f"needs {count(more)} more requests" if more else "not measured")
    if tail.p95 is None:
        return Case(name=name, failure=f"{KEPT_BY} has no end: {count(tail.failed)} requests failed")
    said = f"{KEPT_BY} is {seconds(tail.p95)}, the goal {seconds(limit)}"
    return Case(name=name, failure=None if tail.p95 <= limit else said, output=said)


def _goodput(name: str, goodput: Goodput) -> Case:
    if goodput.ratio is None:
        return Case(name=name, skipped=f"undetermined for {count(goodput.undetermined)} requests")
    said = f"{share(goodput.ratio)} of the requests kept every goal: {count(goodput.good)} of them"
    return Case(name=name, failure=None if goodput.ratio >= KEPT else said, output=said)


def _stage(part: Part, start: str) -> Case:
    delivered = part.delivered
    said = f"{count(delivered.ok)} requests were ok, {count(delivered.failed)} failed"
    return Case(name=f"{start}stage: {part.name}", failure=None if delivered.ok else said, output=said)
