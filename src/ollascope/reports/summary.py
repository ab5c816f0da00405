"""A Summary, and how it differs from another one, as parts of a report."""

from collections.abc import Iterator, Sequence

from ollascope.reports.parts import Facts, Part, Table, Text
from ollascope.reports.say import SAY, Say, count, digits, maybe, share
from ollascope.reports.words import Language, word
from ollascope.words.metrics import METRICS, Metric
from ollascope.words.outcomes import ending_of, failures
from ollascope.words.summary import Figure, Interval, Summary

FEW = 30  # requests below which a reader is told that percentiles are missing
SHOWN = ("ttft_s", "answer_s", "total_s", "tpot_s", "gap_s", "queue_s", "load_s", "prefill_s", "decode_tokens_per_s",
         "prefill_tokens_per_s", "cached_ratio")  # fmt: skip
TOLD_APART = ("p50", "p90", "p95", "p99")  # the percentiles whose intervals are shown
TAILS = ("ttft_s", "total_s")  # of these the slow end is compared too


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
    if (intervals := intervals_table(summary, language, metrics)).rows:
        parts.append(intervals)
    return parts


def figures_table(summary: Summary, language: Language = "en", metrics: Sequence[str] = SHOWN) -> Table:
    """One row a metric that was measured."""
    rows = [_row(metric, figure, language) for metric, figure in _measured(summary, metrics)]
    headers = [
        word("metric", language),
        word("number", language),
        word("mean", language),
        "p50",
        "p90",
        "p95",
        "p99",
        word("most", language),
    ]
    return Table(title=word("Latency and speed", language), headers=headers, rows=rows, right=range(1, 8))


def intervals_table(summary: Summary, language: Language = "en", metrics: Sequence[str] = SHOWN) -> Table:
    """Between which bounds each percentile lies, with a chance of 95 %."""
    rows = [
        (word(metric.title, language), *(_between(_say(metric), figure.ci95.get(name)) for name in TOLD_APART))
        for metric, figure in _measured(summary, metrics)
        if any(name in figure.ci95 for name in TOLD_APART)
    ]
    title = word("How sure the percentiles are: 95 % intervals", language)
    headers = [word("metric", language), *TOLD_APART]
    return Table(title=title, headers=headers, rows=rows, right=range(1, 1 + len(TOLD_APART)))


def comparison(now: Summary, before: Summary, language: Language = "en", metrics: Sequence[str] = SHOWN) -> Table:
    """Requests, failures and percentiles side by side, with the change where both are known."""
    rows = [(word("requests", language), count(before.requests), count(now.requests),
             _change(before.requests, now.requests))]  # fmt: skip
    rows.append((word("failed", language), _failed(before, language), _failed(now, language), ""))
    for metric in METRICS:
        one, other = before.metrics.get(metric.name), now.metrics.get(metric.name)
        if metric.name in metrics and (one or other):
            names = ("p50", "p95") if metric.name in TAILS else ("p50",)
            rows += [_compared(metric, name, (one, other), language) for name in names]
    headers = [word(text, language) for text in ("metric", "before", "now", "change")]
    title = word("Compared with the period before", language)
    return Table(title=title, headers=headers, rows=rows, right=(1, 2, 3))


def figure_text(say: Say, figure: Figure | None, name: str, language: Language = "en") -> str:
    """One statistic: its value, that there are too few values for it, or that nothing was measured."""
    value = _statistic(figure, name)
    return word("too few", language) if value is None and figure and figure.n else maybe(say, value, language)


def _measured(summary: Summary, metrics: Sequence[str]) -> Iterator[tuple[Metric, Figure]]:
    for metric in METRICS:
        if metric.name in metrics and metric.name in summary.metrics:
            yield metric, summary.metrics[metric.name]


def _counts(summary: Summary, language: Language) -> Facts:
    rows = [(word("requests", language), count(summary.requests))]
    good = summary.outcomes.get("ok", 0)
    rows.append(("ok", share(good / summary.requests)))
    rows.append((word("failed", language), _failed(summary, language)))
    for name, tokens in (("prompt", summary.tokens_in), ("from the cache", summary.tokens_cached),
                         ("answers", summary.tokens_out)):  # fmt: skip
        title = f"{word('Tokens', language)}: {word(name, language)}"
        rows.append((title, maybe(count, tokens, language)))
    return Facts(rows=rows, big=True)


def _failed(summary: Summary, language: Language) -> str:
    told = failures(summary.outcomes) / summary.requests if summary.requests else None
    return maybe(share, told, language)


def _outcomes(summary: Summary, language: Language) -> Table:
    ordered = sorted(summary.outcomes.items(), key=lambda pair: (pair[0] != "ok", -pair[1], pair[0]))
    rows = [(outcome, count(number), share(number / summary.requests), word(ending_of(outcome), language))
            for outcome, number in ordered]  # fmt: skip
    headers = [word(text, language) for text in ("outcome", "number", "share", "counts as")]
    return Table(title=word("Outcomes", language), headers=headers, rows=rows, right=(1, 2))


def _row(metric: Metric, figure: Figure, language: Language) -> tuple[str, ...]:
    say = _say(metric)
    names = ("mean", "p50", "p90", "p95", "p99", "max")
    return (
        word(metric.title, language),
        count(figure.n),
        *(figure_text(say, figure, name, language) for name in names),
    )


def _compared(
    metric: Metric, name: str, both: tuple[Figure | None, Figure | None], language: Language
) -> tuple[str, str, str, str]:
    before, now = both
    say, old, new = _say(metric), _statistic(before, name), _statistic(now, name)
    change = _change(old, new)
    if change not in {"", "0 %"} and _may_be_chance(before, now, name):
        change += word(", may be chance", language)
    told = (figure_text(say, before, name, language), figure_text(say, now, name, language))
    return f"{word(metric.title, language)} {name}", *told, change


def _may_be_chance(before: Figure | None, now: Figure | None, name: str) -> bool:
    """Whether the intervals of both overlap, or there are too few values for one of them."""
    if before is None or now is None:
        return False
    one, other = before.ci95.get(name), now.ci95.get(name)
    if one is None or other is None:
        return min(before.n, now.n) < FEW
    return one[0] <= other[1] and other[0] <= one[1]


def _statistic(figure: Figure | None, name: str) -> float | None:
    if figure is None:
        return None
    known = {"mean": figure.mean, "p50": figure.p50, "p90": figure.p90, "p95": figure.p95, "p99": figure.p99,
             "max": figure.max}  # fmt: skip
    return known[name]


def _say(metric: Metric) -> Say:
    """How its values read beside its name, which tells tokens per second already."""
    return digits if metric.unit == "tokens/s" else SAY[metric.unit]


def _between(say: Say, span: Interval | None) -> str:
    """Both ends, with the unit once where it is the same."""
    if span is None:
        return ""
    low, high = say(span[0]), say(span[1])
    number, _, unit = low.partition(" ")
    return f"{number} – {high}" if unit and high.partition(" ")[2] == unit else f"{low} – {high}"


def _change(old: float | None, new: float | None) -> str:
    if old is None or new is None or not old:
        return ""
    told = f"{(new - old) / old * 100:+.0f} %"
    return "0 %" if told in {"+0 %", "-0 %"} else told
