"""The text that Prometheus reads, from numbers: a hundred times as quick as a registry of objects."""

import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate

from ollascope.monitor.exposition.families import Definition

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"

Rows = Mapping[tuple[str, ...], tuple[float, ...]]

_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})
_HELP_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n"})


def render(families: Iterable[tuple[Definition, Rows]]) -> bytes:
    """One page; a family without a row is left out."""
    lines: list[str] = []
    for definition, rows in families:
        if rows:
            lines.append(f"# HELP {definition.name} {definition.help.translate(_HELP_ESCAPES)}")
            lines.append(f"# TYPE {definition.name} {definition.kind}")
            lines.extend(
                _spread_lines(definition, rows) if definition.kind == "histogram" else _lines(definition, rows)
            )
    lines.append("")
    return "\n".join(lines).encode(errors="replace")


def _lines(definition: Definition, rows: Rows) -> Iterator[str]:
    for words, (value,) in sorted(rows.items()):
        told = _told(definition, words)
        yield f"{definition.name}{{{told}}} {_number(value)}" if told else f"{definition.name} {_number(value)}"


def _spread_lines(definition: Definition, rows: Rows) -> Iterator[str]:
    name = definition.name
    ends = [f'le="{_number(bound)}"}} ' for bound in (*definition.bounds, math.inf)]
    for words, numbers in sorted(rows.items()):
        told = _told(definition, words)
        start = f"{name}_bucket{{{told}," if told else f"{name}_bucket{{"
        counts = list(accumulate(numbers[:-1]))
        for end, count in zip(ends, counts, strict=True):
            yield f"{start}{end}{_number(count)}"
        after = f"{{{told}}}" if told else ""
        yield f"{name}_sum{after} {_number(numbers[-1])}"
        yield f"{name}_count{after} {_number(counts[-1])}"


def _told(definition: Definition, words: tuple[str, ...]) -> str:
    pairs = zip(definition.labels, words, strict=True)
    return ",".join([f'{label}="{word.translate(_ESCAPES)}"' for label, word in pairs])


def _number(value: float) -> str:
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) else repr(float(value))
