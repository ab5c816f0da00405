"""Rules against what was measured."""

import pytest

from ollascope.monitor.alerts.judging import Measured, adapt, judge_rules
from ollascope.monitor.alerts.rules import Rule
from ollascope.monitor.measures import read_bound
from ollascope.words.alerts import AlertKind, Condition
from ollascope.words.sample import Sample
from ollascope.words.summary import Figure, Summary
from tests.monitor.alerts.held import NOW


def summary(requests=100, p95=3.0, n=None, **outcomes):
    figure = Figure(n=requests if n is None else n, p95=p95)
    return Summary(since=0.0, until=1.0, requests=requests, outcomes=outcomes or {"ok": requests},
                   metrics={"ttft_s": figure})  # fmt: skip


def judged(rule, figures=None, samples=(), **more):
    measured = Measured(figures=lambda _: figures or {}, samples=samples, now=NOW, **more)
    return judge_rules([rule], measured)


def threshold(text, **more):
    return Rule(name="r", sort="threshold", bound=read_bound(text), **more)


def test_no_rules_no_conditions():
    assert judge_rules([], Measured(figures=lambda _: {}, samples=(), now=NOW)) == ()


def test_bound_that_is_exceeded_holds_and_says_the_figures():
    (found,) = judged(threshold("ttft p95 > 2 s"), {(): summary()})
    assert (found.active, found.value, found.bound, found.severity) == (True, 3.0, 2.0, "warning")
    assert found.reason == "ttft_s p95 is 3 s over 300 s; the rule tells what is above 2 s"


@pytest.mark.parametrize(("p95", "active"), [(1.0, False), (2.0, False), (None, None)])
def test_bound_that_is_kept_or_cannot_be_told(p95, active):
    assert judged(threshold("ttft p95 > 2 s"), {(): summary(p95=p95)})[0].active is active


def test_no_data_at_all_cannot_be_told():
    (found,) = judged(threshold("ttft p95 > 2 s"))
    assert found.active is None
    assert "was not measured" in found.reason


def test_too_few_requests_cannot_be_told():
    rule = threshold("ttft p95 > 2 s", least=20)
    assert judged(rule, {(): summary(requests=19)})[0].active is None
    assert judged(rule, {(): summary(requests=50, n=19)})[0].active is None
    assert judged(rule, {(): summary(requests=20)})[0].active is True


def test_errors_are_those_of_the_service_not_of_the_asker():
    half = summary(**{"ok": 50, "timeout": 50, "bad-usage": 900, "cancelled": 900})
    assert judged(threshold("errors > 40 %"), {(): half})[0].value == 0.5
    assert judged(threshold("success < 60 %"), {(): half})[0].active is True
    assert judged(threshold("errors > 40 %"), {(): summary(cancelled=9)})[0].active is None


def test_requests_are_counted_also_when_there_are_none():
    assert judged(threshold("requests < 1"))[0].active is True


def test_each_model_is_judged_apart_and_what_is_gone_cannot_be_told():
    rule = threshold("ttft p95 > 2 s", each="model")
    found = judged(rule, {("a",): summary(), ("b",): summary(p95=1.0)}, known=lambda _: [("c",)])
    assert [(each.labels, each.active) for each in found] == [
        ({"model": "a"}, True), ({"model": "b"}, False), ({"model": "c"}, None)]  # fmt: skip


def test_what_fires_ends_only_beyond_its_own_bound():
    rule = threshold("ttft p95 > 4 s", until=2.0)
    assert judged(rule, {(): summary()})[0].active is False
    assert judged(rule, {(): summary()}, fires=lambda _name, _labels: True)[0].active is True


def test_sample_is_the_newest_that_has_the_field():
    samples = [Sample(at=NOW - 20, cpu_ratio=0.99), Sample(at=NOW - 10)]
    assert judged(threshold("cpu_ratio > 90 %"), samples=samples)[0].active is True
    assert judged(threshold("cpu_ratio > 90 %"), samples=[Sample(at=NOW - 400, cpu_ratio=0.99)])[0].active is None
    assert judged(threshold("cpu_ratio > 90 %"))[0].active is None


@pytest.mark.parametrize("what", ["requests", "samples"])
def test_absence_holds_where_nothing_came(what):
    rule = Rule(name="r", sort="absence", what=what)
    assert judged(rule)[0].active is True
    assert judged(rule, {(): summary()}, [Sample(at=NOW - 1)])[0].active is False
    assert judged(rule, {(): summary(requests=0)}, [Sample(at=NOW - 301)])[0].active is True


def test_rule_gives_other_judges_its_severity_labels_and_patience():
    burn = Condition(name="slo-burn", kind=AlertKind.BURN_RATE, active=True, labels={"slo": "s", "window": "1h/5m"})
    odd = Condition(name="ttft-anomaly", kind=AlertKind.LATENCY_ANOMALY, active=True, labels={"signal": "ttft"})
    rules = [Rule(name="a", sort="burn", what="s", severity="info", for_s=9.0, labels={"team": "x"}),
             Rule(name="b", sort="anomaly", what="gap", severity="critical")]  # fmt: skip
    changed, same = adapt([burn, odd], rules)
    assert (changed.severity, changed.for_s, changed.labels["team"]) == ("info", 9.0, "x")
    assert same == odd
