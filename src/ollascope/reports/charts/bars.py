"""Bars side by side, and a heat map."""

from collections.abc import Sequence

from ollascope.reports.charts.draw import BOTTOM, LEFT, RIGHT, TOP, WIDTH, Axis, axes, colour, frame, plot_area, words
from ollascope.reports.charts.scale import Scale, scale_of

ROW = 26.0
MOST_COLUMNS = 240


def bar_chart(rows: Sequence[tuple[str, float]], axis: Axis, *, label: str) -> str:
    """One bar a row, with its name before it and its value behind it."""
    if not rows:
        return ""
    height = TOP + ROW * len(rows) + 8
    left = LEFT + 90
    scale = scale_of([value for _, value in rows], (left, WIDTH - RIGHT - 100), zero=True)
    parts = [words(left, TOP - 10, axis.title)]
    for number, (name, value) in enumerate(rows):
        y = TOP + ROW * number
        width = max(1.0, scale.at(value) - scale.at(0))
        parts.append(words(left - 8, y + 16, name, anchor="end"))
        parts.append(f'<rect x="{left:g}" y="{y + 3:g}" width="{width:.1f}" height="18" rx="2" fill="{colour(0)}"/>')
        parts.append(words(left + width + 8, y + 16, axis.say(value)))
    return frame(parts, label, height)


def heat_map(
    cells: Sequence[Sequence[int]], ends: tuple[tuple[float, float], tuple[float, float]], titles: tuple[Axis, Axis],
    *, label: str,
) -> str:  # fmt: skip
    """How often each pair of values came: columns from the left, within each the counts from the bottom up."""
    most = max((count for column in cells for count in column), default=0)
    if not most:
        return ""
    assert len(cells) <= MOST_COLUMNS, "more columns than anybody can see"
    across, sides = plot_area()
    x = Scale(low=ends[0][0], high=ends[0][1], start=across[0], end=across[1])
    y = Scale(low=ends[1][0], high=ends[1][1], start=sides[0], end=sides[1], logarithmic=titles[1].logarithmic)
    width = (across[1] - across[0]) / len(cells)
    parts = []
    for number, column in enumerate(cells):
        tall = (sides[0] - sides[1]) / len(column)
        for place, count in enumerate(column):
            if count:
                parts.append(
                    f'<rect x="{across[0] + width * number:.1f}" y="{sides[0] - tall * (place + 1):.1f}" '
                    f'width="{width + 0.2:.1f}" height="{tall + 0.2:.1f}" fill="{colour(0)}" '
                    f'fill-opacity="{0.12 + 0.88 * (count / most) ** 0.5:.2f}"/>'
                )
    return frame([*parts, *axes(x, y, titles)], label, sides[0] + BOTTOM)
