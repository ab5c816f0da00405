"""A Summary, and how it differs from another one, as parts of a report."""

from collections.abc import Sequence

from ollascope.reports.parts import Facts, Part, Table, Text
from ollascope.reports.say import SAY, count, interval, maybe, share
from ollascope.reports.words import Language, word
from ollascope.words.metrics import METRICS, Metric
from ollascope.words.summary import Figure, Summary

FEW = 30  # requests below which a reader is told that percentiles are missing
SHOWN = ("ttft_s", "answer_s", "total_s", "tpot_s", "gap_s", "queue_s", "load_s", "prefill_s", "decode_tokens_per_s",
         "prefill_tokens_per_s", "cached_ratio")  # fmt: skip


def summary_parts(summary: Summary, language: Language = "en", metrics: Sequence[str] = SHOWN) -> list[Part]:
    """What a Summary says: counts, outcomes, figures; honest where there is little to go by."""
    if not summary.requests:
        return [Text(lines=[word("nothing was recorded", language)])]
    parts: list[Part] = [_counts(summary, language)]
    if 0 < summary.requests < FEW:
        told = word("Few requests ({count}): percentiles that need more are left out", language)
        parts.append(Text(lines=[told.format(count=summary.requests)]))
    parts.append(_outcomes(summary, language))
    parts.append(figures_table(summary, language, metrics))
    return parts


def figures_table(summary: Summary, language: Language = "en", metrics: Sequence[str] = SHOWN) -> Table:
    """One row a metric that was measured."""
    rows = [
        _row(metric, summary.metrics[metric.name], language)
        for metric in METRICS
        if metric.name in metrics and metric.name in summary.metrics
    ]
    headers = [word("metric", language), "n", word("mean", language), "p50", "p90", "p95", "p99",
               word("most", language), word("95 % interval of the median", language)]  # fmt: skip
    return Table(title=word("Latency and speed", language), headers=headers, rows=rows, right=range(1, 9))


def comparison(now: Summary, before: Summary, language: Language = "en", metrics: Sequence[str] = SHOWN) -> Table:
    """The medians side by side, with the change where both are known."""
    rows = [(word("requests", language), count(before.requests), count(now.requests),
             _change(before.requests, now.requests))]  # fmt: skip
    for metric in METRICS:
        one, other = before.metrics.get(metric.name), now.metrics.get(metric.name)
        if metric.name in metrics and (one or other):
            old, new = one.p50 if one else None, other.p50 if other else None
            say = SAY[metric.unit]
            name = f"{metric.name} p50"
            rows.append((name, maybe(say, old, language), maybe(say, new, language), _change(old, new)))
    headers = [word(text, language) for text in ("metric", "before", "now", "change")]
    title = word("Compared with the period before", language)
    return Table(title=title, headers=headers, rows=rows, right=(1, 2, 3))


def _counts(summary: Summary, language: Language) -> Facts:
    rows = [(word("requests", language), count(summary.requests))]
    good = summary.outcomes.get("ok", 0)
    rows.append(("ok", share(good / summary.requests)))
    for name, tokens in (("prompt", summary.tokens_in), ("from the cache", summary.tokens_cached),
                         ("answers", summary.tokens_out)):  # fmt: skip
        title = f"{word('Tokens', language)}: {word(name, language)}"
        rows.append((title, maybe(count, tokens, language)))
    return Facts(rows=rows, big=True)


def _outcomes(summary: Summary, language: Language) -> Table:
    ordered = sorted(summary.outcomes.items(), key=lambda pair: (pair[0] != "ok", -pair[1], pair[0]))
    rows = [(outcome, count(number), share(number / summary.requests)) for outcome, number in ordered]
    headers = [word(text, language) for text in ("outcome", "number", "share")]
    return Table(title=word("Outcomes", language), headers=headers, rows=rows, right=(1, 2))


def _row(metric: Metric, figure: Figure, language: Language) -> tuple[str, ...]:
    say = SAY[metric.unit]
    known = (figure.mean, figure.p50, figure.p90, figure.p95, figure.p99, figure.max)
    return (metric.name, count(figure.n), *(maybe(say, value, language) for value in known),
            interval(say, figure.ci95.get("p50")))  # fmt: skip


def _change(old: float | None, new: float | None) -> str:
    if old is None or new is None or not old:
        return ""
    return f"{(new - old) / old * 100:+.0f} %"
