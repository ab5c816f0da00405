"""An Account drawn: requests and the time to first token over time, and how requests ended."""

from collections.abc import Callable
from datetime import UTC, datetime

from ollascope.monitor.past.span import DAY_S, HOUR_S, MINUTE_S, Span
from ollascope.monitor.summary import Account, Bucket
from ollascope.reports.charts.bars import bar_chart
from ollascope.reports.charts.draw import Axis
from ollascope.reports.charts.line import Series, line_chart
from ollascope.reports.parts import Chart, Table
from ollascope.reports.say import count, maybe, seconds
from ollascope.reports.words import Language, word

MOST_OUTCOMES = 12


def account_charts(account: Account, language: Language) -> list[Chart]:
    """What can be drawn of it."""
    drawn = (_requests(account, language), _ttft(account, language), _outcomes(account, language))
    return [chart for chart in drawn if chart.svg]


def clock_axis(span: Span, title: str) -> tuple[Axis, Callable[[float], float]]:
    """An axis with round times of day, or days, and where an instant lies on it."""
    first = span.since // DAY_S * DAY_S
    unit = MINUTE_S if span.length_s <= 3 * HOUR_S else HOUR_S if span.length_s <= 2 * DAY_S else DAY_S

    def say(place: float) -> str:
        moment = datetime.fromtimestamp(first + place * unit, UTC)
        if unit < DAY_S:
            return moment.strftime("%H:%M")
        return moment.strftime("%m-%d" if place == int(place) else "%m-%d %H:%M")

    return Axis(title=f"{title} (UTC)", say=say), lambda at: (at - first) / unit


def _requests(account: Account, language: Language) -> Chart:
    title = word("Requests over time", language)
    across, place = clock_axis(account.asked.span, word("time", language))
    series = [
        Series(name=word("requests", language), kind="steps",
               points=_stepped(account, place, lambda one: one.requests)),
        Series(name=word("failed", language), kind="steps",
               points=_stepped(account, place, lambda one: one.failed)),
    ]  # fmt: skip
    each = f"{word('requests', language)} / {seconds(account.step_s)}"
    rows = [(across.say(place(one.at)), count(one.requests), count(one.failed)) for one in account.buckets]
    headers = (word("time", language), word("requests", language), word("failed", language))
    return Chart(
        svg=line_chart(series, across, Axis(title=each, say=count, zero=True), label=title),
        title=title,
        note=word("the first and the last piece are shorter than the others", language) if _is_cut(account) else "",
        figures=Table(headers=headers, rows=rows, right=(1, 2)),
    )


def _stepped(
    account: Account, place: Callable[[float], float], of: Callable[[Bucket], int]
) -> list[tuple[float, float | None]]:
    """A number of each piece of the time, the last one as wide as what of it has passed."""
    points: list[tuple[float, float | None]] = [(place(one.at), of(one)) for one in account.buckets]
    return [*points, (place(account.asked.span.until), of(account.buckets[-1]))] if account.buckets else []


def _is_cut(account: Account) -> bool:
    """Whether the time that was asked for begins or ends within a piece."""
    span = account.asked.span
    return any(end % account.step_s for end in (span.since, span.until)) and len(account.buckets) > 1


def _ttft(account: Account, language: Language) -> Chart:
    title = word("Time to first token over time", language)
    across, place = clock_axis(account.asked.span, word("time", language))
    if account.dots:
        dots: list[tuple[float, float | None]] = [(place(at), ttft) for at, ttft in account.dots]
        series = [Series(name="ttft", kind="points", points=dots)]
    else:
        series = [
            Series(name="p50", points=[(place(one.at), one.ttft.p50) for one in account.buckets]),
            Series(name="p95", points=[(place(one.at), one.ttft.p95) for one in account.buckets]),
        ]
    rows = [
        (across.say(place(one.at)), count(one.ttft.n), maybe(seconds, one.ttft.p50, language),
         maybe(seconds, one.ttft.p95, language))
        for one in account.buckets if one.ttft.n
    ]  # fmt: skip
    return Chart(
        svg=line_chart(series, across, Axis(title="ttft", say=seconds, zero=True), label=title),
        title=title,
        figures=Table(headers=(word("time", language), "n", "p50", "p95"), rows=rows, right=(1, 2, 3)),
    )


def _outcomes(account: Account, language: Language) -> Chart:
    title = word("Outcomes", language)
    ordered = sorted(account.summary.outcomes.items(), key=lambda pair: -pair[1])[:MOST_OUTCOMES]
    rows = [(outcome, float(number)) for outcome, number in ordered]
    return Chart(svg=bar_chart(rows, Axis(title="", say=count), label=title), title=title)
