"""Series over a common axis: lines, single points, steps."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import Literal

from ollascope.reports.charts.draw import Axis, axes, colour, frame, legend, plot_area, words
from ollascope.reports.charts.scale import Scale, scale_of

MOST_POINTS = 1500  # more than a screen has columns only makes the file bigger
Kind = Literal["line", "points", "steps"]
Point = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Points in order; one without a value breaks the line."""

    name: str
    points: Sequence[tuple[float, float | None]]
    kind: Kind = "line"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A place on the axis across that something happened at, or a span of it."""

    at: float
    until: float | None = None
    name: str = ""


def line_chart(series: Sequence[Series], across: Axis, up: Axis, *, label: str, marks: Sequence[Mark] = ()) -> str:
    """A drawing of series over a common axis."""
    given = [point for one in series for point in one.points if is_drawable(point, up)]
    if not given:
        return ""
    ends, sides = plot_area()
    x = scale_of([at for at, _ in given], ends, logarithmic=across.logarithmic, zero=across.zero)
    y = scale_of([value for _, value in given if value is not None], sides, logarithmic=up.logarithmic, zero=up.zero)
    parts = [part for mark in marks for part in draw_mark(mark, x, y)]
    parts += axes(x, y, (across, up))
    for number, one in enumerate(series):
        parts += draw_series(one, number, x, y, up)
    return frame([*parts, *legend([one.name for one in series])], label)


def cdf(samples: Sequence[tuple[str, Sequence[float]]], across: Axis, *, label: str) -> str:
    """Which share of the values is not greater than what the axis says."""
    series = [Series(name=name, points=_shares(values), kind="steps") for name, values in samples if values]
    return line_chart(series, across, Axis(title="%", say=lambda value: f"{value:.0f}", zero=True), label=label)


def spark(values: Sequence[float | None], *, label: str) -> str:
    """A small line without axes."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return ""
    x = Scale(low=0, high=len(values) - 1, start=1, end=119)
    y = scale_of(known, (29, 1), zero=True)
    points = [(float(number), value) for number, value in enumerate(values)]
    drawn = "".join(_path(run, x, y, "line") for run in _runs(points))
    return (
        f'<svg viewBox="0 0 120 30" role="img" aria-label="{escape(label, quote=True)}" '
        f'xmlns="http://www.w3.org/2000/svg"><path class="mark" stroke="{colour(0)}" d="{drawn}"/></svg>'
    )


def is_drawable(point: tuple[float, float | None], up: Axis) -> bool:
    """Whether a point has a value that this axis can show."""
    at, value = point
    return value is not None and math.isfinite(at) and math.isfinite(value) and (value > 0 or not up.logarithmic)


def _shares(values: Sequence[float]) -> list[tuple[float, float | None]]:
    ordered = sorted(values)
    step = max(1, len(ordered) // MOST_POINTS)
    places = [*range(0, len(ordered), step), len(ordered) - 1]
    return [(ordered[place], 100 * (place + 1) / len(ordered)) for place in dict.fromkeys(places)]


def draw_series(one: Series, number: int, x: Scale, y: Scale, up: Axis) -> list[str]:
    """One series in the colour of its number."""
    points = [(at, value if is_drawable((at, value), up) else None) for at, value in one.points]
    if one.kind == "points":
        return [
            f'<circle cx="{x.at(at):.1f}" cy="{y.at(value):.1f}" r="2" fill="{colour(number)}" fill-opacity="0.55"/>'
            for at, value in _thinned(points)
            if value is not None
        ]
    kept = points if one.kind == "steps" else _thinned(points)
    drawn = "".join(_path(run, x, y, one.kind) for run in _runs(kept))
    dots = [run[0] for run in _runs(kept) if len(run) == 1]
    fill = f'r="2.5" fill="{colour(number)}"'
    return [
        f'<path class="mark" stroke="{colour(number)}" d="{drawn}"/>',
        *(f'<circle cx="{x.at(at):.1f}" cy="{y.at(value):.1f}" {fill}/>' for at, value in dots),
    ]


def _thinned(points: Sequence[tuple[float, float | None]]) -> list[tuple[float, float | None]]:
    """Of many points the least and the most of each short stretch: peaks stay visible."""
    if len(points) <= MOST_POINTS:
        return list(points)
    size = -(-2 * len(points) // MOST_POINTS)
    kept: list[tuple[float, float | None]] = []
    for start in range(0, len(points), size):
        stretch = points[start : start + size]
        known = [(value, place) for place, (_, value) in enumerate(stretch) if value is not None]
        places = sorted({min(known)[1], max(known)[1]}) if known else [0]
        kept += [stretch[place] for place in places]
    return kept


def _runs(points: Sequence[tuple[float, float | None]]) -> list[list[Point]]:
    """The stretches without a missing value."""
    runs: list[list[Point]] = [[]]
    for at, value in points:
        if value is None:
            runs.append([])
        else:
            runs[-1].append((at, value))
    return [run for run in runs if run]


def _path(run: Sequence[Point], x: Scale, y: Scale, kind: Kind) -> str:
    first = run[0]
    drawn = [f"M{x.at(first[0]):.1f} {y.at(first[1]):.1f}"]
    for before, after in pairwise(run):
        if kind == "steps":
            drawn.append(f"L{x.at(after[0]):.1f} {y.at(before[1]):.1f}")
        drawn.append(f"L{x.at(after[0]):.1f} {y.at(after[1]):.1f}")
    return "".join(drawn)


def draw_mark(mark: Mark, x: Scale, y: Scale) -> list[str]:
    """A place or a span on the axis across, behind what is drawn later."""
    start, end = x.at(mark.at), x.at(mark.at if mark.until is None else mark.until)
    width = max(1.5, end - start)
    place = f'x="{start:.1f}" y="{y.end:g}" width="{width:.1f}" height="{y.start - y.end:g}"'
    return [
        f'<rect {place} fill="var(--line)" fill-opacity="0.6"/>',
        *([words(start + 4, y.end + 12, mark.name)] if mark.name else []),
    ]
