"""The account of a day, made once in the background: a long day takes seconds, and no page waits for it."""

import heapq
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from ollascope.ledger.reading import read_samples
from ollascope.ledger.rollups import has_rollups
from ollascope.ledger.select import Counted, is_demo
from ollascope.ledger.summary import Question, summarise
from ollascope.monitor.alerts.commands import alerts_between
from ollascope.monitor.history.drawn import Asked as Wanted
from ollascope.monitor.history.drawn import Drawn
from ollascope.monitor.history.lanes import Spread
from ollascope.monitor.past.machine import use_of
from ollascope.monitor.past.span import Span, span_of_day
from ollascope.monitor.summary import SLOWEST, Account, Asked, Bucket, take_account
from ollascope.reports.summary import SHOWN
from ollascope.words.call import Call
from ollascope.words.errors import Trouble
from ollascope.words.outcomes import failures
from ollascope.words.summary import Figure, Summary

log = logging.getLogger(__name__)

FEW: Final = 20_000  # Calls of a day and the one before that are read one by one; of more, the sums
MOST_KEPT: Final = 24
FRESH_S: Final = 30.0  # for a day that is not over
BY_MODEL: Final = ("ttft_s", "total_s", "decode_tokens_per_s")

Slow = Callable[[Span, Counted, float], Iterable[Call]]  # those that took so many seconds or more
Draw = Callable[[Wanted], Drawn]


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """Which account is wanted."""

    name: str
    counted: Counted


@dataclass(slots=True)
class Made:
    """An account, or why there is none."""

    at: float
    account: Account | None = None
    trouble: Trouble | None = None


@dataclass(slots=True, kw_only=True)
class Days:
    """The accounts of days, each made in a thread of its own, one at a time."""

    ledger: Path
    alerts: Path
    slow: Slow
    draw: Draw
    wall: Callable[[], float] = time.time
    _made: OrderedDict[Day, Made] = field(default_factory=OrderedDict)
    _threads: dict[Day, threading.Thread] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def read(self, day: Day, wait_s: float) -> Account | None:
        """The account; None while it is being made for the first time."""
        span = span_of_day(day.name, self.wall())
        with self._lock:
            made = self._made.get(day)
            thread = self._begin(day, span) if made is None or self._is_old(made, span) else None
        if made is None and thread is not None:
            thread.join(wait_s)
            made = self._made.get(day)
        if made is None:
            return None
        if made.trouble is not None:
            raise made.trouble
        return made.account

    def _is_old(self, made: Made, span: Span) -> bool:
        """A day that was over when its account was made stays as it is; late records of it are few."""
        return made.at < span_of_day(span.name, made.at).since + 86_400 + 600 and self.wall() - made.at > FRESH_S

    def _begin(self, day: Day, span: Span) -> threading.Thread:
        thread = self._threads.get(day)
        if thread is None or not thread.is_alive():
            thread = threading.Thread(target=self._make, args=(day, span), name="summary", daemon=True)
            self._threads = {each: one for each, one in self._threads.items() if one.is_alive()} | {day: thread}
            thread.start()
        return thread

    def _make(self, day: Day, span: Span) -> None:
        made = Made(at=self.wall())
        with self._turn:
            try:
                made.account = self._account(Asked(span=span, counted=day.counted))
            except Trouble as error:
                made.trouble = error
            except Exception:  # a bug in here must not stay silent
                log.exception("the account of %s cannot be made", day.name)
                return
        with self._lock:
            self._made[day] = made
            self._made.move_to_end(day)
            while len(self._made) > MOST_KEPT:
                self._made.popitem(last=False)

    def _account(self, asked: Asked) -> Account:
        span, before = asked.span, asked.span.before()
        sums = [self._sum(asked, one) for one in (span, before)] if has_rollups(self.ledger) else []
        if sum(one.requests for one in sums) <= FEW:
            account = take_account(self.ledger, asked)
        else:
            account = self._of_sums(asked, sums[0], sums[1])
        return replace(account, alerts=alerts_between(self.alerts, span.since, span.until, self.wall()))

    def _sum(self, asked: Asked, span: Span) -> Summary:
        found = summarise(self.ledger, Question(where=asked.where(span), metrics=SHOWN))
        told = found.get((), Summary(since=span.since, until=span.until, requests=0))
        return replace(told, since=span.since, until=span.until)

    def _of_sums(self, asked: Asked, summary: Summary, before: Summary) -> Account:
        """The same account without reading each Call, but for the slowest ones."""
        span = asked.span
        question = Question(where=asked.where(span), by=("model",), metrics=BY_MODEL)
        models = {words[0] or "": one for words, one in summarise(self.ledger, question).items()}
        drawn = self.draw(Wanted(since=span.since, until=span.until, counted=asked.counted))
        return Account(
            asked=asked,
            summary=summary,
            before=before,
            models=dict(sorted(models.items(), key=lambda pair: -pair[1].requests)),
            slowest=self._slowest(span, asked.counted, summary),
            buckets=buckets_of(drawn),
            step_s=drawn.step_s,
            machine=use_of(read_samples(self.ledger, span.since, span.until)),
            demo=any(map(is_demo, models)),
            left_out=drawn.left_out,
        )

    def _slowest(self, span: Span, counted: Counted, summary: Summary) -> tuple[Call, ...]:
        total = summary.metrics.get("total_s")
        bound = None if total is None else total.p999 or total.p99
        if bound is None:
            return ()
        found = self.slow(span, counted, bound * 0.98)
        return tuple(heapq.nlargest(SLOWEST, found, key=lambda call: call.end_s or 0.0))


def buckets_of(drawn: Drawn) -> list[Bucket]:
    """The pieces of a chart as a report draws them."""
    found = []
    for number, piece in enumerate(drawn.points):
        spread = Spread(piece.lanes.get("ttft_s", 0))
        ttft = Figure(n=spread.count, p50=spread.percentile(0.5), p95=spread.percentile(0.95))
        at = drawn.since + number * drawn.step_s
        found.append(Bucket(at=at, requests=piece.requests, failed=failures(piece.outcomes), ttft=ttft))
    return found
