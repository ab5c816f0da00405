"""The JSON document has every key, says what it is, and comes back as the Result that it was made of."""

import json
import re
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings

from ollascope.bench.result import Result, Tail
from ollascope.bench.shown.document import ALWAYS, STATISTICS, document, json_of, result_of
from ollascope.bench.shown.schema import schema
from ollascope.words.errors import RecordInvalid
from ollascope.words.record import dumps, loads
from tests.bench.shown.anything import anything
from tests.bench.shown.made import bad, bare, part, result, sweep
from tests.bench.shown.schemas import complaints

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("told", [None, 1, "text", [], {}, {"schema": 1}, {"schema": "1", "delivered": {}}])
def test_what_is_no_result_is_named_so(told):
    with pytest.raises(RecordInvalid, match="no result of a load test"):
        result_of(told)


def test_document_of_a_newer_version_is_refused_with_what_to_do():
    with pytest.raises(RecordInvalid, match="schema 2, known is 1") as caught:
        result_of({**document(result()), "schema": 2})
    assert "update" in caught.value.hint


@pytest.mark.parametrize(("key", "value"), [("metrics", [1]), ("parts", "x"), ("delivered", 3), ("verdict", "GOOD")])
def test_key_of_a_wrong_type_is_named(key, value):
    with pytest.raises(RecordInvalid, match=f"(?i){key}"):
        result_of({**document(result()), key: value})


def test_interval_of_a_wrong_type_is_named():
    with pytest.raises(RecordInvalid, match="ci95"):
        result_of({**document(result()), "metrics": {"ttft_s": {"n": 1, "ci95": {"p50": 3}}}})


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example])
@given(anything(Result))
def test_every_document_keeps_to_the_schema_and_comes_back_as_its_result(one):
    told = json.loads(json_of(one))
    assert complaints(schema(), told) == []
    assert result_of(told) == one


@pytest.mark.parametrize("made", [result, sweep, bad, bare])
def test_made_results_survive_and_keep_to_the_schema(made):
    told = json.loads(json_of(made()))
    assert result_of(told) == made()
    assert complaints(schema(), told) == []


def test_document_without_one_of_its_keys_does_not_keep_to_the_schema():
    whole = json.loads(json_of(sweep()))
    for place in (whole, whole["delivered"], whole["metrics"]["ttft_s"], whole["metrics"], whole["parts"][0]):
        for name in [name for name in place if place is not whole["metrics"] or name in ALWAYS]:
            kept = place.pop(name)
            assert complaints(schema(), whole) != [], name
            place[name] = kept


def test_nothing_measured_is_null_and_never_missing():
    told = document(bare())
    for name in ALWAYS:
        assert told["metrics"][name]["n"] == 0
        assert {told["metrics"][name][statistic] for statistic in STATISTICS} == {None}
        assert set(told["metrics"][name]["ci95"].values()) == {None}
    assert told["throughput"]["requests_per_s"] is None
    assert told["cache"] == {"prompt_tokens": None, "cached_tokens": None}
    assert told["goodput"] is None
    assert told["client"]["cpu_per_token_us"] is None


def test_keys_that_other_programs_rely_on_are_there():
    told = document(result())
    assert list(told)[:3] == ["schema", "run", "verdict"]
    assert {"verdict", "reasons", "asked", "delivered", "metrics", "throughput", "cache", "client", "window"} <= set(
        told
    )
    assert {"requests", "ok", "failed", "peak_inflight", "rate_rps"} <= set(told["delivered"])
    assert {"n", "mean", "p50", "p90", "p95", "p99", "p999", "max", "ci95"} <= set(told["metrics"]["ttft_s"])
    assert {"requests_per_s", "output_tokens_per_s"} <= set(told["throughput"])
    assert {"cpu_s", "cpu_per_token_us", "loop_lag_p99_s", "rss_bytes"} <= set(told["client"])
    assert {"code", "weight", "text", "hint"} <= set(told["reasons"][0])
    assert told["metrics"]["ttft_s"]["ci95"]["p99"] is None
    assert told["metrics"]["ttft_s"]["ci95"]["p50"] == [0.12 * 0.95, 0.12 * 1.06]


def test_what_a_newer_version_adds_is_kept():
    told = {**document(result()), "x_new": {"a": [1, None]}}
    assert document(result_of(told))["x_new"] == {"a": [1, None]}


def test_document_without_nulls_is_read_as_well():
    assert result_of({**json.loads(dumps(result()))}) == result()
    assert loads(Result, dumps(result())) == result()


def test_stage_has_the_same_metrics_as_the_whole():
    told = document(replace(bare(), parts=(replace(part(2, 0.1, 1.0, 9.0), metrics={}),)))
    assert set(told["parts"][0]["metrics"]) == set(ALWAYS)
    assert result_of(told).parts[0].metrics == {}


def test_metric_that_only_failed_requests_have_is_kept():
    one = replace(bare(), metrics={"ttft_s": Tail(n=0, failed=3, endless=("p50",))})
    assert result_of(document(one)) == one


def test_schema_is_itself_plain_json_and_names_its_dialect():
    told = json.loads(json.dumps(schema()))
    assert told["$schema"].startswith("https://json-schema.org/")
    assert told["properties"]["schema"] == {"const": 1}


def below(kind, seen=None):
    """All names of fields, of a value and of those in it."""
    seen = seen if seen is not None else {}
    if kind in seen:
        return seen
    seen[kind] = {entry.name for entry in fields(kind)} - {"extra"}
    for hint in get_type_hints(kind).values():
        for inner in re.findall(r"ollascope\.[\w.]+", str(hint)) if not isinstance(hint, type) else []:
            module, _, name = inner.rpartition(".")
            found = vars(__import__(module, fromlist=[name]))[name]
            if is_dataclass(found):
                below(found, seen)
        if is_dataclass(hint):
            below(hint, seen)
    return seen


def test_every_key_is_documented():
    text = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    known = set(re.findall(r"`([a-z0-9_]+)`", text))
    assert sorted({name for names in below(Result).values() for name in names} - known) == []
