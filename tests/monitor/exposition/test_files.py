"""The files for Prometheus, Alertmanager and Grafana are right, and speak only of metrics that there are."""

import json
import re
from pathlib import Path

import pytest
import yaml

from ollascope.apis.models import Model
from ollascope.monitor.board import Server
from ollascope.monitor.exposition.gauges import Moment
from ollascope.monitor.exposition.metrics import METRICS, Exposition
from ollascope.words.alerts import AlertKind, Condition
from ollascope.words.outcomes import ASKERS, BLAMELESS
from ollascope.words.sample import Gpu, Process, Sample

CONFIG = Path(__file__).parents[3] / "config"
PROMETHEUS = CONFIG / "prometheus"
TESTS = ("ollascope.tests.yml", "ollascope.days.tests.yml")
RULES = ("ollascope.rules.yml", "ollascope.alerts.yml")
BOARDS = sorted(path.name for path in (CONFIG / "grafana").glob("*.json"))
AT = 1_763_726_400.0
LABELS = {label for entry in METRICS for label in entry.labels} | {"le", "job", "instance"}


def rules():
    for name in RULES:
        for group in yaml.safe_load((PROMETHEUS / name).read_text())["groups"]:
            yield from group["rules"]


def known():
    """Every name that a query may have: what the page shows, and what the rules record."""
    names = {"up"} | {rule["record"] for rule in rules() if "record" in rule}
    for entry in METRICS:
        ends = ("_bucket", "_sum", "_count") if entry.kind == "histogram" else ("",)
        names |= {entry.name + end for end in ends}
    return names


def asked(expression):
    """The names that a query asks for; of a pattern, all that it stands for."""
    for pattern in re.findall(r'__name__=~"([^"]+)"', expression):
        match = re.fullmatch(r"(\w*)\(([\w|]+)\)(\w*)", pattern)
        assert match, pattern
        yield from (match[1] + middle + match[3] for middle in match[2].split("|"))
    yield from re.findall(r"\bollascope[_:][\w:]*\w", re.sub(r'"[^"]*"', "", expression))


def labels(expression):
    plain = expression.replace("__name__", "")
    yield from re.findall(r'(\w+)(?:=~|!~|!=|=)"', plain)
    for group in re.findall(r"\bby \(([^)]*)\)", plain):
        yield from re.findall(r"\w+", group)


def board(name):
    return json.loads((CONFIG / "grafana" / name).read_text())


def expressions(told):
    for panel in told["panels"]:
        yield from (target["expr"] for target in panel["targets"])
    for variable in told["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["query"]["query"]


def plain(expression):
    """A query of a dashboard as Prometheus would get it."""
    expression = re.sub(r"label_values\((.*), \w+\)", r"\1", expression)
    return expression.replace("$__rate_interval", "5m").replace("$model", ".*").replace("$backend", ".*")


def test_unknown_metric_in_a_query_is_found():
    expression = (
        'rate(ollascope_gateway_request_total{model="m"}[5m]) + {__name__=~"ollascope_(gateway|side)_requests_total"}'
    )
    assert set(asked(expression)) - known() == {"ollascope_gateway_request_total", "ollascope_side_requests_total"}
    assert set(labels(expression)) == {"model"}


@pytest.mark.parametrize("rule", list(rules()), ids=lambda rule: rule.get("record") or rule.get("alert"))
def test_rule_asks_only_for_what_there_is(rule):
    assert set(asked(rule["expr"])) <= known()
    assert set(labels(rule["expr"])) <= LABELS


def test_failures_in_the_rules_are_those_that_the_monitor_judges():
    patterns = set(re.findall(r'outcome!~"([^"]*)"', (PROMETHEUS / RULES[0]).read_text()))
    assert {frozenset(pattern.split("|")) for pattern in patterns} == {
        BLAMELESS,
        ASKERS,
    }


def test_every_alert_has_a_unit_test():
    tests = [test for name in TESTS for test in yaml.safe_load((PROMETHEUS / name).read_text())["tests"]]
    fired = {case["alertname"] for test in tests for case in test.get("alert_rule_test", ()) if case["exp_alerts"]}
    assert fired == {rule["alert"] for rule in rules() if "alert" in rule}


def test_every_alert_says_what_it_is_and_what_to_do():
    for rule in rules():
        if "alert" in rule:
            assert set(rule["annotations"]) == {"summary", "description"}
            assert "severity" in rule["labels"]


def test_there_are_four_dashboards():
    assert BOARDS == ["machine.json", "models.json", "overview.json", "slo.json"]


@pytest.mark.parametrize("name", BOARDS)
def test_dashboard_asks_only_for_what_there_is(name):
    found = list(expressions(board(name)))
    assert found
    for expression in found:
        assert set(asked(expression)) - known() == set(), expression
        assert set(labels(plain(expression))) <= LABELS, expression


@pytest.mark.parametrize("name", BOARDS)
def test_dashboard_is_in_order(name):
    told = board(name)
    numbers = [panel["id"] for panel in told["panels"]]
    assert len(numbers) == len(set(numbers))
    assert told["uid"].startswith("ollascope-")
    assert told.get("id") is None
    variables = {variable["name"] for variable in told["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)", json.dumps([told["panels"], told["templating"]]))) - {
        "__rate_interval",
        "__all",
    }
    assert used <= variables
    for panel in told["panels"]:
        assert panel["title"]
        assert panel["targets"]
        place = panel["gridPos"]
        assert 0 <= place["x"] <= 24 - place["w"]
        assert not any(cross(place, other["gridPos"]) for other in told["panels"] if other is not panel)


def cross(one, other):
    return (
        one["x"] < other["x"] + other["w"] and other["x"] < one["x"] + one["w"]
        and one["y"] < other["y"] + other["h"] and other["y"] < one["y"] + one["h"]
    )  # fmt: skip


def test_dashboards_have_names_of_their_own():
    assert len({board(name)["uid"] for name in BOARDS}) == len({board(name)["title"] for name in BOARDS}) == len(BOARDS)


@pytest.mark.parametrize("name", BOARDS)
def test_every_query_of_a_dashboard_is_one(name, passes, tmp_path):
    queries = [{"record": f"q:{number}", "expr": plain(one)} for number, one in enumerate(expressions(board(name)))]
    path = tmp_path / "queries.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": queries}]}))
    assert f"{len(queries)} rules found" in passes("promtool", "check", "rules", str(path))


def test_promtool_finds_the_rules_right(passes):
    passes("promtool", "check", "rules", *RULES, cwd=PROMETHEUS)


def test_promtool_finds_the_settings_right(passes):
    passes("promtool", "check", "config", "prometheus.yml", cwd=PROMETHEUS)


@pytest.mark.parametrize("name", TESTS)
def test_rules_do_what_their_unit_tests_say(passes, name):
    assert "SUCCESS" in passes("promtool", "test", "rules", name, cwd=PROMETHEUS)


def test_amtool_finds_the_settings_right(passes):
    passes("amtool", "check-config", "alertmanager.yml", cwd=PROMETHEUS)


def test_promtool_finds_the_page_right(passes, ledger, write, make_call):
    whole = {
        "backend": "b", "api": "ollama", "operation": "chat", "stream": True, "queue_s": 0.1, "connect_s": 0.1,
        "load_s": 1.0, "prefill_s": 0.2, "decode_s": 0.5, "relay_s": 0.001, "tokens_cached": 3, "tokens_thinking": 2,
        "load_cause": "cold", "retries": 1, "gaps": ((1000, 2),), "arm": "new",
    }  # fmt: skip
    write(*[make_call(**whole, source=source, model='a "b"\n\\') for source in ("gateway", "ollama-log", "probe")])
    exposition = Exposition(ledger)
    exposition.update()
    sample = Sample(
        at=AT, cpu_ratio=0.5, memory_available_bytes=1, energy_joules=3.0,
        gpus=(Gpu(index=0, used_ratio=0.1, power_watts=1.5),), processes=(Process(role="r", pid=1, rss_bytes=1),),
    )  # fmt: skip
    conditions = [
        Condition(name=kind, kind=kind, active=True, value=2.0, labels={"backend": "b"}) for kind in AlertKind
    ]
    moment = Moment(
        at=AT,
        sample=sample,
        conditions=conditions,
        budgets={"s": 0.5},
        scores={("ttft", "", ""): (1.0, True)},
        burn_rates={("s", "1h"): 1.0},
        dropped=1,
        server=Server(at=AT, backend="b", kind="ollama", version="1", models=(Model(name="m", size=1, size_vram=0),)),
    )
    assert passes("promtool", "check", "metrics", input=exposition.page(moment)) == ""
