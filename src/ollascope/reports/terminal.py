"""A report as lines of plain text; drawings are left out, since the tables beside them hold the figures."""

from collections.abc import Iterator

from ollascope.console.show import plain_lines
from ollascope.reports.parts import Banner, Chart, Facts, Part, Report, Table, Text
from ollascope.reports.wrapping import width_of

MARKS = {"ok": "✓", "warning": "!", "problem": "✗", "demo": "!", "plain": "·"}


def lines(report: Report) -> Iterator[str]:
    """The report, line by line."""
    yield report.title
    if report.about:
        yield report.about
    for part in report.parts:
        shown = list(_part(part))
        if shown:
            yield ""
            yield from shown


def _part(part: Part) -> Iterator[str]:
    if isinstance(part, Banner):
        yield f"{MARKS[part.tone]} {part.title}"
        yield from (f"  {line}" for line in part.lines)
        return
    if isinstance(part, Chart):
        return
    if part.title:
        yield part.title
    if isinstance(part, Text):
        yield from part.lines
    elif isinstance(part, Facts):
        yield from plain_lines([(name, value) for name, value in part.rows])
    else:
        yield from _table(part)


def _table(part: Table) -> Iterator[str]:
    rows = [tuple(part.headers), *(tuple(row) for row in part.rows)]
    widths = {column: max(width_of(row[column]) for row in rows) for column in part.right}
    yield from plain_lines(
        [
            tuple(" " * (widths.get(column, 0) - width_of(cell)) + cell for column, cell in enumerate(row))
            for row in rows
        ]
    )
    if part.note:
        yield part.note
