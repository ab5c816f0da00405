"""The verdict: each reason is given where it should be, with its figures, and not where it should not."""

import string
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.bench.asked import Asked, Lengths, Level, Load, Target, Wording
from ollascope.bench.result import (
    Cache,
    Client,
    Delivered,
    Reading,
    Result,
    Server,
    Tail,
    Throughput,
    Use,
    Window,
)
from ollascope.bench.verdict import Signs, judge
from ollascope.bench.verdict.sayings import SAYINGS, reason
from ollascope.bench.verdict.signs import Growing, Settling, Shifting
from ollascope.reports.words import chinese

PAGE = Path(__file__).parents[3] / "docs" / "verdicts.md"
ASKED = Asked(target=Target(url="http://127.0.0.1:11434", model="m"), load=Load(levels=(Level(users=8),)))
OPEN = replace(ASKED, load=Load(levels=(Level(rate=20.0),), arrival="poisson"))
CONSTANT = replace(OPEN, load=replace(OPEN.load, arrival="constant"))
TAIL = Tail(n=1000, mean=0.2, p50=0.2, p90=0.3, p95=0.3, p99=0.4)
CLEAN = Result(
    run="run", asked=ASKED, started_at=0.0, ended_at=60.0, verdict="VALID",
    delivered=Delivered(requests=1000, ok=1000, failed=0, peak_inflight=8, rate_rps=16.0, outcomes={"ok": 1000}),
    window=Window(since_s=0.0, until_s=60.0, steady_since_s=0.0),
    metrics={"ttft_s": TAIL, "total_s": TAIL}, throughput=Throughput(requests_per_s=16.0, output_tokens_per_s=300.0),
    client=Client(cpu_s=2.0, cpu_share=0.03, loop_lag_p99_s=0.001),
)  # fmt: skip
STEADY = Settling(since_s=0.0, drift=0.01, what="ttft_s", middle=0.2, settled=0.2)
SIGNS = Signs(users=8, settling=STEADY)


def delivered(**more):
    return {"delivered": replace(CLEAN.delivered, **more)}


def client(**more):
    return {"client": replace(CLEAN.client, **more)}


def cut(by, **more):
    return {"window": replace(CLEAN.window, cut_by=by), **more}


def worded(**more):
    return {"asked": replace(ASKED, wording=Wording(**more))}


def read(count=3, **more):
    return {"readings": tuple(Reading(at_s=float(second), **more) for second in range(count))}


FAILED = {"outcomes": {"ok": 980, "timeout": 15, "connection-cut": 5}, "ok": 980, "failed": 20}
CASES = [  # code, weight, what differs in the Result, what differs in the signs
    ("nothing-counted", "invalid", delivered(requests=0, ok=0, outcomes={}), {}),
    ("rate-not-delivered", "invalid", {"asked": OPEN, **delivered(rate_rps=18.9, extra={"due_rps": 20.0})}, {}),
    ("requests-missing", "limited", {"asked": OPEN}, {"missing": 3}),
    ("requests-missing", "invalid", {"asked": OPEN}, {"missing": 500}),
    ("queue-grows", "invalid", {"asked": OPEN}, {"growing": Growing(first_s=1.0, last_s=80.0, slope=0.7)}),
    ("users-not-reached", "invalid", delivered(peak_inflight=5), {}),
    ("users-not-reached", "limited", delivered(peak_inflight=98), {"users": 100}),
    ("arrival-misfit", "limited", {"asked": OPEN, **delivered(arrival_p=1e-5)}, {"arrival_distance": 0.2}),
    ("gaps-uneven", "limited", {"asked": CONSTANT, **delivered(arrival_cv=0.3)}, {}),
    ("sent-late", "limited", {"asked": OPEN, **delivered(late_p99_s=0.02)}, {}),
    ("sent-late", "invalid", {"asked": OPEN, **delivered(late_p99_s=0.2)}, {}),
    ("client-busy", "limited", client(cpu_share=0.85), {}),
    ("client-too-slow", "invalid", client(cpu_share=0.97), {}),
    ("client-lag", "limited", client(loop_lag_p99_s=0.02), {}),
    ("client-lag", "invalid", client(loop_lag_p99_s=0.2), {}),
    ("worker-died", "invalid", cut("worker-died", partial=True), {}),
    ("calls-lost", "limited", {}, {"lost_calls": 2}),
    ("unreadable-lines", "limited", {}, {"unreadable": 1}),
    ("clock-stepped", "limited", client(wall_step_s=-3600.0), {}),
    ("too-few-requests", "limited", {"metrics": {"total_s": replace(TAIL, n=20, more={"p99": 348, "p999": 3668})}}, {}),
    ("not-steady", "limited", {}, {"settling": replace(STEADY, since_s=None, drift=0.5)}),
    ("steady-late", "limited", {}, {"settling": replace(STEADY, since_s=12.0, middle=0.3)}),
    ("level-shift", "limited", {}, {"settling": replace(STEADY, shift=Shifting(what="requests_per_s", at_s=30.0,
                                                                               before=16.0, after=9.0))}),
    ("nothing-finished", "invalid", delivered(ok=0, cancelled=1000, outcomes={"cancelled": 1000}), {}),
    ("all-failed", "invalid", delivered(ok=0, failed=1000, outcomes={"timeout": 1000}), {}),
    ("errors", "limited", delivered(**FAILED), {}),
    ("errors", "note", delivered(ok=999, failed=1, outcomes={"ok": 999, "timeout": 1}), {}),
    ("errors", "invalid", delivered(ok=400, failed=600, outcomes={"ok": 400, "timeout": 600}), {}),
    ("given-up", "limited", delivered(cancelled=20, ok=980), {}),
    ("given-up", "note", delivered(cancelled=1, ok=999), {}),
    ("retried", "note", delivered(retries=3), {}),
    ("tokens-not-told", "limited", {}, {"tokens_told": False}),
    ("prompts-truncated", "limited", {}, {"flags": {"prompt-truncated": 4}}),
    ("context-full", "limited", {}, {"flags": {"context-exhausted": 4}}),
    ("options-ignored", "limited", {}, {"flags": {"think-ignored": 4}}),
    ("prompt-lengths-missed", "limited", worded(tokens_in=Lengths(mean=100.0)), {"tokens_in": 150.0}),
    ("answers-short", "note", worded(max_tokens=Lengths(mean=128.0)), {"tokens_out": 40.0}),
    ("cache-helped", "limited", {"cache": Cache(prompt_tokens=1000, cached_tokens=900)}, {}),
    ("cache-idle", "note", {**worded(cache="friendly"), "cache": Cache(prompt_tokens=1000, cached_tokens=0)}, {}),
    ("other-model", "invalid", {}, {"flags": {"other-model": 3}, "answered_by": ("gemma:2b",)}),
    ("cpu-stolen", "limited", read(steal_ratio=0.3), {}),
    ("swapped", "limited", {"use": Use(swap_grown_bytes=1 << 30)}, {}),
    ("throttled", "limited", {"use": Use(throttled=True)}, {"gpu_throttled": True}),
    ("cpu-limited", "limited", {"use": Use(throttled=True)}, {}),
    ("clock-dropped", "limited", {}, {"hertz_early": 4e9, "hertz_late": 2e9, "heat_celsius": 97.0}),
    ("others-busy", "limited", {"use": Use(others_cpu_ratio_max=0.5)}, {}),
    ("crowded", "limited", {"server": Server(same_host=True), "use": Use(cpu_ratio_mean=0.99),
                            **read(client_cpu_ratio=0.5, server_cpu_ratio=1.4)}, {"cores": 2.0}),
    ("same-host", "note", {"server": Server(same_host=True)}, {}),
    ("server-restarted", "invalid", {"server": Server(restarted=True)}, {}),
    ("server-changed", "limited", {"server": Server(changed=("version 0.3 became 0.4",))}, {}),
    ("model-loaded", "limited", {"server": Server(loads=2)}, {}),
    ("interrupted", "limited", cut("interrupted", partial=True), {}),
    ("stopped-early", "limited", cut("errors"), {}),
    ("stopped-early", "note", cut("tokens"), {}),
    ("resumed", "note", {}, {"resumed": 1}),
    ("demo", "note", {"demo": True}, {}),
]  # fmt: skip
WORST = {"invalid": "INVALID", "limited": "LIMITED", "note": "VALID"}


def judged(result=None, signs=None):
    return judge(replace(CLEAN, **result or {}), replace(SIGNS, **signs or {}))


def test_clean_run_of_decent_length_is_valid_without_a_word():
    assert judged() == ("VALID", ())


@pytest.mark.parametrize(("code", "weight", "result", "signs"), CASES, ids=lambda value: str(value)[:30])
def test_reason_is_given_with_its_weight(code, weight, result, signs):
    verdict, reasons = judged(result, signs)
    found = {one.code: one for one in reasons}
    assert found[code].weight == weight
    weights = {one.weight for one in reasons}
    assert verdict == WORST["invalid" if "invalid" in weights else "limited" if "limited" in weights else "note"]
    assert {one for one in found if one not in {code, "same-host", "given-up"}} == set()


def test_every_reason_there_is_has_a_case():
    assert {case[0] for case in CASES} == set(SAYINGS)


@pytest.mark.parametrize(("code", "weight", "result", "signs"), CASES, ids=lambda value: str(value)[:30])
def test_sentence_can_be_said_again_from_its_template_and_figures(code, weight, result, signs):
    _, reasons = judged(result, signs)
    for one in reasons:
        assert one.template.format(**one.figures) == one.text
        assert "None" not in one.text
        names = {name for _, name, _, _ in string.Formatter().parse(one.template) if name}
        assert names == set(one.figures)


@pytest.mark.parametrize("code", SAYINGS)
def test_every_reason_is_explained_in_the_docs(code):
    assert f"| `{code}` |" in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("result", "signs"),
    [
        ({"asked": OPEN, **delivered(rate_rps=19.5, extra={"due_rps": 20.0})}, {}),
        ({"asked": replace(ASKED, load=replace(ASKED.load, think_s=1.0)), **delivered(peak_inflight=3)}, {}),
        ({"asked": OPEN, **delivered(arrival_p=1e-9)}, {"arrival_distance": 0.01}),
        ({"asked": OPEN, **delivered(arrival_p=0.005)}, {"arrival_distance": 0.2}),
        ({"asked": OPEN, **delivered(late_p99_s=0.009)}, {}),
        (client(cpu_share=0.8, loop_lag_p99_s=0.01, wall_step_s=0.05), {}),
        ({**client(loop_lag_p99_s=0.03), "window": replace(CLEAN.window, until_s=1.9)}, {}),
        ({"metrics": {"total_s": replace(TAIL, more={"p999": 2688})}}, {}),
        ({}, {"settling": None}),
        ({"use": Use(swap_grown_bytes=1000, others_cpu_ratio_max=0.1, throttled=False)}, {}),
        ({"server": Server(loads=0, restarted=False)}, {}),
        ({"cache": Cache(prompt_tokens=1000, cached_tokens=50)}, {}),
        ({**worded(turns=3), "cache": Cache(prompt_tokens=1000, cached_tokens=900)}, {}),
        (worded(tokens_in=Lengths(mean=100.0)), {"tokens_in": 104.0}),
        ({"readings": (Reading(at_s=1.0, steal_ratio=0.0), Reading(at_s=2.0, steal_ratio=0.9),
                       Reading(at_s=3.0, steal_ratio=0.0))}, {}),
        ({}, {"hertz_early": 4e9, "hertz_late": 2e9, "heat_celsius": 45.0}),
    ],
)  # fmt: skip
def test_what_does_not_matter_is_not_said(result, signs):
    assert judged(result, signs) == ("VALID", ())


def test_run_of_twenty_requests_is_limited_and_says_how_many_more():
    tail = Tail(n=20, p50=0.2, p90=0.3, p95=0.3, more={"p90": 16, "p95": 52, "p99": 348, "p999": 3668})
    verdict, reasons = judged({"metrics": {"ttft_s": tail, "total_s": tail}})
    assert verdict == "LIMITED"
    assert reasons[0].text == "20 requests are too few for p90, p95, p99: 348 more are needed"


@pytest.mark.parametrize(("readings", "told"), [(2, ""), (3, ": the client took 10 % of a core, the server 50 %")])
def test_shares_of_a_core_are_told_only_where_they_were_seen_for_a_while(readings, told):
    seen = read(readings, client_cpu_ratio=0.1, server_cpu_ratio=0.5)
    _, [only] = judged({"server": Server(same_host=True), **seen})
    assert only.text == f"server and client share this machine{told}"


def test_answers_that_an_interruption_gave_up_are_a_note():
    _, reasons = judged({**delivered(cancelled=20, ok=980), **cut("interrupted", partial=True)})
    assert [(one.code, one.weight) for one in reasons] == [("given-up", "note"), ("interrupted", "limited")]


def test_client_that_lagged_is_not_blamed_where_nothing_was_answered():
    _, reasons = judged({**delivered(ok=0, failed=9, outcomes={"timeout": 9}), **client(loop_lag_p99_s=0.5)})
    assert [one.code for one in reasons] == ["all-failed"]


def test_failures_are_told_the_most_frequent_first():
    _, reasons = judged(delivered(**FAILED))
    assert reasons[0].text == (
        "20 of 1000 requests failed (2 %): 15 timeout, 5 connection-cut; they count as infinitely slow"
    )


def test_more_requests_are_not_advised_where_the_queue_grows():
    tail = replace(TAIL, more={"p99": 20_000})
    growing = {"growing": Growing(first_s=1.0, last_s=80.0, slope=0.7)}
    _, reasons = judged({"asked": OPEN, "metrics": {"total_s": tail}}, growing)
    assert [one.code for one in reasons] == ["queue-grows"]


def test_a_code_that_is_not_in_the_table_is_a_mistake():
    with pytest.raises(KeyError):
        reason("no-such-code", "note")


@given(st.lists(st.sampled_from(CASES), max_size=6))
def test_verdict_is_that_of_the_heaviest_reason(cases):
    result, signs = {}, {}
    for _, _, result_of, signs_of in cases:
        result.update(result_of)
        signs.update(signs_of)
    verdict, reasons = judged(result, signs)
    weights = {one.weight for one in reasons}
    assert verdict == ("INVALID" if "invalid" in weights else "LIMITED" if "limited" in weights else "VALID")
    assert len({one.code for one in reasons}) == len(reasons)


@pytest.mark.parametrize("code", SAYINGS)
def test_every_sentence_is_there_in_chinese_with_the_same_figures(code):
    for text in filter(None, (SAYINGS[code].template, SAYINGS[code].hint)):
        names = [{name for _, name, _, _ in string.Formatter().parse(one) if name} for one in (text, chinese()[text])]
        assert names[0] == names[1]
