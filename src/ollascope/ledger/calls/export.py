"""Exporting Calls or Samples: CSV for spreadsheets, Parquet for data tools."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from importlib import import_module
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import IO, Any, Protocol, get_args, get_type_hints

from ollascope.words.call import Call
from ollascope.words.errors import PackageMissing
from ollascope.words.record import EXTRA, to_json
from ollascope.words.sample import Sample

Kind = type[Call] | type[Sample]

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would run
ROWS = 20_000
PIECE = 500  # rows


class Writer(Protocol):
    """What writes rows."""

    def writerow(self, row: Iterable[object], /) -> object:
        """Write one."""


def columns(kind: Kind) -> tuple[str, ...]:
    """The names of the columns: those of the fields, and the unknown ones in the last."""
    return (*(entry.name for entry in fields(kind) if entry.name != EXTRA), EXTRA)


def write_csv(values: Iterable[Call | Sample], kind: Kind, out: IO[str]) -> int:
    """One row a value under a row of names; how many rows. A text that a spreadsheet would run is put behind a '."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns(kind))
    return _write_rows(writer, values, kind)


def csv_pieces(values: Iterable[Call | Sample], kind: Kind) -> Iterator[str]:
    """The same as text in pieces of some hundred rows, for who sends it on while it is made."""
    rest = iter(values)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns(kind))
    while _write_rows(writer, islice(rest, PIECE), kind):
        yield out.getvalue()
        out.seek(0)
        out.truncate()
    if left := out.getvalue():
        yield left


def write_parquet(values: Iterable[Call | Sample], kind: Kind, path: Path) -> int:
    """One row a value in columns with types; how many rows."""
    if find_spec("pyarrow") is None:
        raise PackageMissing(
            "Parquet needs the package pyarrow, which is not installed",
            hint="pip install pyarrow, or export CSV, which needs nothing",
        )
    arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    hints = get_type_hints(kind)
    schema = arrow.schema([(name, _arrow_type(arrow, hints[name])) for name in columns(kind)])
    count, rest = 0, iter(values)
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        while rows := [_row(value, kind) for value in islice(rest, ROWS)]:
            writer.write_table(arrow.Table.from_pylist(rows, schema=schema))
            count += len(rows)
    return count


def _write_rows(writer: Writer, values: Iterable[Call | Sample], kind: Kind) -> int:
    count = 0
    for value in values:
        writer.writerow(map(_cell, _row(value, kind).values()))
        count += 1
    return count


def _row(value: Call | Sample, kind: Kind) -> dict[str, Any]:
    """A value as one flat row: texts in a row as one text, all else that is no single value as JSON."""
    data = to_json(value)
    row: dict[str, Any] = {name: _flat(data.get(name)) for name in columns(kind)}
    row[EXTRA] = json.dumps(dict(value.extra), ensure_ascii=False) if value.extra else None
    return row


def _flat(item: object) -> object:
    if isinstance(item, str) or not isinstance(item, Sequence | Mapping):
        return item
    if all(isinstance(part, str) for part in item):
        return " ".join(item)
    return json.dumps(item, ensure_ascii=False)


def _cell(item: object) -> object:
    return f"'{item}" if isinstance(item, str) and item.startswith(FORMULA) else item


def _arrow_type(arrow: Any, hint: Any) -> Any:
    known = {float: arrow.float64(), int: arrow.int64(), bool: arrow.bool_()}
    if hint in known:
        return known[hint]
    options = [part for part in get_args(hint) if part is not type(None)]
    return known.get(options[0], arrow.string()) if len(options) == 1 else arrow.string()
