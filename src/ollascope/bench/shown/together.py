"""Several Results side by side: the same rows, one column a run."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from ollascope.bench.result import Result
from ollascope.bench.shown.figures import cell, name_of
from ollascope.bench.shown.told import load_text
from ollascope.logs.form import printable
from ollascope.reports.parts import Facts, Table
from ollascope.reports.say import count, digits, maybe, seconds, share
from ollascope.reports.words import Language, word

METRICS: Final = ("ttft_s", "ttft_due_s", "total_s", "tpot_s", "gap_s")
STATISTICS: Final = ("p50", "p95", "p99")
Row = tuple[str, Callable[[Result], str]]


def names_of(results: Sequence[Result]) -> list[str]:
    """What each run is called where it stands beside others: the name it was given if no other has it, or its id."""
    given = Counter(result.asked.name for result in results)
    names = [
        printable(result.asked.name if result.asked.name and given[result.asked.name] == 1 else result.run)
        for result in results
    ]
    twice = Counter(names)
    return [f"{name} ({place + 1})" if twice[name] > 1 else name for place, name in enumerate(names)]


def numbered(named: Sequence[tuple[str, Result]], language: Language) -> Facts:
    """Which column is which run."""
    rows = [
        (str(place + 1), f"{name} · {printable(one.asked.target.model)} · {load_text(one.asked, language)}")
        for place, (name, one) in enumerate(named)
    ]
    return Facts(title=word("Side by side", language), rows=rows)


def side_by_side(named: Sequence[tuple[str, Result]], language: Language) -> Table:
    """What came of each."""
    metrics = [metric for metric in METRICS if any(metric in result.metrics for _, result in named)]
    rows = [*_rows(_figures(language), named, language), *_percentiles(metrics, named, language)]
    headers = ["", *(f"{place + 1} · {name}" for place, (name, _) in enumerate(named))]
    return Table(headers=headers, rows=rows, right=range(1, len(headers)))


def narrow(named: Sequence[tuple[str, Result]], language: Language) -> Table:
    """The same for a terminal: short cells in columns by number."""
    rows = [*_rows(_figures(language), named, language), *_percentiles(("ttft_s", "total_s"), named, language)]
    headers = ["", *(str(place + 1) for place in range(len(named)))]
    return Table(headers=headers, rows=rows, right=range(1, len(headers)))


def _rows(told: Sequence[Row], named: Sequence[tuple[str, Result]], language: Language) -> list[tuple[str, ...]]:
    return [(word(name, language), *(of(result) for _, result in named)) for name, of in told]


def _percentiles(
    metrics: Sequence[str], named: Sequence[tuple[str, Result]], language: Language
) -> list[tuple[str, ...]]:
    return [
        (f"{name_of(metric, language)} {statistic}",
         *(cell(result.metrics.get(metric), metric, statistic, language) for _, result in named))
        for metric in metrics for statistic in STATISTICS
    ]  # fmt: skip


def _figures(language: Language) -> list[Row]:
    return [
        ("verdict", lambda one: one.verdict),
        ("requests", lambda one: count(one.delivered.requests)),
        ("failed", lambda one: count(one.delivered.failed)),
        ("requests/s", lambda one: maybe(digits, one.throughput.requests_per_s, language)),
        ("output tokens/s", lambda one: maybe(digits, one.throughput.output_tokens_per_s, language)),
        ("tokens/s for one user", lambda one: maybe(digits, one.throughput.user_tokens_per_s, language)),
        ("CPU time of the server", lambda one: maybe(seconds, one.use.server_cpu_s, language)),
        ("CPU in use, mean", lambda one: maybe(share, one.use.cpu_ratio_mean, language)),
        ("J a token", lambda one: maybe(digits, one.use.joules_per_token, language)),
    ]
