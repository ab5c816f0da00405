"""A report for a narrow screen: tables that do not fit are told row by row."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ollascope.console.show import GAP
from ollascope.reports.parts import Part, Report, Table, Text
from ollascope.reports.wrapping import width_of, wrapped

INDENT = "  "
NARROWEST = 20


def narrowed(report: Report, width: int | None) -> Report:
    """The report as it fits so many columns; without a width, as in a pipe, it stays as it is."""
    return report if width is None else replace(report, parts=[_fitted(part, width) for part in report.parts])


def _fitted(part: Part, width: int) -> Part:
    if not isinstance(part, Table) or _width(part) <= width:
        return part
    lines = [line for row in part.rows for line in _told(part, row, max(width, NARROWEST))]
    return Text(title=part.title, lines=[*lines, *wrapped(part.note, width)] if part.note else lines)


def _width(table: Table) -> int:
    rows = [table.headers, *table.rows]
    return sum(max(width_of(row[column]) for row in rows) + len(GAP) for column in range(len(table.headers))) - len(GAP)


def _told(table: Table, row: Sequence[str], width: int) -> Iterator[str]:
    """A row's first cell, and under it the others, each after its header."""
    first, *rest = row
    yield from wrapped(first, width)
    cells = [f"{header} {cell}" for header, cell in zip(table.headers[1:], rest, strict=True) if cell]
    yield from wrapped(", ".join(cells), width, first=INDENT, rest=INDENT)
