"""What a stretch of time comes to: the Summary, the one before it, the slowest Calls, the machine, all over time."""

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from pathlib import Path

from ollascope.ledger.reading import Tally, read_rows, read_samples
from ollascope.ledger.rollups import has_rollups
from ollascope.ledger.select import COUNTED, EVERY, Counted, Where, is_demo
from ollascope.ledger.summary import Question, summarise, summarise_calls
from ollascope.monitor.past.machine import Use, use_of
from ollascope.monitor.past.span import HOUR_S, MINUTE_S, Span
from ollascope.stats.spread import Values
from ollascope.words.alerts import Alert
from ollascope.words.call import Call
from ollascope.words.errors import FolderUnusable, StorageTrouble
from ollascope.words.metrics import metric
from ollascope.words.outcomes import failures, is_failed
from ollascope.words.summary import Figure, Summary

SLOWEST = 10
MOST_BUCKETS = 72
MOST_DOTS = 500  # so many Calls are drawn one by one; of more, their percentiles
STEPS_S = (MINUTE_S, 5 * MINUTE_S, 10 * MINUTE_S, 30 * MINUTE_S, HOUR_S, 3 * HOUR_S, 6 * HOUR_S, 24 * HOUR_S,
           7 * 24 * HOUR_S, 30 * 24 * HOUR_S, 90 * 24 * HOUR_S)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which Calls of which stretch of time."""

    span: Span
    model: str | None = None
    counted: Counted = COUNTED

    def where(self, span: Span) -> Where:
        """The Calls of another stretch by the same choice."""
        return Where(since=span.since, until=span.until, model=self.model, counted=self.counted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """One piece of the time: requests, those that failed, and the time to first token."""

    at: float
    requests: int = 0
    failed: int = 0
    ttft: Figure = field(default_factory=lambda: Figure(n=0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a stretch of time comes to."""

    asked: Asked
    summary: Summary
    before: Summary
    models: Mapping[str, Summary] = field(default_factory=dict)
    slowest: Sequence[Call] = ()
    buckets: Sequence[Bucket] = ()
    step_s: float = MINUTE_S
    dots: Sequence[tuple[float, float]] = ()  # when, and the time to first token, while the Calls are few
    machine: Use = field(default_factory=Use)
    alerts: Sequence[Alert] = ()  # those that fired meanwhile
    demo: bool = False  # some of what counts was made by the demo model or the fake server
    left_out: int = 0  # measurements of our own and of demos, which do not count
    others: tuple[str, ...] = ()  # the models that have requests, where the one that was asked for has none
    from_sums: bool = False  # some Calls are no longer kept
    unreadable: int = 0


def take_account(ledger: Path, asked: Asked) -> Account:
    """Read the ledger once: the Calls themselves, and the sums where Calls are no longer kept."""
    if ledger.exists() and not ledger.is_dir():
        raise FolderUnusable(f"{ledger} is not a folder", hint="name another data folder with --data or OLLASCOPE_DATA")
    sums = _sums(ledger, asked)  # before the Calls: whatever comes meanwhile is then in the Calls alone
    tally, tap = Tally(), _Tap(asked)
    where = replace(asked.where(asked.span), counted=EVERY)
    rows = tap.through(read_rows(ledger, where, tally))
    found = summarise_calls(rows, Question(where=where), asked.span.until)
    summary = _only(found, asked.span)
    retired = sums is not None and sums.requests > summary.requests
    if sums is not None and retired:
        summary = sums
    models = _by_model(ledger, asked, retired) if retired or len(tap.models) > 1 else {}
    return Account(
        asked=asked,
        summary=summary,
        before=_before(ledger, asked),
        models=models,
        slowest=tap.slowest(),
        buckets=_summed_buckets(ledger, asked) if retired else tap.buckets(),
        step_s=step_of(asked.span),
        dots=() if retired else tap.dots or (),
        machine=use_of(read_samples(ledger, asked.span.since, asked.span.until)),
        demo=tap.demo or any(map(is_demo, models)),
        left_out=tap.left_out,
        others=() if summary.requests or asked.model is None else _models(ledger, asked),
        from_sums=retired,
        unreadable=tally.invalid + tally.damaged,
    )


def step_of(span: Span) -> float:
    """How long the pieces are in which a stretch of time is drawn."""
    return next((step for step in STEPS_S if span.length_s <= step * MOST_BUCKETS), STEPS_S[-1])


class _Tap:
    """Looks at each Call that counts as it passes by."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._step = step_of(asked.span)
        self._slow: list[tuple[float, int, Call]] = []
        self._ttft: dict[int, Values] = {}
        self._counts: dict[int, list[int]] = {}
        self.dots: list[tuple[float, float]] | None = []
        self.models: set[str | None] = set()
        self.left_out = 0
        self.demo = False

    def through(self, calls: Iterable[Call]) -> Iterator[Call]:
        counts = self._asked.counted.holds
        for number, call in enumerate(calls):
            nested = call.parent is not None
            if counts(call.source, call.model, nested, call.engine):
                self._look(call, number)
                yield call
            else:
                self.left_out += not nested

    def slowest(self) -> tuple[Call, ...]:
        return tuple(call for _, _, call in sorted(self._slow, reverse=True))

    def buckets(self) -> list[Bucket]:
        """Every piece of the time, also those in which nothing happened."""
        found = []
        for number in _numbers(self._asked.span, self._step):
            requests, failed = self._counts.get(number, (0, 0))
            values = self._ttft.get(number)
            ttft = values.figure() if values else Figure(n=0)
            found.append(Bucket(at=number * self._step, requests=requests, failed=failed, ttft=ttft))
        return found

    def _look(self, call: Call, number: int) -> None:
        self.models.add(call.model)
        self.demo = self.demo or is_demo(call.model, call.engine)
        place = int(call.sent_at // self._step)
        counts = self._counts.setdefault(place, [0, 0])
        counts[0] += 1
        counts[1] += is_failed(call.outcome)
        if call.end_s is not None:
            entry = (call.end_s, -number, call)
            if len(self._slow) < SLOWEST:
                heapq.heappush(self._slow, entry)
            elif entry > self._slow[0]:
                heapq.heapreplace(self._slow, entry)
        ttft = metric("ttft_s").of(call)
        if ttft is not None:
            values = self._ttft.setdefault(place, Values())
            values.add(ttft)
            values.fold()
            if self.dots is not None:
                self.dots.append((call.sent_at, ttft))
                self.dots = self.dots if len(self.dots) <= MOST_DOTS else None


def _numbers(span: Span, step: float) -> range:
    return range(int(span.since // step), max(int(-(-span.until // step)), int(span.since // step) + 1))


def _sums(ledger: Path, asked: Asked) -> Summary | None:
    """What the sums say; None where there are none that can be read, which costs nothing while the Calls are there."""
    try:
        if not has_rollups(ledger):
            return None
        return _only(summarise(ledger, Question(where=asked.where(asked.span))), asked.span)
    except StorageTrouble:
        return None


def _before(ledger: Path, asked: Asked) -> Summary:
    """The time before: from the Calls or the sums, whichever know of more requests."""
    span = asked.span.before()
    earlier = replace(asked, span=span)
    sums = _sums(ledger, earlier)
    where = asked.where(span)
    calls = _only(summarise_calls(read_rows(ledger, where), Question(where=where), span.until), span)
    return sums if sums is not None and sums.requests > calls.requests else calls


def _by_model(ledger: Path, asked: Asked, retired: bool) -> dict[str, Summary]:
    where = asked.where(asked.span)
    question = Question(where=where, by=("model",), metrics=("ttft_s", "total_s", "decode_tokens_per_s"))
    found = (
        summarise(ledger, question) if retired
        else summarise_calls(read_rows(ledger, where), question, asked.span.until)
    )  # fmt: skip
    ordered = sorted(found.items(), key=lambda pair: -pair[1].requests)
    return {words[0] or "": summary for words, summary in ordered}


def _summed_buckets(ledger: Path, asked: Asked) -> list[Bucket]:
    step = step_of(asked.span)
    found = []
    for number in _numbers(asked.span, step):
        piece = Span(since=number * step, until=(number + 1) * step)
        told = _only(summarise(ledger, Question(where=asked.where(piece), metrics=("ttft_s",))), piece)
        ttft = told.metrics.get("ttft_s", Figure(n=0))
        failed = failures(told.outcomes)
        found.append(Bucket(at=piece.since, requests=told.requests, failed=failed, ttft=ttft))
    return found


def _models(ledger: Path, asked: Asked) -> tuple[str, ...]:
    where = replace(asked.where(asked.span), model=None)
    models = map(attrgetter("model"), read_rows(ledger, where))
    return tuple(sorted({model for model in models if model}))


def _only(found: Mapping[tuple[str | None, ...], Summary], span: Span) -> Summary:
    """The one group of a question without groups; without Calls, a Summary that says so."""
    told = found.get((), Summary(since=span.since, until=span.until, requests=0))
    return replace(told, since=span.since, until=span.until)
