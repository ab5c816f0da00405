"""How facts reach the screen: a table where a person reads, plain columns in a pipe, JSON on request."""

import json
import sys
import textwrap
import unicodedata
from collections.abc import Mapping, Sequence
from typing import IO

import click

from ollascope.words.errors import Trouble

GAP = "  "

json_option = click.option("--json", "as_json", is_flag=True, help="Print the facts as JSON.")


def say(text: str) -> None:
    """One line of result on standard output."""
    click.echo(text)


def note(text: str) -> None:
    """One line beside the result, on standard error."""
    click.echo(text, err=True)


def print_json(facts: object) -> None:
    """Facts for a program, indented for a person who looks too."""
    click.echo(json.dumps(facts, ensure_ascii=False, indent=2, allow_nan=False))


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], styles: Mapping[str, str] | None = None) -> None:
    """Rows under headers; `styles` colours cells by their exact text where colours can be seen."""
    if sys.stdout.isatty():
        _rich_table(headers, rows, styles or {})
        return
    for line in plain_lines([headers, *rows]):
        click.echo(line)


def plain_lines(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as aligned columns, without trailing blanks; a wide character counts as two."""
    if not rows:
        return []
    widths = [max(_width(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [GAP.join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows]  # fmt: skip


def trouble(error: Trouble, stream: IO[str] | None = None) -> None:
    """What went wrong in one line, and under it what the person can do now."""
    out = stream or sys.stderr
    click.echo(f"{click.style('ollascope:', fg='red')} {error.message}", file=out)
    for line in textwrap.wrap(error.hint, 110, break_long_words=False, break_on_hyphens=False):
        click.echo(f"  {line}", file=out)


def _rich_table(headers: Sequence[str], rows: Sequence[Sequence[str]], styles: Mapping[str, str]) -> None:
    from rich.console import Console  # noqa: PLC0415 - costs 60 ms that a pipe need not pay
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    grid = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for header in headers:
        grid.add_column(header, overflow="fold")
    for row in rows:
        grid.add_row(*(Text(cell, style=styles.get(cell, "")) for cell in row))
    Console().print(grid)


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
