"""Figures of a Result as cells and tables: what was not measured, needs more requests or is endless says so."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from ollascope.bench.asked import Level
from ollascope.bench.result import Delivered, Part, Result, Tail
from ollascope.bench.shown.told import level_text
from ollascope.logs.form import printable
from ollascope.reports.parts import Facts, Table
from ollascope.reports.say import SAY, Say, count, digits, interval, maybe, seconds, share
from ollascope.reports.words import Language, word
from ollascope.words.metrics import METRICS

ENDLESS: Final = "∞"
NAMES: Final[Mapping[str, str]] = {  # of a metric, as a person says it
    "ttft_s": "time to first token",
    "ttft_due_s": "first token, from when it was due",
    "answer_s": "first answer, after thinking",
    "total_s": "whole answer",
    "total_due_s": "whole answer, from when it was due",
    "tpot_s": "time per token",
    "gap_s": "pause between pieces",
    "queue_s": "queue and network",
    "connect_s": "connecting",
    "load_s": "loading the model",
    "prefill_s": "reading the prompt",
    "relay_s": "added by Ollascope",
    "decode_tokens_per_s": "speed of the answer, tokens/s",
    "prefill_tokens_per_s": "speed of reading, tokens/s",
    "cached_ratio": "prompt from the cache",
}
REQUESTS: Final = ("ttft_s", "total_s")
"""Metrics that every request has: others may need more."""
STATISTICS: Final[Mapping[str, Callable[[Tail], float | None]]] = {
    "mean": lambda tail: tail.mean,
    "p50": lambda tail: tail.p50,
    "p90": lambda tail: tail.p90,
    "p95": lambda tail: tail.p95,
    "p99": lambda tail: tail.p99,
    "p999": lambda tail: tail.p999,
    "max": lambda tail: tail.max,
}
HEADERS: Final[Mapping[str, str]] = {"mean": "mean", "p999": "p99.9", "max": "most"}
_SAYS: Final[Mapping[str, Say]] = {  # beside a name that tells tokens/s already the number is enough
    entry.name: digits if entry.unit == "tokens/s" else SAY[entry.unit] for entry in METRICS
}
_ORDER: Final = [entry.name for entry in METRICS]


def say_of(metric: str) -> Say:
    """How values of a metric read."""
    return _SAYS.get(metric, seconds if metric.endswith("_s") else digits)


def name_of(metric: str, language: Language = "en") -> str:
    """A metric as a person says it."""
    return word(NAMES.get(metric, metric), language)


def cell(tail: Tail | None, metric: str, statistic: str, language: Language = "en") -> str:
    """One statistic of one metric."""
    if tail is None:
        return word("not measured", language)
    value = STATISTICS[statistic](tail)
    if value is not None:
        return say_of(metric)(value)
    if statistic in tail.endless:
        return ENDLESS
    unknown = tail.extra.get("unknown")
    if isinstance(unknown, list | tuple) and statistic in unknown:
        return word("not seen", language)  # who would have shown it was given up
    return word("too few" if statistic in tail.more else "not measured", language)


def ordered(metrics: Mapping[str, Tail]) -> list[str]:
    """Metrics that were measured, in the order of their definitions, others behind them."""
    known = [name for name in _ORDER if name in metrics]
    return [name for name in (*known, *sorted(metrics.keys() - set(known))) if metrics[name].n or metrics[name].failed]


def headlines(result: Result, language: Language = "en") -> Facts:
    """The figures that most people look for."""
    metrics, throughput = result.metrics, result.throughput
    rows = [
        (word("requests/s", language), maybe(digits, throughput.requests_per_s, language)),
        (word("output tokens/s", language), maybe(digits, throughput.output_tokens_per_s, language)),
        (word("tokens/s for one user", language), maybe(digits, throughput.user_tokens_per_s, language)),
        (word("failed", language), _failed(result.delivered, language)),
    ]
    shown = (("ttft_s", "TTFT"), ("total_s", word("whole answer", language)))
    rows += [
        (f"{short} {statistic}", cell(metrics.get(metric), metric, statistic, language))
        for metric, short in shown
        for statistic in ("p50", "p95", "p99")
    ]
    return Facts(rows=rows, big=True)


def failures(delivered: Delivered, language: Language = "en") -> str:
    """How many failed, of how many: 3 of 100 (3 %)."""
    ended = delivered.ok + delivered.failed
    text = _failed(delivered, language)
    return f"{text} ({share(delivered.failed / ended)})" if ended and delivered.failed else text


def _failed(delivered: Delivered, language: Language) -> str:
    ended = delivered.ok + delivered.failed
    return word("{failed} of {all}", language).format(failed=count(delivered.failed), all=count(ended))


def latency_table(
    metrics: Mapping[str, Tail], language: Language = "en", statistics: Sequence[str] = tuple(STATISTICS)
) -> Table:
    """One row a metric that was measured."""
    rows = [
        (name_of(name, language), count(metrics[name].n),
         *(cell(metrics[name], name, statistic, language) for statistic in statistics))
        for name in ordered(metrics)
    ]  # fmt: skip
    headers = [word("metric", language), "n", *(word(HEADERS.get(name, name), language) for name in statistics)]
    note = needed(metrics, language, statistics)
    return Table(title=word("Latency and speed", language), headers=headers, rows=rows,
                 right=range(1, len(headers)), note=note)  # fmt: skip


def interval_table(
    metrics: Mapping[str, Tail], language: Language = "en", statistics: Sequence[str] = ("mean", "p50", "p95", "p99")
) -> Table | None:
    """95 % intervals, where there are any."""
    kept = [name for name in ordered(metrics) if metrics[name].ci95]
    if not kept:
        return None
    rows = [
        (name_of(name, language),
         *(interval(say_of(name), metrics[name].ci95.get(statistic)) or "–" for statistic in statistics))
        for name in kept
    ]  # fmt: skip
    headers = [word("metric", language), *(word(HEADERS.get(name, name), language) for name in statistics)]
    note = word("95 of 100 such intervals hold the true value; requests that follow each other are not taken as "
                "independent", language)  # fmt: skip
    return Table(title=word("95 % intervals", language), headers=headers, rows=rows, right=range(1, len(headers)),
                 note=note)  # fmt: skip


def needed(
    metrics: Mapping[str, Tail], language: Language = "en", statistics: Sequence[str] = tuple(STATISTICS)
) -> str:
    """How many more requests these statistics need where they are missing, and what endless means."""
    told = []
    asked = [metrics[name] for name in REQUESTS if name in metrics] or list(metrics.values())
    missing = {
        statistic: max(tail.more.get(statistic, 0) for tail in asked)
        for statistic in statistics if any(statistic in tail.more for tail in asked)
    }  # fmt: skip
    if missing:
        text = word("too few: {what}", language)
        each = word("{statistic} needs {count} more", language)
        listed = [each.format(statistic=HEADERS.get(name, name), count=count(more)) for name, more in missing.items()]
        told.append(text.format(what=word(", ", language).join(listed)))
    if any(set(statistics) & set(tail.endless) for tail in metrics.values()):
        told.append(word("∞: so many requests failed that this one has no end", language))
    if any(not tail.exact for tail in metrics.values()):
        told.append(word("values of more than a million requests are within 1 %", language))
    return " · ".join(told)


def stage_name(part: Part, language: Language = "en") -> str:
    """What a stage is called: 16 users at once, 20 requests/s."""
    if language == "en" or (part.users is None and part.rate is None):
        return printable(part.name)
    return level_text(Level(users=part.users, rate=part.rate), language)


def stage_table(parts: Sequence[Part], language: Language = "en") -> Table:
    """One row a stage."""
    rows = [
        (
            stage_name(part, language),
            count(part.delivered.ok),
            count(part.delivered.failed),
            maybe(digits, part.throughput.requests_per_s, language),
            maybe(digits, part.throughput.output_tokens_per_s, language),
            *(cell(part.metrics.get("ttft_s"), "ttft_s", statistic, language) for statistic in ("p50", "p95", "p99")),
            *(cell(part.metrics.get("total_s"), "total_s", statistic, language) for statistic in ("p50", "p95")),
        )
        for part in parts
    ]
    total = word("whole answer", language)
    headers = [word("stage", language), "ok", word("failed", language), word("requests/s", language),
               word("output tokens/s", language), "TTFT p50", "TTFT p95", "TTFT p99", f"{total} p50",
               f"{total} p95"]  # fmt: skip
    return Table(title=word("Stage by stage", language), headers=headers, rows=rows, right=range(1, len(headers)))
