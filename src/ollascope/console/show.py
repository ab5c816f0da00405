"""How facts reach the screen: a table where a person reads, plain columns in a pipe, JSON on request."""

import json
import sys
import textwrap
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import IO

import click

from ollascope.console.invocation import Invocation
from ollascope.words.errors import Trouble

GAP = "  "
INDENT = "    "
SHORT = 24

json_option = click.option("--json", "as_json", is_flag=True, help="Print the facts as JSON.")


def say(text: str) -> None:
    """One line of result on standard output."""
    click.echo(text)


def note(text: str) -> None:
    """One line beside the result, on standard error; --quiet leaves it out."""
    if not _said().quiet:
        click.echo(text, err=True)


def detail(text: str) -> None:
    """One line on standard error for who asked for more with --verbose."""
    if _said().verbose:
        click.echo(text, err=True)


def print_json(facts: object) -> None:
    """Facts for a program, indented for a person who looks too."""
    text = json.dumps(facts, ensure_ascii=False, indent=2, allow_nan=False)
    # A letter that would act on a terminal, or that no encoding has, is as good in JSON as its escape.
    click.echo("".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text))


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], styles: Mapping[str, str] | None = None) -> None:
    """Rows under headers, without columns that hold nothing; `styles` colours cells by their text on a screen."""
    kept = [column for column in range(len(headers)) if not rows or any(row[column] for row in rows)]
    headers, rows = [headers[column] for column in kept], [[row[column] for column in kept] for row in rows]
    if sys.stdout.isatty():
        _on_screen(headers, rows, styles or {})
        return
    for line in plain_lines([headers, *rows]):
        click.echo(line)


def size_text(count: int) -> str:
    """Bytes as people read them: 512 MiB, 11.2 GiB."""
    for unit, size in (("TiB", 2**40), ("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if count >= size:
            return f"{count / size:.{0 if size < 2**30 and count >= 100 * size else 1}f} {unit}"
    return "1 byte" if count == 1 else f"{count} bytes"


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
    click.echo(f"ollascope: {error.message}", file=out)
    for line in textwrap.wrap(error.hint, 110, break_long_words=False, break_on_hyphens=False):
        click.echo(f"  {line}", file=out)


def _on_screen(headers: Sequence[str], rows: Sequence[Sequence[str]], styles: Mapping[str, str]) -> None:
    from rich.console import Console  # noqa: PLC0415 - costs 60 ms that a pipe need not pay
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console()
    widths = [max(_width(row[column]) for row in [headers, *rows]) for column in range(len(headers))]
    if sum(widths) + len(GAP) * len(widths) > console.width:
        for line in stacked_lines(rows, widths, console.width):
            console.print(Text(line, style=styles.get(line.split(" ", 1)[0], "")), soft_wrap=True)
        return
    grid = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for header in headers:
        grid.add_column(header, overflow="fold")
    for row in rows:
        grid.add_row(*(Text(cell, style=styles.get(cell, "")) for cell in row))
    console.print(grid)


def stacked_lines(rows: Sequence[Sequence[str]], widths: Sequence[int], screen: int) -> Iterator[str]:
    """Rows too wide for the screen: the short cells on one line, each longer one wrapped below it."""
    short = [column for column in range(len(widths)) if widths[column] <= SHORT]
    for row in rows:
        yield GAP.join(row[column] for column in short if row[column])
        for column in range(len(widths)):
            if column not in short and row[column]:
                yield from textwrap.wrap(
                    row[column], max(screen - len(INDENT), 20), initial_indent=INDENT, subsequent_indent=INDENT,
                    break_on_hyphens=False,
                )  # fmt: skip


def _said() -> Invocation:
    """The global options of the command that runs."""
    context = click.get_current_context(silent=True)
    said = context.find_root().obj if context else None
    return said if isinstance(said, Invocation) else Invocation()


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
