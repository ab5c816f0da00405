"""Objectives: what is promised, how much of the budget is left, and when it burns too fast."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.monitor.objectives import (
    Objectives,
    Tallies,
    breaks,
    budget_of,
    judge_objectives,
    observe,
    read_objective,
    read_objectives,
    resumed,
)
from ollascope.words.alerts import AlertKind
from ollascope.words.call import Call
from ollascope.words.errors import BadSettings
from ollascope.words.record import dumps, loads

NOW = 1_760_000_000.0
CALL = Call(id="1", sent_at=NOW, source="gateway", outcome="ok", model="m", first_chunk_s=1.0, end_s=2.0, tokens_out=11)
LATE = replace(CALL, first_chunk_s=5.0, end_s=6.0)
FAILED = replace(CALL, outcome="engine-crashed", first_chunk_s=None)
SUCCESS = read_objective("success > 99 %")
FAST = read_objective("ttft p95 < 2 s")


def calls(good, bad, ago_s, wrong=FAILED, over_s=0.0):
    every = [CALL] * good + [wrong] * bad
    return [replace(call, sent_at=NOW - ago_s - over_s * place / max(1, len(every)) - 2.0)
            for place, call in enumerate(every)]  # fmt: skip


def judged(made, objective=SUCCESS, **more):
    tallies = observe(Tallies(), [objective], made, NOW)
    return {each.labels["window"]: each for each in judge_objectives(tallies, [objective], NOW, **more)}


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        ("", "is no bound", "ttft"),
        ("ttft < 2 s", "many values", "p95"),
        ("tftt p95 < 2 s", "no measure 'tftt'", "did you mean ttft?"),
        ("ttft p95 < 2 parsecs", "not measured in parsecs", "ms"),
        ("ttft p95 > 2 s", "promises to be slow", "<"),
        ("rate p5 < 10 tokens/s", "promises to be slow", ">"),
        ("success < 99 %", "promises failures", "success > 99.5 %"),
        ("success > 100 %", "no room for a single failure", "less than 100 %"),
        ("errors > 1 %", "promises failures", "errors < 0.5 %"),
        ("cpu_ratio < 90 %", "nothing that is promised of a request", "rules"),
        ("requests > 5", "nothing that is promised of a request", "rules"),
        ("gap p95 < 1 s", "many values in each request", "tpot"),
    ],
)
def test_wrong_objective_is_told_with_what_to_write(text, what, hint):
    with pytest.raises(BadSettings) as told:
        read_objective(text)
    assert what in told.value.message
    assert hint in told.value.hint


def test_wrong_objective_is_told_as_it_was_written():
    with pytest.raises(BadSettings, match=r"'ttft ttft p99 <> 2 s'"):
        read_objective("ttft ttft p99 <> 2 s")


def test_every_wrong_objective_is_told_with_its_place():
    section = Objectives(targets=("tftt p95 < 2 s", "success > 99 %", "success > 99 %", "ttft p95 < 2 kg"))
    with pytest.raises(BadSettings) as told:
        read_objectives(section, where="settings.yaml:7: objectives.targets")
    lines = told.value.message.splitlines()
    assert [line.partition(":7: ")[2].partition(":")[0] for line in lines] == [
        "objectives.targets[0]", "objectives.targets[2]", "objectives.targets[3]"]  # fmt: skip
    assert "did you mean ttft?" in lines[0]


@pytest.mark.parametrize(
    ("text", "budget"),
    [("success > 99.5 %", 0.005), ("errors < 1 %", 0.01), ("ttft p95 < 2 s", 0.05), ("total p99.9 < 1 m", 0.001),
     ("rate p5 > 10 tokens/s", 0.05), ("ttft p50 < 800 ms for qwen3:8b", 0.5)],
)  # fmt: skip
def test_budget_is_what_the_promise_leaves(text, budget):
    assert read_objective(text).budget == pytest.approx(budget)


def test_objective_for_a_model_counts_only_that_model():
    one = read_objective("success > 99 % for n")
    assert one.model == "n"
    tallies = observe(Tallies(), [one], calls(0, 50, 60), NOW)
    assert budget_of(tallies, one, NOW).requests == 0


def test_slow_answer_breaks_the_promise_and_so_does_one_that_never_came():
    is_broken = breaks(FAST)
    assert [is_broken(call) for call in (CALL, LATE, FAILED)] == [False, True, True]
    assert is_broken(replace(CALL, outcome="cancelled", first_chunk_s=None)) is None


def test_what_the_asker_did_wrong_breaks_no_promise():
    assert breaks(SUCCESS)(replace(CALL, outcome="bad-usage")) is None
    assert breaks(SUCCESS)(replace(CALL, outcome="cancelled")) is None


def test_no_requests_at_all_are_no_alarm_and_no_budget():
    assert not any(each.active for each in judged([]).values())
    budget = budget_of(Tallies(), SUCCESS, NOW)
    assert (budget.requests, budget.remaining, budget.burn["1h"]) == (0, None, None)


def test_few_requests_cannot_be_judged_however_bad():
    found = judged(calls(0, 19, 60))
    assert {each.active for each in found.values()} == {None}
    assert "only 19 requests, 20 are needed" in found["1h/5m"].reason


def test_budget_that_burns_fast_is_told_with_the_figures():
    found = judged(calls(80, 20, 30))
    assert found["1h/5m"].active is True
    assert found["1h/5m"].kind is AlertKind.BURN_RATE
    assert found["1h/5m"].severity == "critical"
    assert found["1h/5m"].value == pytest.approx(20.0)
    assert "20 of 100 requests broke it, 20.0 times" in found["1h/5m"].reason


def test_what_is_over_for_ten_minutes_is_no_alarm_of_the_fast_windows():
    found = judged(calls(80, 20, 700) + calls(20, 0, 10))
    assert found["1h/5m"].active is False
    assert found["6h/30m"].active is True


def test_slow_burn_is_told_by_the_long_windows_only():
    found = judged(calls(4900, 100, 0, over_s=3 * 3600.0), SUCCESS)
    assert [found[name].active for name in ("1h/5m", "6h/30m", "3d/6h")] == [False, False, True]
    assert found["3d/6h"].severity == "warning"


def test_service_that_keeps_its_promise_is_no_alarm():
    assert not any(each.active for each in judged(calls(1000, 5, 30)).values())


def test_large_budget_can_still_burn():
    half = read_objective("ttft p50 < 2 s")
    assert judged(calls(0, 100, 30, LATE), half)["1h/5m"].active is True


def test_budget_left_is_told():
    tallies = observe(Tallies(), [SUCCESS], calls(995, 5, 60), NOW)
    assert budget_of(tallies, SUCCESS, NOW).remaining == pytest.approx(0.5)
    assert budget_of(tallies, SUCCESS, NOW).burn["3d"] == pytest.approx(0.5)


def test_tallies_survive_a_restart_and_stay_small():
    tallies = Tallies()
    for minute in range(40 * 24):
        at = NOW + minute * 3600.0
        tallies = loads(Tallies, dumps(observe(tallies, [SUCCESS], [replace(CALL, sent_at=at - 3)], at)))
    tally = tallies.of[SUCCESS.text]
    assert (len(tally.minutes), len(tally.hours)) == (7, 744)


@given(st.integers(0, 100), st.integers(0, 20_000))
def test_nothing_counts_twice_and_nothing_is_lost_when_counting_goes_on(before, away):
    made = [replace(CALL, id=str(number), sent_at=NOW - 60.0 * number) for number in range(before)]
    tallies = observe(Tallies(), [SUCCESS], made, NOW + 3)
    later = [replace(CALL, id="later", sent_at=NOW + 5 + away / 2)]
    now = NOW + 10 + away
    kept, since = resumed(tallies, now)
    again = [call for call in (*made, *later) if call.sent_at + call.end_s >= since]
    assert budget_of(observe(kept, [SUCCESS], again, now), SUCCESS, now).requests == before + 1


def test_tallies_of_a_version_that_did_not_say_when_it_stopped_go_on_from_here():
    tallies = replace(observe(Tallies(), [SUCCESS], [CALL], NOW), seen=0.0)
    assert resumed(tallies, NOW + 60) == (tallies, NOW + 60)


def test_objective_that_is_no_more_is_forgotten():
    tallies = observe(Tallies(), [SUCCESS, FAST], [CALL], NOW)
    assert set(observe(tallies, [FAST], [], NOW).of) == {FAST.text}
