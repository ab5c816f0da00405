"""The page is what Prometheus reads: each metric once, numbers right, words escaped, nothing that tells on people."""

import math
import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from ollascope.monitor.exposition.families import FAMILIES, PAUSES, SECONDS
from ollascope.monitor.exposition.gauges import Moment
from ollascope.monitor.exposition.metrics import METRICS, Exposition
from ollascope.words.alerts import AlertKind, Condition
from ollascope.words.sample import Gpu, Process, Sample

AT = 1_763_726_400.0
DOCUMENT = Path(__file__).parents[3] / "docs" / "prometheus.md"


def read(page):
    """The page as Prometheus' own reader sees it: (name, labels) -> value."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(page.decode())
        for sample in family.samples
    }


def value(found, name, **labels):
    return found[f"ollascope_{name}", tuple(sorted(labels.items()))]


def names(found):
    return {name for name, _ in found}


@pytest.fixture
def exposition(ledger):
    return Exposition(ledger)


def condition(**said):
    return Condition(**{"name": "slow", "kind": AlertKind.LATENCY_ANOMALY, "active": True, **said})


def test_page_without_anything_tells_which_ollascope_it_is(exposition):
    found = read(exposition.page(Moment(at=AT)))
    assert names(found) == {"ollascope_build_info"}


@pytest.mark.parametrize("model", ['a"b', "a\\b", "a\nb", "模型", "a{b}=,", "a\\nb", "\N{PILE OF POO}"])
def test_odd_names_of_models_come_through(exposition, write, make_call, model):
    write(make_call(model=model))
    exposition.update()
    found = read(exposition.page(Moment(at=AT)))
    assert value(found, "gateway_input_tokens_total", model=model, backend="other") == 10


def test_value_that_is_no_number_is_left_out(exposition):
    sample = Sample(at=AT, cpu_ratio=math.nan, load_1min=math.inf)
    found = read(exposition.page(Moment(at=AT, sample=sample)))
    assert "ollascope_host_cpu_utilization_ratio" not in names(found)
    assert value(found, "host_load_1min") == math.inf


def test_what_was_not_measured_is_absent(exposition):
    found = read(exposition.page(Moment(at=AT, sample=Sample(at=AT, gpus=(Gpu(index=0),)))))
    assert names(found) == {"ollascope_build_info", "ollascope_host_sample_timestamp_seconds"}


def test_old_reading_of_the_machine_is_not_shown(exposition):
    sample = Sample(at=AT - 3600, cpu_ratio=0.5)
    assert names(read(exposition.page(Moment(at=AT, sample=sample)))) == {"ollascope_build_info"}


def test_nothing_of_a_key_a_prompt_or_an_id_is_on_the_page(exposition, write, make_call):
    write(
        make_call(id="secret-id", key_id="secret-key", note="secret-note", run="secret-run", extra={"path": "secret"})
    )
    exposition.update()
    assert b"secret" not in exposition.page(Moment(at=AT))


def test_machine_is_told(exposition):
    card = Gpu(index=1, used_ratio=0.25, memory_used_bytes=5, memory_total_bytes=9, power_watts=70.5, energy_joules=3.0)
    processes = (Process(role="runner", pid=1, rss_bytes=10), Process(role="runner", pid=2, rss_bytes=5))
    sample = Sample(at=AT, cpu_ratio=0.5, memory_available_bytes=1 << 30, gpus=(card,), processes=processes)
    found = read(exposition.page(Moment(at=AT, sample=sample)))
    assert value(found, "host_cpu_utilization_ratio") == 0.5
    assert value(found, "host_memory_available_bytes") == 1 << 30
    assert value(found, "gpu_utilization_ratio", gpu="1") == 0.25
    assert value(found, "gpu_power_watts", gpu="1") == 70.5
    assert value(found, "energy_joules_total", source="gpu1") == 3
    assert value(found, "process_resident_memory_bytes", role="runner") == 15


def test_conditions_become_gauges(exposition, write, make_call):
    write(make_call(model="m"))
    exposition.update()
    conditions = [
        condition(labels={"model": "m", "backend": "b", "signal": "ttft"}),
        condition(kind=AlertKind.GAP_ANOMALY, active=None),
        condition(kind=AlertKind.BACKEND_DOWN, name="down", labels={"backend": "b"}),
        condition(kind=AlertKind.PROBE_FAILED, name="asks", active=False, labels={"model": "m"}),
        condition(kind=AlertKind.ANSWER_CHANGED, name="asks", labels={"model": "m"}),
    ]
    found = read(exposition.page(Moment(at=AT, conditions=conditions)))
    assert value(found, "anomaly_active", signal="ttft", model="m", backend="b") == 1
    assert value(found, "backend_up", backend="b") == 0
    assert value(found, "probe_success", probe="asks", model="m", backend="") == 1
    assert value(found, "probe_output_match", probe="asks", model="m", backend="") == 0
    assert not [key for key in found if "gap-anomaly" in str(key)]


def test_scores_are_told_and_agree_with_the_conditions(exposition, write, make_call):
    write(make_call(model="m"))
    exposition.update()
    scores = {("ttft", "m", "b"): (5.5, True), ("gap", "m", "b"): (-0.5, False), ("cpu_ratio", "", ""): (0.1, False)}
    conditions = [condition(labels={"model": "m", "backend": "b", "signal": "ttft"})]
    page = exposition.page(Moment(at=AT, scores=scores, conditions=conditions))
    found = read(page)
    assert value(found, "anomaly_score", signal="ttft", model="m", backend="b") == 5.5
    assert value(found, "anomaly_score", signal="gap", model="m", backend="b") == -0.5
    assert value(found, "anomaly_active", signal="ttft", model="m", backend="b") == 1
    assert value(found, "anomaly_active", signal="cpu_ratio", model="", backend="") == 0
    assert page.count(b"ollascope_anomaly_active{") == 3


def test_model_that_never_answered_has_no_name_among_the_conditions(exposition, write, make_call):
    write(make_call(model="real"), make_call(model="made up", outcome="model-missing"))
    exposition.update()
    conditions = [condition(labels={"model": model}) for model in ("real", "made up", "")]
    found = read(exposition.page(Moment(at=AT, conditions=conditions)))
    told = {dict(labels)["model"] for name, labels in found if name == "ollascope_anomaly_active"}
    assert told == {"real", "other", ""}


def test_conditions_with_the_same_labels_are_one_row_that_says_the_worst(exposition):
    for pair in ([condition(), condition(active=False)], [condition(active=False), condition()]):
        page = exposition.page(Moment(at=AT, conditions=pair))
        assert page.count(b"ollascope_anomaly_active{") == 1
        assert value(read(page), "anomaly_active", signal="latency-anomaly", model="", backend="") == 1


def test_backend_that_one_of_two_judges_finds_down_is_down(exposition):
    down = condition(kind=AlertKind.BACKEND_DOWN, labels={"backend": "b"})
    up = condition(kind=AlertKind.BACKEND_DOWN, labels={"backend": "b"}, active=False, name="other judge")
    for pair in ([down, up], [up, down]):
        assert value(read(exposition.page(Moment(at=AT, conditions=pair))), "backend_up", backend="b") == 0


def test_endless_conditions_do_not_make_an_endless_page(exposition):
    conditions = [condition(labels={"backend": f"b{number}"}) for number in range(5000)]
    assert exposition.page(Moment(at=AT, conditions=conditions)).count(b"anomaly_active{") == 500


def test_objectives_and_losses_are_told(exposition):
    moment = Moment(at=AT, budgets={"ttft": 0.4}, burn_rates={("ttft", "1h"): 14.5}, dropped=3)
    found = read(exposition.page(moment))
    assert value(found, "slo_error_budget_remaining_ratio", slo="ttft") == 0.4
    assert value(found, "slo_burn_rate", slo="ttft", window="1h") == 14.5
    assert value(found, "monitor_dropped_records_total") == 3


def test_histogram_is_whole(exposition, write, make_call):
    write(make_call(first_chunk_s=0.05), make_call(first_chunk_s=0.3), make_call(first_chunk_s=999.0))
    exposition.update()
    found = read(exposition.page(Moment(at=AT)))
    counts = [
        value(found, "gateway_time_to_first_token_seconds_bucket", model="m:1b", backend="other", le=str(bound))
        for bound in (0.05, 0.25, 0.5, 320, "+Inf")
    ]
    assert counts == [1, 1, 2, 2, 3]
    assert value(found, "gateway_time_to_first_token_seconds_count", model="m:1b", backend="other") == 3


def test_buckets_are_those_that_were_agreed():
    assert SECONDS == (.01, .025, .05, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 320)  # fmt: skip
    assert PAUSES == (.005, .01, .025, .05, .075, .1, .15, .2, .3, .4, .5, .75, 1, 2.5, 5)  # fmt: skip


def test_each_metric_is_defined_once_and_well_named():
    told = [entry.name for entry in METRICS]
    assert len(told) == len(set(told))
    for entry in METRICS:
        assert re.fullmatch(r"ollascope_[a-z][a-z0-9_]*", entry.name)
        assert (entry.kind == "counter") == entry.name.endswith("_total")
        assert entry.help[0].isupper()
        assert not entry.help.endswith(".")
        assert not {"key", "key_id", "user", "prompt", "path", "id"} & set(entry.labels)


@pytest.mark.parametrize("entry", METRICS, ids=lambda entry: entry.name)
def test_metric_is_documented(entry):
    row = f"| `{entry.name}` | {entry.kind} | {', '.join(entry.labels)} | {entry.help} | {entry.origin} |\n"
    assert row in DOCUMENT.read_text(encoding="utf-8"), row


def test_no_other_metric_is_documented():
    told = re.findall(r"^\| `(ollascope_\w+)`", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    assert told == [entry.name for entry in METRICS]


def test_every_family_of_calls_appears_when_a_call_says_all(exposition, write, make_call):
    whole = {
        "backend": "b", "api": "ollama", "operation": "chat", "stream": True, "queue_s": 0.1, "connect_s": 0.1,
        "load_s": 1.0, "prefill_s": 0.2, "decode_s": 0.5, "relay_s": 0.001, "tokens_cached": 3, "tokens_thinking": 2,
        "load_cause": "cold", "retries": 1, "gaps": ((1000, 2),), "arm": "new",
    }  # fmt: skip
    write(*[make_call(**whole, source=source) for source in ("gateway", "ollama-log", "probe")])
    write(*[make_call(tokens_in=None, source=source) for source in ("gateway", "ollama-log")])
    write(make_call(outcome="cancelled"))
    exposition.update()
    found = {re.sub(r"_(bucket|sum|count)$", "", name) for name in names(read(exposition.page(Moment(at=AT))))}
    assert {family.name for family in FAMILIES} <= found
