"""Results as CSV: one row a metric and stage, in the metric's own unit, nothing where nothing was measured."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from ollascope.bench.result import Result, Tail
from ollascope.bench.shown.figures import STATISTICS, ordered
from ollascope.logs.form import printable
from ollascope.reports.tables import csv_text
from ollascope.words.metrics import METRICS
from ollascope.words.record import Json

WHOLE: Final = "all"
"""What stands for the stage where a row is of the whole run."""
HEADERS: Final = (
    "run", "name", "model", "verdict", "stage", "users", "rate", "metric", "unit", "n", "failed", *STATISTICS,
    *(f"{name}_{end}" for name in STATISTICS for end in ("low95", "high95")), "exact", "endless",
)  # fmt: skip
_UNITS: Final[Mapping[str, str]] = {entry.name: entry.unit for entry in METRICS}


def csv_of(results: Sequence[Result]) -> str:
    """All metrics of all runs and their stages."""
    return csv_text(HEADERS, (row for result in results for row in _rows(result)))


def _rows(result: Result) -> Iterator[list[Json]]:
    name, model = printable(result.asked.name or ""), printable(result.asked.target.model)
    run: list[Json] = [printable(result.run), name, model, result.verdict]
    stages: list[tuple[list[Json], Mapping[str, Tail]]] = [([WHOLE, None, None], result.metrics)]
    stages += [([printable(part.name), part.users, part.rate], part.metrics) for part in result.parts]
    for stage, metrics in stages:
        for metric in ordered(metrics):
            yield [*run, *stage, printable(metric), _UNITS.get(metric, ""), *_figures(metrics[metric])]


def _figures(tail: Tail) -> list[Json]:
    ends: list[Json] = []
    for name in STATISTICS:
        ends += tail.ci95.get(name, (None, None))
    told = [of(tail) for of in STATISTICS.values()]
    return [tail.n, tail.failed, *told, *ends, "yes" if tail.exact else "no", printable(" ".join(tail.endless))]
