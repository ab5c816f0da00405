"""What came of runs, for people and programs: page, terminal, JSON, CSV, JUnit, Prometheus text, the list of runs."""

from ollascope.bench.shown.cases import junit_of
from ollascope.bench.shown.document import document, json_of, result_of
from ollascope.bench.shown.exposition import prometheus_of
from ollascope.bench.shown.report import report_of
from ollascope.bench.shown.rows import csv_of
from ollascope.bench.shown.runs import Listed, find, listing, result_at, runs
from ollascope.bench.shown.screen import screen_lines, screen_of

__all__ = [
    "Listed", "csv_of", "document", "find", "json_of", "junit_of", "listing", "prometheus_of", "report_of", "result_at",
    "result_of", "runs", "screen_lines", "screen_of",
]  # fmt: skip
