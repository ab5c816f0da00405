"""Small drawings one below the other over one common axis, so that what happened at one time stands in one line."""

from collections.abc import Sequence
from dataclasses import dataclass

from ollascope.reports.charts.draw import BOTTOM, LEFT, RIGHT, TOP, WIDTH, Axis, Say, frame, legend, words
from ollascope.reports.charts.line import Mark, Series, draw_mark, draw_series, is_drawable
from ollascope.reports.charts.scale import Scale, scale_of

TALL = 84.0  # of one panel, without its title
APART = 36.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One of the drawings: what it shows, how its values read, its series; from 0 where `zero`."""

    title: str
    say: Say
    series: Sequence[Series]
    zero: bool = True
    logarithmic: bool = False


def panels(
    rows: Sequence[Panel], across: Axis, span: tuple[float, float], *, label: str, marks: Sequence[Mark] = ()
) -> str:
    """All panels that have something to draw, over the same span; nothing where none has."""
    kept = [panel for panel in rows if _values(panel)]
    if not kept:
        return ""
    x = Scale(low=span[0], high=max(span[1], span[0] + 1e-9), start=LEFT, end=WIDTH - RIGHT)
    parts: list[str] = []
    for number, panel in enumerate(kept):
        top = TOP + number * (TALL + APART)
        parts += _panel(panel, x, top, marks if number == 0 else [Mark(at=one.at, until=one.until) for one in marks])
    bottom = TOP + len(kept) * (TALL + APART) - APART
    for value in x.ticks(7):
        parts.append(words(x.at(value), bottom + 19, across.say(value), anchor="middle"))
    parts.append(words(x.end, bottom + 35, across.title, anchor="end"))
    return frame(parts, label, bottom + BOTTOM)


def _panel(panel: Panel, x: Scale, top: float, marks: Sequence[Mark]) -> list[str]:
    up = Axis(title=panel.title, say=panel.say, zero=panel.zero, logarithmic=panel.logarithmic)
    y = scale_of(_values(panel), (top + TALL, top), logarithmic=panel.logarithmic, zero=panel.zero)
    parts = [part for mark in marks for part in draw_mark(mark, x, y)]
    for value in y.ticks(2):
        place = y.at(value)
        parts.append(f'<line class="grid" x1="{x.start:g}" x2="{x.end:g}" y1="{place:.1f}" y2="{place:.1f}"/>')
        parts.append(words(x.start - 8, place + 4, panel.say(value), anchor="end"))
    for value in x.ticks(7):
        place = x.at(value)
        parts.append(f'<line class="grid" x1="{place:.1f}" x2="{place:.1f}" y1="{top:g}" y2="{top + TALL + 4:g}"/>')
    parts.append(words(x.start, top - 10, panel.title))
    drawn = [one for one in panel.series if any(is_drawable(point, up) for point in one.points)]
    for number, one in enumerate(drawn):
        parts += draw_series(one, number, x, y, up)
    return [*parts, *legend([one.name for one in drawn], top)]


def _values(panel: Panel) -> list[float]:
    up = Axis(title="", say=panel.say, logarithmic=panel.logarithmic)
    return [
        value for one in panel.series for point in one.points if is_drawable(point, up)
        if (value := point[1]) is not None
    ]  # fmt: skip
