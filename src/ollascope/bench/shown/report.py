"""One or several Results as a report: the verdict on top, then the figures, then drawings, then all settings."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from ollascope.bench.result import Result
from ollascope.bench.shown.charts import against_load, distribution, gaps_map, over_time, overlaid
from ollascope.bench.shown.figures import headlines, interval_table, latency_table, stage_table
from ollascope.bench.shown.machine import client_facts, machine_chart, machine_rows, server_rows, use_facts
from ollascope.bench.shown.outcomes import cache_facts, goodput_facts, outcome_table
from ollascope.bench.shown.reasons import demo_banner, verdict_banner
from ollascope.bench.shown.together import names_of, numbered, side_by_side
from ollascope.bench.shown.told import all_asked, asked_rows, load_text
from ollascope.logs.form import printable
from ollascope.reports.parts import Chart, Facts, Part, Report, Text
from ollascope.reports.words import Language, word

LATENCIES = ("ttft_s", "ttft_due_s", "total_s", "total_due_s")
NO_PROOF = (
    "Runs that stand side by side prove nothing yet: load, machine and chance may differ. "
    "A difference without a test is no proof."
)


def report_of(results: Sequence[Result], language: Language = "en") -> Report:
    """Everything about one run, or several side by side."""
    if len(results) == 1:
        return _one(results[0], language)
    parts = [part for part in _several(results, language) if not _is_empty(part)]
    title = word("{count} load tests side by side", language).format(count=len(results))
    return Report(title=title, about=", ".join(printable(one.run) for one in results), parts=parts, language=language)


def title_of(result: Result, language: Language = "en") -> str:
    """What a run is called: the name it was given, or its model."""
    return word("Load test: {what}", language).format(what=printable(result.asked.name or result.asked.target.model))


def about_of(result: Result, language: Language = "en") -> str:
    """When it ran, under which id, with which load."""
    began = datetime.fromtimestamp(result.started_at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return f"{began} · {printable(result.run)} · {load_text(result.asked, language)}"


def notes_of(result: Result, language: Language) -> Text:
    """What happened on the way, in the words of whom it happened to."""
    return Text(title=word("Notes", language), lines=[printable(note) for note in result.notes])


def _one(result: Result, language: Language) -> Report:
    parts = [part for part in _parts(result, language) if not _is_empty(part)]
    return Report(title=title_of(result, language), about=about_of(result, language), parts=parts, language=language)


def _parts(result: Result, language: Language) -> Iterator[Part]:
    yield verdict_banner(result, language)
    if result.demo:
        yield demo_banner(language)
    yield headlines(result, language)
    yield _asked(result, language)
    if result.notes:
        yield notes_of(result, language)
    if result.parts:
        yield stage_table(result.parts, language)
    yield latency_table(result.metrics, language)
    yield from _maybe(interval_table(result.metrics, language))
    yield from _drawn(result, language)
    yield use_facts(result, language)
    yield outcome_table(result.delivered, language)
    yield from _maybe(goodput_facts(result, language))
    yield cache_facts(result, language)
    yield client_facts(result, language)
    yield _versions(result, language)


def _drawn(result: Result, language: Language) -> Iterator[Part]:
    yield over_time(result, language)
    yield machine_chart(result, language)
    yield distribution([("", result)], [name for name in LATENCIES if name in result.cdf], language)
    yield from against_load([result], language)
    yield gaps_map(result, language)


def _several(results: Sequence[Result], language: Language) -> Iterator[Part]:
    named = list(zip(names_of(results), results, strict=True))
    for number, (name, result) in enumerate(named, 1):
        yield verdict_banner(result, language, name=f"{number} · {name}")
    if any(result.demo for result in results):
        yield demo_banner(language)
    yield numbered(named, language)
    yield side_by_side(named, language)
    yield Text(lines=[word(NO_PROOF, language)])
    drawn = [(str(number), result) for number, result in enumerate(results, 1)]
    yield overlaid(drawn, language)
    for metric in ("ttft_s", "total_s"):
        yield distribution(drawn, [metric], language)
    yield from against_load(results, language)
    for name, result in named:
        yield Facts(title=word("Asked: {what}", language).format(what=name), rows=asked_rows(result.asked, language))


def _asked(result: Result, language: Language) -> Facts:
    return Facts(title=word("What was asked", language), rows=[*all_asked(result, language),
                                                                *server_rows(result.server, language)])  # fmt: skip


def _versions(result: Result, language: Language) -> Facts:
    rows = [(printable(name), printable(text)) for name, text in result.versions.items()]
    return Facts(title=word("Machine and versions", language), rows=[*machine_rows(result.machine), *rows])


def _maybe(part: Part | None) -> Iterator[Part]:
    if part is not None:
        yield part


def _is_empty(part: Part) -> bool:
    return (isinstance(part, Chart) and not part.svg) or (isinstance(part, Facts) and not part.rows)
