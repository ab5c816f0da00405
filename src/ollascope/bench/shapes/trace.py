"""Traces of real use: when requests came and how long they and their answers were, from JSONL or CSV."""

import csv
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from ollascope.bench.shapes.columns import Columns, find_columns
from ollascope.bench.shapes.lines import read_lines, wrong_line
from ollascope.bench.shapes.rules import MOST_SECONDS
from ollascope.words.errors import BadUsage

MOST_BYTES = 1_000_000_000
MOST_ROWS = 2_000_000
FORM = 'write rows as in {"at_s": 0.5, "tokens_in": 100, "tokens_out": 20}, or CSV whose first line names these columns'


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Requests in the order of their times; of lengths that are 0 or not there, nothing is known."""

    due: "array[float]"  # seconds after the first request
    tokens_in: "array[int]" = field(default_factory=lambda: array("L"))
    tokens_out: "array[int]" = field(default_factory=lambda: array("L"))
    name: str = ""  # of the file
    form: str = "seconds"  # how its times were read: seconds, milliseconds, dates


def read_trace(path: Path) -> Trace:
    """Times and lengths of a file; a row that makes no sense is named by its line."""
    due, tokens_in, tokens_out = array("d"), array("L"), array("L")
    columns: Columns | None = None
    first_s = 0.0
    for number, row in _read_rows(path):
        columns = columns or find_columns(path, row)
        at_s = columns.time(path, number, row)
        first_s = first_s if due else at_s
        _check_time(path, number, at_s - first_s, due)
        due.append(at_s - first_s)
        if columns.tokens_in is not None:
            tokens_in.append(columns.count(path, number, row, columns.tokens_in))
        if columns.tokens_out is not None:
            tokens_out.append(columns.count(path, number, row, columns.tokens_out))
    if columns is None:
        raise BadUsage(f"{path} holds no request", hint=FORM)
    return Trace(due=due, tokens_in=tokens_in, tokens_out=tokens_out, name=path.name, form=columns.form)


def _check_time(path: Path, number: int, at_s: float, due: "array[float]") -> None:
    if due and at_s < due[-1]:
        what = f"its time lies {due[-1] - at_s:.6g} s before that of the row above"
        raise wrong_line(path, number, what, "sort the file by time")
    if at_s > MOST_SECONDS:
        what = f"its time lies {at_s / 86_400:.0f} days after the first one"
        raise wrong_line(path, number, what, "if times are milliseconds, name them timestamp_ms; else cut the file")
    if len(due) >= MOST_ROWS:
        raise wrong_line(path, number, f"more than {MOST_ROWS:,} requests", "give a part of the file")


def _read_rows(path: Path) -> Iterator[tuple[int, Mapping[str, object]]]:
    lines = ((number, line) for number, line in read_lines(path, MOST_BYTES) if line.strip())
    head = next(lines, None)
    if head is None:
        return
    if head[1].lstrip().startswith("["):
        raise wrong_line(path, head[0], "a list of JSON", "write one row a line (JSONL), as `jq -c '.[]'` makes it")
    if head[1].lstrip().startswith("{"):
        yield head[0], _read_object(path, *head)
        for number, line in lines:
            yield number, _read_object(path, number, line)
        return
    yield from _read_csv(path, head, lines)


def _read_object(path: Path, number: int, line: str) -> Mapping[str, object]:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise wrong_line(path, number, f"no JSON ({error})", FORM) from error
    if not isinstance(row, dict):
        raise wrong_line(path, number, "a row of JSON that is no object", FORM)
    return row


def _read_csv(
    path: Path, head: tuple[int, str], lines: Iterator[tuple[int, str]]
) -> Iterator[tuple[int, Mapping[str, object]]]:
    mark = max(",;\t", key=head[1].count)
    names = [name.strip() for name in next(csv.reader([head[1]], delimiter=mark))]
    for number, line in lines:
        try:
            cells = next(csv.reader([line], delimiter=mark, strict=True))
        except csv.Error as error:
            raise wrong_line(path, number, f"no row of CSV ({error})", FORM) from error
        if len(cells) != len(names):
            raise wrong_line(path, number, f"{len(cells)} cells where {len(names)} columns are named", FORM)
        yield number, dict(zip(names, cells, strict=True))
