"""Results on a terminal: the verdict first, then what a person reads in five seconds; more where it is asked for."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from ollascope.bench.result import Result
from ollascope.bench.shown.figures import cell, failures, interval_table, latency_table, name_of, needed, stage_table
from ollascope.bench.shown.machine import client_facts, server_rows, use_facts
from ollascope.bench.shown.outcomes import cache_facts, goodput_facts, outcome_table
from ollascope.bench.shown.reasons import demo_banner, verdict_banner
from ollascope.bench.shown.report import NO_PROOF, about_of, notes_of, title_of
from ollascope.bench.shown.together import names_of, narrow, numbered
from ollascope.bench.shown.told import all_asked
from ollascope.reports.parts import Banner, Facts, Part, Report, Table, Text
from ollascope.reports.say import count, digits, maybe, per_second, seconds, share
from ollascope.reports.terminal import lines
from ollascope.reports.words import Language, word
from ollascope.reports.wrapping import width_of, wrapped

WIDTH: Final = 80
SHORT: Final = ("p50", "p95", "p99", "max")
LONG: Final = ("mean", "p90", "p999")  # what the short table has not
FIRST: Final = ("ttft_s", "ttft_due_s", "answer_s", "total_s", "total_due_s", "tpot_s", "gap_s")
STAGE_COLUMNS: Final = (0, 1, 2, 3, 4, 5, 6)  # of the table of stages; the others are too many for a terminal


def screen_lines(
    results: Sequence[Result], language: Language = "en", *, details: bool = False, width: int = WIDTH
) -> list[str]:
    """What stands on the terminal after a run; sentences are at most `width` columns wide."""
    shown = lines(screen_of(results, language, details=details, width=width))
    return [line for text in shown for line in text.split("\n")]


def screen_of(
    results: Sequence[Result], language: Language = "en", *, details: bool = False, width: int = WIDTH
) -> Report:
    """The report for a terminal; `details` adds the long tables."""
    if len(results) == 1:
        title = title_of(results[0], language)
        parts = [*_brief(results[0], language, details), *(_details(results[0], language) if details else ())]
    else:
        title = word("{count} load tests side by side", language).format(count=len(results))
        parts = list(_several(results, language, details))
    return Report(title=title, parts=[fitted(part, width) for part in parts], language=language)


def fitted(part: Part, width: int) -> Part:
    """The same part with its sentences broken into lines; columns stay as wide as they are."""
    if isinstance(part, Banner):
        told = [line for text in part.lines for line in wrapped(text, width - 2, first="- ", rest="  ")]
        return replace(part, lines=told)
    if isinstance(part, Text):
        return replace(part, lines=[line for text in part.lines for line in wrapped(text, width)])
    if isinstance(part, Table):
        return replace(part, note="\n".join(wrapped(part.note, width)) if part.note else "")
    if isinstance(part, Facts):
        names = max((width_of(name) for name, _ in part.rows), default=0)
        return replace(part, rows=[row for pair in part.rows for row in _folded(*pair, max(20, width - names - 2))])
    return part


def _brief(result: Result, language: Language, details: bool) -> Iterator[Part]:
    yield verdict_banner(result, language, notes=details)
    if result.demo:
        yield demo_banner(language)
    yield Text(lines=[about_of(result, language)])
    yield Facts(rows=_headlines(result, language))
    yield _latencies(result, language)
    if result.parts:
        yield _narrow(stage_table(result.parts, language), STAGE_COLUMNS)


def _details(result: Result, language: Language) -> Iterator[Part]:
    yield Facts(title=word("What was asked", language),
                rows=[*all_asked(result, language), *server_rows(result.server, language)])  # fmt: skip
    if result.notes:
        yield notes_of(result, language)
    yield latency_table(result.metrics, language, LONG)
    intervals = interval_table(result.metrics, language, ("p50", "p99"))
    if intervals is not None:
        yield intervals
    yield outcome_table(result.delivered, language)
    goodput = goodput_facts(result, language)
    if goodput is not None:
        yield goodput
    yield cache_facts(result, language)
    yield use_facts(result, language)
    yield client_facts(result, language)


def _several(results: Sequence[Result], language: Language, details: bool) -> Iterator[Part]:
    named = list(zip(names_of(results), results, strict=True))
    for number, (name, result) in enumerate(named, 1):
        yield verdict_banner(result, language, name=f"{number} · {name}", notes=details)
    if any(result.demo for result in results):
        yield demo_banner(language)
    yield numbered(named, language)
    yield narrow(named, language)
    yield Text(lines=[word(NO_PROOF, language)])


def _headlines(result: Result, language: Language) -> list[tuple[str, str]]:
    delivered, throughput, use = result.delivered, result.throughput, result.use
    length = result.window.until_s - result.window.since_s
    sent = word("{count} in {time}", language).format(count=count(delivered.requests), time=seconds(length))
    rows = [
        ("requests", f"{sent} · {maybe(per_second, throughput.requests_per_s, language)}"),
        ("failed", failures(delivered, language)),
        ("output tokens/s", _both(result, language)),
        ("most in flight", count(delivered.peak_inflight)),
    ]
    if use.cpu_ratio_mean is not None:
        rows.append(("CPU in use, mean", share(use.cpu_ratio_mean)))
    if result.goodput is not None:
        rows.append(("kept all goals", maybe(share, result.goodput.ratio, language)))
    return [(word(name, language), text) for name, text in rows]


def _both(result: Result, language: Language) -> str:
    all_users, one = result.throughput.output_tokens_per_s, result.throughput.user_tokens_per_s
    told = maybe(digits, all_users, language)
    return told if one is None else told + " · " + word("{rate} for one user", language).format(rate=digits(one))


def _latencies(result: Result, language: Language) -> Table:
    shown = [name for name in FIRST if name != "answer_s" or _thinks(result)]
    rows = [
        (name_of(name, language), *(cell(result.metrics.get(name), name, statistic, language) for statistic in SHORT))
        for name in shown if name in result.metrics or name in {"ttft_s", "total_s"}
    ]  # fmt: skip
    known = {name: tail for name, tail in result.metrics.items() if name in shown}
    headers = ["", "p50", "p95", "p99", word("most", language)]
    return Table(headers=headers, rows=rows, right=(1, 2, 3, 4), note=needed(known, language, SHORT))


def _thinks(result: Result) -> bool:
    """Whether the first answer came later than the first token."""
    first, answer = result.metrics.get("ttft_s"), result.metrics.get("answer_s")
    return first is not None and answer is not None and first.mean != answer.mean


def _narrow(table: Table, columns: Sequence[int]) -> Table:
    rows = [[row[column] for column in columns] for row in table.rows]
    headers = [table.headers[column] for column in columns]
    return replace(table, headers=headers, rows=rows, right=range(1, len(columns)))


def _folded(name: str, text: str, width: int) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(wrapped(text, width)):
        yield name if not number else "", line
