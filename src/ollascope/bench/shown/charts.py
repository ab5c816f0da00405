"""Results drawn: over time, as distributions, and against the load."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from ollascope.bench.result import Part, Result, Slice, Tail
from ollascope.bench.shown.figures import STATISTICS, cell, name_of
from ollascope.reports.charts.bars import MOST_COLUMNS, heat_map
from ollascope.reports.charts.draw import Axis
from ollascope.reports.charts.line import Mark, Series, line_chart
from ollascope.reports.charts.panels import Panel, panels
from ollascope.reports.parts import Chart, Table
from ollascope.reports.say import count, digits, maybe, seconds
from ollascope.reports.words import Language, word

STEP: Final = 0.5  # percent between two values of a distribution
VISIBLE: Final = 0.005  # of the span; what is shorter only blurs the edge
FEWEST: Final = 10  # requests that a point of a rate stands for, so that it does not jump with each of them
FEWEST_POINTS: Final = 30
WIDE: Final = 20.0  # times the least
HOLE: Final = 0.05  # of the run without a request: the line is broken
MOST_NAMED: Final = 12  # stages whose load stands beside their beginning
MOST_ROWS: Final = 120  # of figures beside a chart
LEAST: Final = -10  # the bucket of 10 µs: pieces that came together are one row, not most of the picture
TOLD: Final = (1, 5, 10, 25, 50, 75, 90, 95, 99, 99.5, 100)
Of = Callable[[Slice], float | None]


def time_axis(language: Language) -> Axis:
    """Seconds since the run began."""
    return Axis(title=word("since the start", language), say=seconds)


def span_of(result: Result) -> tuple[float, float]:
    """From when to when anything of the run is known."""
    ends = [one.at_s for one in result.slices] + [one.at_s for one in result.readings]
    return 0.0, max([result.window.until_s, *ends])


def marks_of(result: Result, language: Language) -> list[Mark]:
    """What does not count in the figures, grey: before the window and after it; and where stages begin."""
    window, end = result.window, span_of(result)[1]
    marks = []
    if window.since_s > VISIBLE * end:
        marks.append(Mark(at=0.0, until=window.since_s, name=word("does not count", language)))
    if end - window.until_s > VISIBLE * end:
        marks.append(Mark(at=window.until_s, until=end))
    named = len(result.parts) <= MOST_NAMED
    stages = [Mark(at=part.window.since_s, name=_load(part) if named else "") for part in result.parts]
    return [*marks, *stages] if len(stages) > 1 else marks


def _load(part: Part) -> str:
    load = part.rate if part.users is None else part.users
    return "" if load is None else digits(load)


def over_time(result: Result, language: Language) -> Chart:
    """Latency, throughput and what was in flight, over one axis of time."""
    title = word("Over time", language)
    slices, coarse = result.slices, _coarser(result.slices)
    length, longer = _length(slices), _length(coarse)
    each = [
        (word("time to first token", language), seconds,
         {"p50": lambda one: one.ttft_p50_s, "p95": lambda one: one.ttft_p95_s}),
        (word("whole answer", language), seconds,
         {"p50": lambda one: one.total_p50_s, "p95": lambda one: one.total_p95_s}),
        (word("requests/s", language), digits,
         {word("sent", language): lambda one: one.sent / longer,
          word("failed", language): lambda one: one.failed / longer, "ok": lambda one: one.ok / longer}),
        (word("output tokens/s", language), digits, {"": lambda one: one.tokens_per_s}),
        (word("in flight", language), digits, {"": lambda one: one.in_flight}),
    ]  # fmt: skip
    rows = [
        Panel(title=name, say=say, series=_lines(slices if say is seconds else coarse, of)) for name, say, of in each
    ]
    svg = panels(rows, time_axis(language), span_of(result), label=title, marks=marks_of(result, language))
    return Chart(svg=svg, title=title, figures=_slices_table(slices, length, language))


def overlaid(results: Sequence[tuple[str, Result]], language: Language) -> Chart:
    """Several runs over one axis, each from its own start."""
    title = word("Over time, each from its own start", language)
    each: list[tuple[str, Callable[[float], str], Of]] = [
        (word("time to first token", language) + " p50", seconds, lambda one: one.ttft_p50_s),
        (word("whole answer", language) + " p50", seconds, lambda one: one.total_p50_s),
        (word("output tokens/s", language), digits, lambda one: one.tokens_per_s),
        (word("in flight", language), digits, lambda one: one.in_flight),
    ]
    rows = [
        Panel(
            title=name,
            say=say,
            series=[
                _line(run, result.slices if say is seconds else _coarser(result.slices), of) for run, result in results
            ],
        )
        for name, say, of in each
    ]
    span = 0.0, max((span_of(result)[1] for _, result in results), default=1.0)
    return Chart(svg=panels(rows, time_axis(language), span, label=title), title=title)


def distribution(results: Sequence[tuple[str, Result]], names: Sequence[str], language: Language) -> Chart:
    """Which share of the requests was at least so quick: metrics of one run, or one metric of several."""
    one = len(results) == 1
    drawn = [
        (name_of(metric, language) if one else run, result.cdf[metric], result.metrics.get(metric))
        for run, result in results for metric in names if result.cdf.get(metric)
    ]  # fmt: skip
    title = word("Distribution", language) + ("" if one else f": {name_of(names[0], language)}")
    series = [Series(name=name, points=_steps(values)) for name, values, _ in drawn]
    across = Axis(
        title=word("not longer than", language),
        say=seconds,
        logarithmic=_is_wide([value for _, values, _ in drawn for value in values]),
    )
    up = Axis(title="", say=lambda value: f"{value:g} %", zero=True)  # a title would stand where many names do
    failed = any(tail is not None and tail.failed for _, _, tail in drawn)
    note = word("the line ends below 100 % where requests failed: they count as endless", language) if failed else ""
    rows = [(f"{percent:g} %", *(_at(values, percent) for _, values, _ in drawn)) for percent in TOLD]
    headers = (word("share", language), *(name for name, _, _ in drawn))
    figures = Table(headers=headers, rows=rows, right=range(1, len(headers)))
    return Chart(svg=line_chart(series, across, up, label=title), title=title, note=note, figures=figures)


def gaps_map(result: Result, language: Language) -> Chart:
    """How long the pauses between pieces were, over time."""
    title = word("Pauses between pieces over time", language)
    slices = _merged([one for one in result.slices if one.gaps])
    buckets = [bucket for gaps in slices.values() for bucket in gaps]
    if not buckets:
        return Chart(svg="", title=title)
    low, high = min(buckets), max(buckets) + 1
    cells = [[gaps.get(bucket, 0) for bucket in range(low, high)] for gaps in slices.values()]
    times = list(slices)
    half = (times[-1] - times[0]) / max(1, len(times) - 1) / 2 or 0.5
    ends = ((max(0.0, times[0] - half), times[-1] + half), (_bound(low), _bound(high)))
    up = Axis(title=word("pause", language), say=seconds, logarithmic=True)
    totals = {bucket: sum(gaps.get(bucket, 0) for gaps in slices.values()) for bucket in range(low, high)}
    rows = [
        (f"{seconds(_bound(bucket) if bucket > LEAST else 0.0)} – {seconds(_bound(bucket + 1))}", count(number))
        for bucket, number in totals.items() if number
    ]  # fmt: skip
    figures = Table(headers=(word("pause", language), word("number", language)), rows=rows, right=(1,))
    svg = heat_map(cells, ends, (time_axis(language), up), label=title)
    return Chart(svg=svg, title=title, note=word("the darker, the more", language), figures=figures)


def against_load(results: Sequence[Result], language: Language) -> list[Chart]:
    """The time to first token and the throughput against the load, where there are at least two loads."""
    found = []
    for axis, of_stage in (("users at once", 0), ("requests/s asked for", 1)):
        groups = _points(results, of_stage)
        if any(len({load for load, _, _ in points}) > 1 for points in groups.values()):
            across = Axis(title=word(axis, language), say=digits, zero=True)
            found += [_ttft_chart(groups, across, language), _speed_chart(groups, across, language)]
    return found


Points = Mapping[str, Sequence[tuple[float, Tail | None, float | None]]]


def _ttft_chart(groups: Points, across: Axis, language: Language) -> Chart:
    title = word("Time to first token against load", language)
    series = []
    for name, points in groups.items():
        for statistic in ("p50", "p95") if len(groups) == 1 else ("p50",):
            of = STATISTICS[statistic]
            label = statistic if len(groups) == 1 else name
            series.append(Series(name=label, points=[(load, of(tail) if tail else None) for load, tail, _ in points]))
    rows = [
        (name, digits(load), *(cell(tail, "ttft_s", statistic, language) for statistic in ("p50", "p95", "p99")))
        for name, points in groups.items() for load, tail, _ in points
    ]  # fmt: skip
    headers = (word("model", language), across.title, "p50", "p95", "p99")
    figures = Table(headers=headers, rows=rows, right=(1, 2, 3, 4))
    up = Axis(title="TTFT" if len(groups) == 1 else "TTFT p50", say=seconds, zero=True)
    return Chart(svg=line_chart(series, across, up, label=title), title=title, figures=figures)


def _speed_chart(groups: Points, across: Axis, language: Language) -> Chart:
    title = word("Throughput against load", language)
    series = [Series(name=name, points=[(load, rate) for load, _, rate in points]) for name, points in groups.items()]
    up = Axis(title=word("output tokens/s", language), say=digits, zero=True)
    rows = [(name, digits(load), maybe(digits, rate, language)) for name, points in groups.items()
            for load, _, rate in points]  # fmt: skip
    headers = (word("model", language), across.title, word("output tokens/s", language))
    figures = Table(headers=headers, rows=rows, right=(1, 2))
    return Chart(svg=line_chart(series, across, up, label=title), title=title, figures=figures)


def _points(results: Sequence[Result], kind: int) -> Points:
    """For each model its loads in order, with what came of each; kind 0 counts users, 1 requests a second."""
    groups: dict[str, list[tuple[float, Tail | None, float | None]]] = {}
    for result in results:
        points = groups.setdefault(result.asked.target.model, [])
        if result.parts:
            points += [
                (load, part.metrics.get("ttft_s"), part.throughput.output_tokens_per_s)
                for part in result.parts if (load := (part.users, part.rate)[kind]) is not None
            ]  # fmt: skip
        elif len(result.asked.load.levels) == 1:
            level = result.asked.load.levels[0]
            load = (level.users, level.rate if level.until_rate is None else None)[kind]
            if load is not None:
                points.append((load, result.metrics.get("ttft_s"), result.throughput.output_tokens_per_s))
    return {name: sorted(points, key=lambda point: point[0]) for name, points in groups.items() if points}


def _lines(slices: Sequence[Slice], of: Mapping[str, Of]) -> list[Series]:
    return [_line(name, slices, read) for name, read in of.items()]


def _line(name: str, slices: Sequence[Slice], of: Of) -> Series:
    """A line over short stretches in which nothing was sent; a long one breaks it."""
    hole, points, last = max(3, HOLE * len(slices)), list[tuple[float, float | None]](), 0
    for place, one in enumerate(slices):
        value = of(one)
        if value is not None:
            if points and place - last > hole:
                points.append((one.at_s, None))
            points.append((one.at_s, value))
            last = place
    return Series(name=name, points=points)


def _coarser(slices: Sequence[Slice]) -> list[Slice]:
    """Fewer and longer ones, so that each holds some requests; sums add up, flows are averaged."""
    each = sum(one.ok for one in slices) / max(1, len(slices))
    size = min(math.ceil(FEWEST / each) if each else 1, max(1, len(slices) // FEWEST_POINTS))
    return [_merge(slices[start : start + size]) for start in range(0, len(slices) - size + 1, size)]


def _merge(stretch: Sequence[Slice]) -> Slice:
    return replace(
        stretch[0],
        at_s=sum(one.at_s for one in stretch) / len(stretch),
        sent=sum(one.sent for one in stretch),
        ok=sum(one.ok for one in stretch),
        failed=sum(one.failed for one in stretch),
        in_flight=_mean([one.in_flight for one in stretch]),
        tokens_per_s=_mean([one.tokens_per_s for one in stretch]),
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _length(slices: Sequence[Slice]) -> float:
    """How long a slice is, by the distance of their middles."""
    if len(slices) < 2:
        return 1.0
    return (slices[-1].at_s - slices[0].at_s) / (len(slices) - 1) or 1.0


def _slices_table(slices: Sequence[Slice], length: float, language: Language) -> Table:
    step = max(1, -(-len(slices) // MOST_ROWS))
    rows = [
        (seconds(one.at_s), digits(one.ok / length), count(one.failed), maybe(digits, one.in_flight, language),
         maybe(digits, one.tokens_per_s, language), maybe(seconds, one.ttft_p50_s, language),
         maybe(seconds, one.ttft_p95_s, language), maybe(seconds, one.total_p50_s, language))
        for one in slices[::step]
    ]  # fmt: skip
    total = word("whole answer", language)
    names = ("since the start", "requests/s", "failed", "in flight", "output tokens/s")
    headers = (*(word(name, language) for name in names), "TTFT p50", "TTFT p95", f"{total} p50")
    return Table(headers=headers, rows=rows, right=range(len(headers)))


def _steps(values: Sequence[float]) -> list[tuple[float, float | None]]:
    return [(value, STEP * place) for place, value in enumerate(values)]


def _is_wide(values: Sequence[float]) -> bool:
    """Whether they differ so much that only powers of ten can show them all."""
    known = [value for value in values if value > 0]
    return bool(known) and max(known) > WIDE * min(known)


def _at(values: Sequence[float], percent: float) -> str:
    place = round(percent / STEP)
    return seconds(values[place]) if place < len(values) else "∞"


def _merged(slices: Sequence[Slice]) -> dict[float, dict[int, int]]:
    """At most so many columns as anybody can see, each with the counts of its gaps."""
    size = max(1, -(-len(slices) // MOST_COLUMNS))
    merged: dict[float, dict[int, int]] = {}
    for start in range(0, len(slices), size):
        stretch = slices[start : start + size]
        held = merged.setdefault(sum(one.at_s for one in stretch) / len(stretch), {})
        for one in stretch:
            for bucket, number in one.gaps:
                shown = max(bucket, LEAST)
                held[shown] = held.get(shown, 0) + number
    return merged


def _bound(bucket: int) -> float:
    """The shortest pause of a bucket, in seconds."""
    return math.pow(10, bucket / 5 - 3)
