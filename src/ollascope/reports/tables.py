"""Figures as CSV: one row a metric, plain numbers in the metric's own unit, nothing where nothing was measured."""

import csv
import io
from collections.abc import Iterable, Sequence

from ollascope.words.metrics import METRICS
from ollascope.words.record import Json
from ollascope.words.summary import Figure, Summary

STATISTICS = ("mean", "p50", "p90", "p95", "p99", "p999", "max")
HEADERS = ("metric", "unit", "n", *STATISTICS, *(f"{name}_{end}" for name in STATISTICS for end in ("low95", "high95")))


def summary_csv(summary: Summary) -> str:
    """The metrics of a Summary as CSV."""
    units = {metric.name: metric.unit for metric in METRICS}
    return csv_text(HEADERS, ([name, units.get(name, ""), *_row(figure)] for name, figure in summary.metrics.items()))


def csv_text(headers: Sequence[str], rows: Iterable[Sequence[Json]]) -> str:
    """Rows under headers; a text that a spreadsheet would run as a formula gets an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(headers)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return out.getvalue()


def _row(figure: Figure) -> list[Json]:
    known = {"mean": figure.mean, "p50": figure.p50, "p90": figure.p90, "p95": figure.p95, "p99": figure.p99,
             "p999": figure.p999, "max": figure.max}  # fmt: skip
    ends: list[Json] = []
    for name in STATISTICS:
        ends += figure.ci95.get(name, (None, None))
    return [figure.n, *(known[name] for name in STATISTICS), *ends]


def _cell(value: Json) -> Json:
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return value
