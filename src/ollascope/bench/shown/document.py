"""A Result as its JSON document, version 1, with every documented key; and back."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from operator import attrgetter
from typing import Final, cast

from ollascope.bench.result import SCHEMA, Result, Tail
from ollascope.words.errors import RecordInvalid
from ollascope.words.record import EXTRA, Json, from_json

ALWAYS: Final = ("ttft_s", "ttft_due_s", "total_s", "tpot_s", "gap_s")
"""Metrics that every document has, also where nothing was measured."""
STATISTICS: Final = ("mean", "p50", "p90", "p95", "p99", "p999", "max")
FIRST: Final = ("schema", "run", "verdict", "reasons", "partial", "demo", "asked", "delivered", "metrics", "throughput",
                "goodput", "cache", "client", "window")  # fmt: skip
NEWER: Final = "it comes from a newer Ollascope; update this one"
OTHER: Final = "name a run, its folder, or the JSON file that `ollascope bench run --json` wrote"


UNMEASURED: Final = Tail(n=0)


def document(result: Result) -> dict[str, Json]:
    """Every documented key, null where not measured."""
    told = _whole(result)
    told["metrics"] = _metrics(result.metrics)
    told["parts"] = [{**_whole(part), "metrics": _metrics(part.metrics)} for part in result.parts]
    return {**{name: told[name] for name in FIRST}, **told}


def json_of(result: Result) -> str:
    """The document as a text: one line for each key at its top."""
    lines = (f" {json.dumps(name)}: {_line(value)}" for name, value in document(result).items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def result_of(told: object) -> Result:
    """The Result that a document tells of; RecordInvalid where it is another thing."""
    if not isinstance(told, Mapping):
        raise RecordInvalid("this is no result of a load test: not a JSON object", hint=OTHER)
    schema = told.get("schema")
    if not isinstance(schema, int) or "delivered" not in told:
        raise RecordInvalid("this is no result of a load test: it has no schema or no delivered", hint=OTHER)
    if schema > SCHEMA:
        raise RecordInvalid(f"this result has schema {schema}, known is {SCHEMA}", hint=NEWER)
    return from_json(Result, _measured(told))


def _line(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _whole(value: object) -> dict[str, Json]:
    """All fields of a value, also those that are not set, and the unknown ones beside them."""
    names = [entry.name for entry in fields(value)]  # type: ignore[arg-type]  # only dataclasses come here
    known = {name: attrgetter(name)(value) for name in names}
    extra = cast("Mapping[str, Json]", known.pop(EXTRA, {}))
    return {**extra, **{name: _plain(item) for name, item in known.items()}}


def _plain(item: object) -> Json:
    if is_dataclass(item):
        return _whole(item)
    if isinstance(item, tuple):
        return [_plain(part) for part in item]
    if isinstance(item, Mapping):
        return {str(key): _plain(part) for key, part in item.items()}
    return cast("Json", item)


def _metrics(measured: Mapping[str, Tail]) -> dict[str, Json]:
    names = [*ALWAYS, *(name for name in measured if name not in ALWAYS)]
    return {name: _tail(measured.get(name, UNMEASURED)) for name in names}


def _tail(tail: Tail) -> dict[str, Json]:
    known = {name: _plain(tail.ci95.get(name)) for name in STATISTICS}
    rest = {name: _plain(span) for name, span in tail.ci95.items() if name not in STATISTICS}
    return {**_whole(tail), "ci95": {**known, **rest}}


def _measured(told: Mapping[str, object]) -> dict[str, object]:
    """What it says, without what only stands there so that every key is there."""
    kept = dict(told)
    metrics, parts = told.get("metrics"), told.get("parts")
    if isinstance(metrics, Mapping):
        nothing = _tail(UNMEASURED)
        kept["metrics"] = {name: _without_nulls(tail) for name, tail in metrics.items() if tail != nothing}
    if isinstance(parts, list):
        kept["parts"] = [_measured(part) if isinstance(part, Mapping) else part for part in parts]
    return kept


def _without_nulls(tail: object) -> object:
    spans = tail.get("ci95") if isinstance(tail, Mapping) else None
    if not isinstance(tail, Mapping) or not isinstance(spans, Mapping):
        return tail
    return {**tail, "ci95": {name: span for name, span in spans.items() if span is not None}}
