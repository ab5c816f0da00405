"""The frame of every drawing: its size, its axes with their words, its legend."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape

from ollascope.reports.charts.scale import Scale
from ollascope.reports.wrapping import width_of

WIDTH, HEIGHT = 960.0, 300.0
LEFT, RIGHT, TOP, BOTTOM = 78.0, 18.0, 26.0, 40.0
COLOURS = 6

Say = Callable[[float], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One side of a drawing: what it shows and how its values read."""

    title: str
    say: Say
    logarithmic: bool = False
    zero: bool = False


def colour(number: int) -> str:
    """The colour of a series, by the page's own palette."""
    return f"var(--c{number % COLOURS + 1})"


def frame(body: Iterable[str], label: str, height: float = HEIGHT) -> str:
    """A drawing that is as wide as its page, with a name for who cannot see it."""
    text = escape(label, quote=True)
    inner = "".join(body)
    return (
        f'<svg viewBox="0 0 {WIDTH:g} {height:g}" role="img" aria-label="{text}" '
        f'xmlns="http://www.w3.org/2000/svg">{inner}</svg>'
    )


def plot_area(height: float = HEIGHT) -> tuple[tuple[float, float], tuple[float, float]]:
    """From where to where a drawing goes, across and upwards."""
    return (LEFT, WIDTH - RIGHT), (height - BOTTOM, TOP)


def axes(across: Scale, up: Scale, titles: tuple[Axis, Axis]) -> list[str]:
    """Lines at round values, their words, and what the axes show."""
    bottom, top = up.start, up.end
    parts = []
    for value in up.ticks(4):
        y = up.at(value)
        parts.append(f'<line class="grid" x1="{across.start:g}" x2="{across.end:g}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(words(across.start - 8, y + 4, titles[1].say(value), anchor="end"))
    for value in across.ticks(7):
        x = across.at(value)
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{bottom:g}" y2="{bottom + 5:g}"/>')
        parts.append(words(x, bottom + 19, titles[0].say(value), anchor="middle"))
    parts.append(words(across.end, bottom + 35, titles[0].title, anchor="end"))
    parts.append(words(across.start, top - 10, titles[1].title))
    return parts


def legend(names: Sequence[str], top: float = TOP) -> list[str]:
    """The names of the series with their colours, where there are several."""
    if len(names) < 2:
        return []
    parts, x = [], WIDTH - RIGHT
    for number, name in reversed(list(enumerate(names))):
        x -= 8.0 * width_of(name) + 26
        parts.append(f'<rect x="{x:g}" y="{top - 20:g}" width="12" height="12" rx="2" fill="{colour(number)}"/>')
        parts.append(words(x + 17, top - 10, name))
    return parts


def words(x: float, y: float, text: str, *, anchor: str = "start") -> str:
    """A text in a drawing."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
