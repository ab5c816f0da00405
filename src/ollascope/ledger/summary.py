"""What Calls add up to, per group: from the sums per minute and hour, or from the Calls themselves."""

import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress
from operator import attrgetter
from pathlib import Path

from ollascope.ledger.reading import read_rows
from ollascope.ledger.rollups import HOUR_S, MINUTE_S, every_group, has_rollups, open_rollups
from ollascope.ledger.select import DIMENSIONS, Where
from ollascope.stats.packed import MANY, entries, few, many
from ollascope.stats.sketch import TOP, Sketch
from ollascope.stats.spread import Spread, Values
from ollascope.words.call import Call
from ollascope.words.errors import BadUsage
from ollascope.words.metrics import METRICS, Metric
from ollascope.words.summary import Figure, Summary

Words = tuple[str | None, ...]  # what the Calls of one group have in common, in the order that was asked for
Slice = tuple[int, float, float]  # a span of seconds, from, until

EVERY_METRIC = tuple(metric.name for metric in METRICS)
FOLD_EVERY = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which Calls, by which dimensions, and which metrics of them."""

    where: Where = field(default_factory=Where)
    by: tuple[str, ...] = ()
    metrics: tuple[str, ...] = EVERY_METRIC

    def __post_init__(self) -> None:
        if wrong := [name for name in self.by if name not in DIMENSIONS]:
            raise BadUsage(f"Calls cannot be grouped by {wrong[0]!r}", hint=f"choose from {', '.join(DIMENSIONS)}")
        if wrong := [name for name in self.metrics if name not in EVERY_METRIC]:
            raise BadUsage(f"there is no metric {wrong[0]!r}", hint=f"choose from {', '.join(EVERY_METRIC)}")

    @property
    def needs_calls(self) -> bool:
        """Whether the sums cannot answer it."""
        return self.where.run is not None or self.where.id is not None


def summarise(
    ledger: Path, question: Question, *, raw: bool = False, wall: Callable[[], float] = time.time
) -> dict[Words, Summary]:
    """The answer, from the sums where they can give it; those begin and end with whole minutes, as `since` tells."""
    if raw or question.needs_calls or not has_rollups(ledger):
        return summarise_calls(read_rows(ledger, question.where), question, wall())
    with open_rollups(ledger) as connection:
        return _summarise_sums(connection, question, wall())


def summarise_calls(calls: Iterable[Call], question: Question, now: float) -> dict[Words, Summary]:
    """The answer from Calls that were already chosen: exact percentiles up to 100,000 values, above within 1 %."""
    group_of = _grouping(question.by)
    chosen = _chosen(question)
    found: dict[Words, _Calls] = {}
    first, last = float("inf"), float("-inf")
    for number, call in enumerate(calls):
        group = group_of(call)
        calls_of = found.get(group)
        if calls_of is None:
            calls_of = found[group] = _Calls(chosen)
        calls_of.add(call)
        at = call.sent_at
        first = min(first, at)
        last = max(last, at)
        if number % FOLD_EVERY == 0:
            for each in found.values():
                each.fold()
    where = question.where
    since = where.since if where.since is not None else first if found else now
    until = where.until if where.until is not None else last if found else now
    return {group: each.summary((since, until)) for group, each in found.items()}


def dependent(figure: Figure) -> Figure:
    """A figure whose values come many from one Call, which is why no interval that takes them as independent holds."""
    return replace(figure, ci95={})


def _grouping(by: tuple[str, ...]) -> Callable[[Call], Words]:
    if not by:
        return lambda _: ()
    if len(by) == 1:
        of = attrgetter(by[0])
        return lambda call: (of(call),)
    return attrgetter(*by)


def slices(since: float, until: float, minutes_from: float) -> list[Slice]:
    """A span of time as whole hours with whole minutes at both ends; hours alone where minutes are no longer kept."""
    start = since // MINUTE_S * MINUTE_S if since >= minutes_from else since // HOUR_S * HOUR_S
    end = -(-until // MINUTE_S) * MINUTE_S if until >= minutes_from else -(-until // HOUR_S) * HOUR_S
    first, last = -(-start // HOUR_S) * HOUR_S, end // HOUR_S * HOUR_S
    if first >= last:
        return [(MINUTE_S, start, end)] if start < end else []
    whole = [(MINUTE_S, start, first), (HOUR_S, first, last), (MINUTE_S, last, end)]
    return [(span, begin, over) for span, begin, over in whole if begin < over]


class _Sums:
    """What one group comes to: Calls, outcomes and tokens."""

    def __init__(self) -> None:
        self.calls = 0
        self.outcomes: Counter[str] = Counter()
        self.tokens: list[int | None] = [None, None, None]

    def add_sums(self, outcome: str, calls: int, tokens: Iterable[int | None]) -> None:
        self.calls += calls
        self.outcomes[outcome] += calls
        for place, number in enumerate(tokens):
            if number is not None:
                self.tokens[place] = (self.tokens[place] or 0) + number

    def told(self, ends: tuple[float, float], figures: Mapping[str, Figure]) -> Summary:
        tokens_in, tokens_cached, tokens_out = self.tokens
        return Summary(
            since=ends[0],
            until=ends[1],
            requests=self.calls,
            outcomes=dict(sorted(self.outcomes.items())),
            metrics={name: figure for name, figure in figures.items() if figure.n},
            tokens_in=tokens_in,
            tokens_cached=tokens_cached,
            tokens_out=tokens_out,
        )


class _Calls(_Sums):
    """One group, Call by Call."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        super().__init__()
        single = [metric for metric in metrics if metric.many is None]
        self._values = {metric.name: Values() for metric in single}
        self._takes = [(metric.of, self._values[metric.name].add) for metric in single]
        self._pairs: dict[str, Counter[int]] = {metric.name: Counter() for metric in metrics if metric.many}
        self._gives = [(metric.many, self._pairs[metric.name]) for metric in metrics if metric.many]

    def add(self, call: Call) -> None:
        self.calls += 1
        self.outcomes[call.outcome] += 1
        tokens = self.tokens
        if call.tokens_in is not None:
            tokens[0] = (tokens[0] or 0) + call.tokens_in
        if call.tokens_cached is not None:
            tokens[1] = (tokens[1] or 0) + call.tokens_cached
        if call.tokens_out is not None:
            tokens[2] = (tokens[2] or 0) + call.tokens_out
        for of, add in self._takes:
            value = of(call)
            if value is not None:
                add(value)
        for many_of, pairs in self._gives:
            for number, count in many_of(call):
                pairs[number] += count

    def fold(self) -> None:
        for values in self._values.values():
            values.fold()

    def summary(self, ends: tuple[float, float]) -> Summary:
        figures = {name: values.figure() for name, values in self._values.items()}
        for name, pairs in self._pairs.items():
            spread = Spread()
            spread.add_pairs(pairs)
            figures[name] = dependent(spread.figure())
        return self.told(ends, figures)


_NUMBERS = (*range(TOP + 1), *range(-TOP, 0))  # of the buckets, as their counts stand in a row


class _Merged:
    """One metric of one group, from many cells: the counts of all buckets in a row, the negative ones from its end."""

    __slots__ = ("counts", "few", "spread")

    def __init__(self) -> None:
        self.spread = Spread()
        self.counts = [0] * (2 * TOP + 1)
        self.few: list[float] = []  # the values that cells kept as they are

    def add(self, blob: bytes, at: int, count: int) -> None:
        if count != MANY:
            self.few += few(blob, at, count)
            return
        sums, numbers, more = many(blob, at)
        self.spread.add_sums(*sums)
        counts = self.counts
        for number, one in zip(numbers, more, strict=True):
            counts[number] += one

    def figure(self) -> Figure:
        held = zip(compress(_NUMBERS, self.counts), filter(None, self.counts), strict=True)
        self.spread.sketch = Sketch(dict(held))
        self.spread.add_all(self.few)
        return self.spread.figure()


def _summarise_sums(connection: sqlite3.Connection, question: Question, now: float) -> dict[Words, Summary]:
    where = question.where
    groups = {number: group for number, group in every_group(connection).items()
              if group.is_meant(where.wanted(), where.counted)}  # fmt: skip
    keys = {number: tuple(group.word(name) for name in question.by) for number, group in groups.items()}
    names = {number: name for number, name in connection.execute("SELECT id, name FROM metrics")
             if name in question.metrics}  # fmt: skip
    parts = _parts(connection, where, now)
    sums: dict[Words, _Sums] = {}
    merged: dict[tuple[Words, str], _Merged] = {}
    for number, calls, blob, tokens in _cells(connection, parts):
        key = keys.get(number)
        if key is None:
            continue
        sums.setdefault(key, _Sums()).add_sums(groups[number].word("outcome") or "", calls, tokens)
        for metric, count, at in entries(blob):
            name = names.get(metric)
            if name is not None:
                one = merged.get((key, name))
                if one is None:
                    one = merged[key, name] = _Merged()
                one.add(blob, at, count)
    ends = (parts[0][1], parts[-1][2]) if parts else (now, now)
    figures: dict[Words, dict[str, Figure]] = {key: {} for key in sums}
    for chosen in _chosen(question):
        for key, told in figures.items():
            if (key, chosen.name) in merged:
                figure = merged[key, chosen.name].figure()
                told[chosen.name] = dependent(figure) if chosen.many else figure
    return {key: each.told(ends, figures[key]) for key, each in sums.items()}


def _cells(
    connection: sqlite3.Connection, parts: Iterable[Slice]
) -> Iterator[tuple[int, int, bytes, tuple[int | None, ...]]]:
    for part in parts:
        for group, calls, blob, *tokens in connection.execute(
            "SELECT grp, calls, spreads, tokens_in, tokens_cached, tokens_out FROM cells"
            " WHERE span = ? AND at >= ? AND at < ?",
            part,
        ):
            yield group, calls, blob, tuple(tokens)


def _parts(connection: sqlite3.Connection, where: Where, now: float) -> list[Slice]:
    # Each end by itself: SQLite finds one in the index, but reads every cell for both at once.
    first = connection.execute("SELECT min(at) FROM cells WHERE span = ?", (HOUR_S,)).fetchone()[0]
    last = connection.execute("SELECT max(at) FROM cells WHERE span = ?", (HOUR_S,)).fetchone()[0]
    row = connection.execute("SELECT value FROM notes WHERE name = 'minutes-from'").fetchone()
    since = where.since if where.since is not None else first if first is not None else now
    until = where.until if where.until is not None else last + HOUR_S if last is not None else now
    return slices(since, until, row[0] if row else float("-inf"))


def _chosen(question: Question) -> list[Metric]:
    return [metric for metric in METRICS if metric.name in question.metrics]
