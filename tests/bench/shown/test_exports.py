"""CSV, JUnit XML and Prometheus text of results, as the programs that read them want them."""

import csv
import io
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from ollascope.bench.asked import Goals, Target
from ollascope.bench.result import Reason, Tail
from ollascope.bench.shown.cases import junit_of
from ollascope.bench.shown.exposition import metric_name, prometheus_of
from ollascope.bench.shown.rows import HEADERS, csv_of
from tests.bench.shown.anything import WORDS, anything
from tests.bench.shown.made import bad, bare, result, sweep, tail

EVIL = 'a "b"\n\\c,<d>&\x00'


def named(text, one=None):
    """A result whose model and name are this text."""
    one = one or result()
    asked = replace(one.asked, target=Target(url="http://127.0.0.1:1", model=text), name=text)
    return replace(one, asked=asked)


def table(results):
    return list(csv.DictReader(io.StringIO(csv_of(results))))


def cases(*results):
    root = Xml.fromstring(junit_of(results))
    return {case.get("name"): case for case in root.iter("testcase")}, root


def series(*results):
    """Every value by its name and labels."""
    families = text_string_to_metric_families(prometheus_of(results))
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for family in families for one in family.samples}


def test_name_that_a_spreadsheet_would_run_is_made_harmless():
    assert {row["name"] for row in table([named("=cmd()")])} == {"'=cmd()"}


def test_csv_has_one_row_a_metric_and_stage():
    rows = table([sweep()])
    assert list(rows[0]) == list(HEADERS)
    assert len(rows) == len(sweep().metrics) + sum(len(one.metrics) for one in sweep().parts)
    (eight,) = [row for row in rows if row["stage"] == "8 users" and row["metric"] == "ttft_s"]
    assert (eight["users"], eight["unit"], eight["n"], eight["p50"], eight["p99"]) == ("8", "s", "40", "0.2", "")
    assert (float(eight["p50_low95"]), eight["p99_low95"]) == (pytest.approx(0.19), "")


def test_csv_of_endless_percentiles_leaves_them_empty_and_names_them():
    (row,) = [row for row in table([bad()]) if row["metric"] == "ttft_s"]
    assert (row["p95"], row["endless"], row["failed"]) == ("", "p95 p99 max", "50")


def test_csv_of_nothing_is_its_headers():
    assert csv_of([bare()]).splitlines() == [",".join(HEADERS)]
    assert csv_of([]).splitlines() == [",".join(HEADERS)]


def test_invalid_verdict_and_its_reason_fail_in_junit():
    found, root = cases(bad())
    assert found["verdict"].find("failure").get("message").startswith("INVALID: Of 20 requests/s")
    assert found["reason: under-delivered"].find("failure") is not None
    assert found["reason: too-few-requests"].find("failure") is None
    assert root.get("failures") == "4"


def test_valid_run_passes_in_junit():
    found, root = cases(replace(result(), asked=replace(result().asked, goals=Goals()), goodput=None))
    assert root.get("failures") == "0"
    assert found["verdict"].find("system-out").text == "VALID"


def test_goal_that_is_missed_fails_with_both_figures():
    found, _ = cases(result())
    assert found["goal: first token within 500 ms"].find("failure") is None
    assert found["goal: whole answer within 2 s"].find("failure").get("message") == "p95 is 2.05 s, the goal 2 s"


def test_goal_counts_from_when_a_request_was_due():
    late = {**result().metrics, "ttft_due_s": tail(5.0)}
    found, _ = cases(replace(result(), metrics=late))
    assert found["goal: first token within 500 ms"].find("failure") is not None


def test_goal_without_enough_requests_is_skipped_and_says_how_many_it_needs():
    few = {"ttft_s": tail(0.1, 9, p95=None, p99=None, more={"p95": 11, "p99": 91})}
    found, _ = cases(replace(result(), metrics=few))
    assert found["goal: first token within 500 ms"].find("skipped").get("message") == "needs 11 more requests"
    assert found["goal: whole answer within 2 s"].find("skipped").get("message") == "not measured"


def test_goal_fails_where_so_many_requests_failed_that_its_percentile_is_endless():
    found, _ = cases(bad())
    assert "50 requests failed" in found["goal: first token within 500 ms"].find("failure").get("message")


def test_every_stage_is_a_case_and_fails_without_an_answer():
    one = sweep()
    dead = replace(one.parts[3], delivered=replace(one.parts[3].delivered, ok=0, failed=40))
    found, _ = cases(replace(one, parts=(*one.parts[:3], dead)))
    assert [name for name in found if name.startswith("stage: ")] == [f"stage: {part.name}" for part in one.parts]
    assert found["stage: 8 users"].find("failure") is not None
    assert found["stage: 4 users"].find("failure") is None


def test_cases_of_several_runs_are_told_apart():
    found, _ = cases(result(), sweep())
    assert {f"{result().run} verdict", f"{sweep().run} verdict"} <= set(found)


def test_prometheus_text_has_run_model_and_stage_on_every_series():
    found = series(sweep())
    assert {tuple(name for name, _ in labels if name in {"run", "model", "stage"}) for _, labels in found} == {
        ("model", "run", "stage")
    }
    labels = {"run": sweep().run, "model": "qwen3:0.6b", "stage": "8 users", "statistic": "p50"}
    assert found["ollascope_bench_ttft_seconds", tuple(sorted(labels.items()))] == 0.2
    assert all(name.startswith("ollascope_bench_") for name, _ in found)


def test_endless_percentile_is_infinite_and_one_not_measured_is_absent():
    values = {dict(labels)["statistic"]: value for (name, labels), value in series(bad()).items()
              if name == "ollascope_bench_ttft_seconds"}  # fmt: skip
    assert values["p99"] == float("inf")
    assert "p999" not in values


def test_odd_names_are_escaped_in_prometheus_text():
    models = {dict(labels)["model"] for _, labels in series(named(EVIL.replace("\x00", "")))}
    assert models == {EVIL.replace("\x00", "")}


def test_two_stages_of_one_name_and_a_run_given_twice_are_no_twins():
    one = replace(sweep(), parts=(sweep().parts[0], sweep().parts[0]))
    lines = [line.rpartition(" ")[0] for line in prometheus_of([one, one]).splitlines() if not line.startswith("#")]
    assert len(lines) == len(set(lines))


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not here: apt install prometheus")
@pytest.mark.parametrize("results", [[result(), sweep(), bad()], [bare()], [named(EVIL.replace("\x00", ""))]])
def test_promtool_finds_nothing_to_complain_of(results):
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=prometheus_of(results), text=True, capture_output=True, timeout=30,
        check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_family_is_documented():
    known = {f"ollascope_bench_{metric_name(name)}" for name in sweep().metrics}
    names = {name for name, _ in series(sweep())}
    text = (Path(__file__).parents[3] / "docs" / "results.md").read_text(encoding="utf-8")
    assert [name for name in names if name.removesuffix("_measured") not in known and f"`{name}`" not in text] == []


def test_names_of_metrics_end_with_their_unit():
    assert metric_name("ttft_s") == "ttft_seconds"
    assert metric_name("decode_tokens_per_s") == "decode_tokens_per_second"
    assert metric_name("cached_ratio") == "cached_ratio"


@given(st.dictionaries(WORDS, anything(Tail), max_size=3), st.lists(anything(Reason), max_size=2).map(tuple), WORDS)
def test_whatever_came_of_a_run_can_be_written(metrics, reasons, text):
    one = replace(named(text), metrics=metrics, reasons=reasons, run=text)
    assert next(csv.reader(io.StringIO(csv_of([one])))) == list(HEADERS)
    Xml.fromstring(junit_of([one]))
    assert prometheus_of([one]).endswith("\n")


def test_invalid_run_without_a_reason_fails_all_the_same():
    found, _ = cases(replace(result(), verdict="INVALID", reasons=()))
    assert found["verdict"].find("failure") is not None


def test_text_that_xml_cannot_hold_is_replaced():
    reason = Reason(code="x", weight="invalid", text=EVIL)
    found, _ = cases(replace(result(), reasons=(reason,)))
    assert "\ufffd" in found["reason: x"].find("failure").get("message")
