"""Loads: who asks what when, in closed and open loops, stages, sweeps, conversations and engines in this process."""

import time
from dataclasses import replace
from itertools import pairwise
from statistics import median

import pytest

from ollascope.bench.asked import Level
from ollascope.bench.material import FRESH
from ollascope.bench.schedule import Schedule, Stage
from tests.bench.client.runs import (
    ENDS,
    LOOP,
    ask,
    calls,
    carried_out,
    closed,
    due,
    follow,
    gaps,
    going,
    plan_of,
    shared_by,
    truths,
    users,
)


def at(call):
    return call.extra["at_s"]


@pytest.mark.parametrize("api", ["ollama", "openai"])
@pytest.mark.parametrize("operation", ["chat", "generate"])
def test_figures_are_those_of_the_servers_truth(fake, tmp_path, api, operation):
    prompt = ask(f"{FRESH} <|loop|>", tokens=20, operation=operation)
    plan = plan_of(fake, tmp_path, closed(users(3, shots=6)), prompt, api=api, operation=operation)
    [last] = carried_out(plan)
    known, found = truths(fake), calls(tmp_path)
    assert [call.extra["shot"] for call in found] == list(range(6))
    assert (last.peak_in_flight, last.outcomes, last.tokens_out) == (3, {"ok": 6}, 120)
    for call in found:
        truth = known[call.id]
        assert (call.tokens_in, call.tokens_out) == (truth["tokens_in"], truth["tokens_out"])
        assert truth["first_ns"] / 1e9 <= call.first_chunk_s < truth["first_ns"] / 1e9 + 1
        assert truth["written_ns"][0] <= call.first_chunk_s * 1e9
        assert call.first_answer_s == call.first_chunk_s < call.end_s
        assert truth["written_ns"][-1] <= call.end_s * 1e9
        assert sum(count for _, count in call.gaps) == 19
        assert (call.source, call.run, call.status, call.retries, call.stream) == ("bench", "run", 200, 0, True)
    assert len(gaps(tmp_path)) == 6 * 19
    assert [call.connect_s is None for call in found] == [False] * 3 + [True] * 3


def test_thinking_comes_before_the_answer(fake, tmp_path):
    prompt = replace(ask("<|think|>", tokens=40, think=True), model="scripted")
    carried_out(plan_of(fake, tmp_path, closed(users(1, shots=1)), prompt))
    [call] = calls(tmp_path)
    assert call.outcome == "ok"
    assert call.first_chunk_s < call.first_answer_s < call.end_s


def test_answer_that_does_not_stream_has_its_times_and_counts(fake, tmp_path):
    carried_out(plan_of(fake, tmp_path, closed(users(1, shots=2)), replace(LOOP, stream=False)))
    for call in calls(tmp_path):
        assert (call.outcome, call.stream, call.tokens_out) == ("ok", False, 4)
        assert call.first_chunk_s == call.first_answer_s == call.end_s


@pytest.mark.parametrize("api", ["ollama", "openai"])
def test_texts_are_embedded(fake, tmp_path, api):
    plan = plan_of(fake, tmp_path, closed(users(2, shots=4)), ask(FRESH, operation="embed"), api=api, operation="embed")
    carried_out(plan)
    assert [(call.outcome, call.operation, call.model) for call in calls(tmp_path)] == [("ok", "embed", "vectors")] * 4


def test_each_request_has_a_text_of_its_own(fake, tmp_path):
    carried_out(plan_of(fake, tmp_path, closed(users(1, shots=3))))
    found = calls(tmp_path)
    assert len({call.tokens_in for call in found}) == 1
    assert len({call.id for call in found}) == 3


def test_workers_share_the_shots_of_an_open_loop(fake, tmp_path):
    times = [number / 50 for number in range(20)]
    lines = carried_out(*shared_by(plan_of(fake, tmp_path, due(*times)), 2))
    even, odd = calls(tmp_path, 0), calls(tmp_path, 1)
    assert [call.extra["shot"] for call in even] == list(range(0, 20, 2))
    assert [call.extra["shot"] for call in odd] == list(range(1, 20, 2))
    assert all(call.due_s <= 0 and at(call) + call.due_s == pytest.approx(times[call.extra["shot"]], abs=1e-5)
               for call in even + odd)  # fmt: skip
    assert median(-call.due_s for call in even + odd) < 0.02
    assert [line.sent for line in lines] == [10, 10]


def test_workers_share_the_users_and_the_number_of_requests(fake, tmp_path):
    carried_out(*shared_by(plan_of(fake, tmp_path, closed(users(3, shots=10))), 2))
    found = calls(tmp_path, 0) + calls(tmp_path, 1)
    assert sorted(call.extra["shot"] for call in found) == list(range(10))
    assert {call.extra["user"] for call in calls(tmp_path, 0)} == {0, 2}
    assert {call.extra["user"] for call in calls(tmp_path, 1)} == {1}
    assert all(call.due_s is None for call in found)


def test_shots_that_ended_before_are_left_out(fake, tmp_path):
    skip = frozenset({0, 1, 4})
    carried_out(plan_of(fake, tmp_path, due(0.0, 0.01, 0.02, 0.03, 0.04), skip=skip))
    assert [call.extra["shot"] for call in calls(tmp_path)] == [2, 3]
    other = tmp_path / "other"
    other.mkdir()
    carried_out(plan_of(fake, other, closed(users(2, shots=5)), skip=skip))
    assert [call.extra["shot"] for call in calls(other)] == [2, 3]


def test_requests_that_wait_at_our_side_keep_their_due_time(fake, tmp_path):
    schedule = replace(due(*[0.0] * 6), most_at_once=2)
    [last] = carried_out(plan_of(fake, tmp_path, schedule, ask(f"{FRESH} <|loop|>", tokens=30)))
    found = calls(tmp_path)
    assert last.peak_in_flight == 2
    assert [round(call.due_s / found[0].end_s) for call in found[2:]] == [-1, -1, -2, -2]
    assert all(at(call) + call.due_s == pytest.approx(0.0, abs=1e-5) for call in found)


def test_what_waits_at_our_side_at_the_end_leaves_its_trace(fake, tmp_path):
    schedule = replace(due(*[0.0] * 3), most_at_once=1)
    long = ask(f"{FRESH} <|loop|>", tokens=2000)
    with going(plan_of(fake, tmp_path, schedule, long)) as crew:
        follow(crew, lambda lines: lines[0].in_flight == 1)
        crew.cut()
        [last] = follow(crew)
    assert [call.outcome for call in calls(tmp_path)] == ["cancelled"] * 3
    assert [call.extra.get("unsent", False) for call in calls(tmp_path)] == [False, True, True]
    assert (last.sent, last.failed) == (1, 0)


def test_what_runs_too_long_behind_the_last_request_is_given_up(fake, tmp_path):
    long = ask(f"{FRESH} <|loop|>", tokens=5000)
    carried_out(plan_of(fake, tmp_path, due(0.0, 0.1), long, LOOP, ends=replace(ENDS, grace_s=0.3)))
    first, second = calls(tmp_path)
    assert (first.outcome, second.outcome) == ("cancelled", "ok")
    assert first.first_chunk_s is not None
    assert first.gaps


def test_warm_up_and_cool_down_are_marked_and_not_drained(fake, tmp_path):
    stage = replace(due(*[number / 50 for number in range(30)]).stages[0], ends_s=0.4, warm_up_s=0.1, cool_down_s=0.2)
    schedule = replace(due(*[number / 50 for number in range(30)]), stages=(stage,))
    carried_out(plan_of(fake, tmp_path, schedule, warm_up=(ask("warm <|loop|>"),)))
    phases = [call.extra.get("phase") for call in calls(tmp_path)]
    assert phases == ["warm-up"] * 5 + [None] * 15 + ["cool-down"] * 10
    assert len(gaps(tmp_path)) == sum(
        count for call in calls(tmp_path) if "phase" not in call.extra for _, count in call.gaps
    )


def test_warm_up_by_number_goes_over_into_the_run(fake, tmp_path):
    carried_out(plan_of(fake, tmp_path, closed(users(2, shots=8, warm_up_shots=3))))
    assert [call.extra.get("phase") for call in calls(tmp_path)] == ["warm-up"] * 3 + [None] * 5


def test_users_are_added_and_leave_without_a_pause_for_the_others(fake, tmp_path):
    stages = (
        users(1, seconds=0.3),
        users(3, seconds=0.3, number=1, starts_s=0.3),
        users(1, seconds=0.3, number=2, starts_s=0.6),
    )
    carried_out(plan_of(fake, tmp_path, closed(*stages)))
    found = calls(tmp_path)
    by_stage = [{call.extra["user"] for call in found if call.extra["stage"] == number} for number in range(3)]
    assert by_stage == [{0}, {0, 1, 2}, {0}]
    for number, stage in enumerate(stages):
        mine = [at(call) for call in found if call.extra["stage"] == number]
        assert min(mine) >= stage.starts_s - 0.001
        assert max(mine) <= stage.ends_s + 0.001
    numbers = [call.extra["shot"] for call in found]
    assert len(set(numbers)) == len(numbers)


def test_users_think_between_answer_and_question(fake, tmp_path):
    carried_out(plan_of(fake, tmp_path, closed(users(1, shots=3), think_s=0.2)))
    found = calls(tmp_path)
    assert all(at(after) - at(before) - before.end_s >= 0.199 for before, after in pairwise(found))


def test_sweep_of_users_waits_for_the_word(fake, tmp_path):
    stages = tuple(replace(users(count, shots=2 * count, number=n), starts_s=None) for n, count in enumerate((1, 3)))
    with going(plan_of(fake, tmp_path, closed(*stages, apart=True))) as crew:
        follow(crew, lambda lines: lines[0].state == "draining" and not lines[0].in_flight)
        assert [call.extra["stage"] for call in calls(tmp_path)] == [0, 0]
        crew.next_stage()
        follow(crew)
    found = calls(tmp_path)
    assert [call.extra["stage"] for call in found] == [0, 0] + [1] * 6
    assert [call.extra["shot"] for call in found] == list(range(8))


def test_sweep_of_rates_counts_each_stage_from_its_word(fake, tmp_path):
    times = [0.0, 0.02, 0.04, 0.0, 0.01, 0.02]
    stages = tuple(
        Stage(number=n, name="rate", level=Level(rate=1.0), starts_s=None, ends_s=0.05, first=3 * n, shots=3)
        for n in range(2)
    )
    schedule = replace(due(*times), stages=stages, apart=True)
    with going(plan_of(fake, tmp_path, schedule)) as crew:
        follow(crew, lambda lines: lines[0].state == "draining" and not lines[0].in_flight)
        assert len(calls(tmp_path)) == 3
        crew.next_stage()
        follow(crew)
    found = calls(tmp_path)
    assert [call.extra["stage"] for call in found] == [0, 0, 0, 1, 1, 1]
    starts = [at(call) + call.due_s - times[call.extra["shot"]] for call in found]
    assert starts[:3] == pytest.approx([0.0] * 3, abs=1e-5)
    assert starts[3:] == pytest.approx([starts[3]] * 3, abs=1e-5)
    assert starts[3] > found[2].end_s


def test_conversation_carries_what_was_said(fake, tmp_path):
    questions = (f"{FRESH} one", "two", "three")
    carried_out(plan_of(fake, tmp_path, closed(users(1, shots=4)), ask(questions[0]), turns=(questions,)))
    found = calls(tmp_path)
    assert [call.extra["turn"] for call in found] == [0, 1, 2, 0]
    tokens = [call.tokens_in for call in found]
    assert tokens[0] < tokens[1] < tokens[2]
    assert tokens[3] == tokens[0]


@pytest.mark.parametrize("operation", ["chat", "embed"])
def test_engine_in_this_process_is_measured_by_the_same_rules(tmp_path, operation):
    schedule = closed(users(3, shots=6))
    plan = plan_of(
        "", tmp_path, schedule, ask(f"{FRESH} <|loop|>", operation=operation), api="inside", operation=operation
    )
    plan = replace(plan, asked=replace(plan.asked, target=replace(plan.asked.target, engine="fake")))
    [last] = carried_out(plan)
    found = calls(tmp_path)
    assert (last.peak_in_flight, [call.outcome for call in found]) == (3, ["ok"] * 6)
    assert {(call.engine, call.backend) for call in found} == {("fake", "in process")}
    if operation == "chat":
        assert all(0.05 <= call.first_chunk_s < call.end_s and call.tokens_out == 4 for call in found)
        assert len(gaps(tmp_path)) == 6 * 3


def test_engine_in_this_process_can_be_cut(tmp_path):
    plan = plan_of("", tmp_path, due(0.0, 0.0), ask("<|loop|>", tokens=2000), api="inside", engine="fake")
    with going(plan) as crew:
        follow(crew, lambda lines: lines[0].in_flight == 2)
        began = time.monotonic()
        crew.cut()
        follow(crew)
    assert time.monotonic() - began < 10
    assert [call.outcome for call in calls(tmp_path)] == ["cancelled"] * 2


def test_nothing_to_do_ends_at_once(fake, tmp_path):
    empty = Schedule(stages=(Stage(number=0, name="none", level=Level(rate=1.0), starts_s=0.0, ends_s=0.0),), open=True)
    [last] = carried_out(plan_of(fake, tmp_path, empty))
    assert (last.sent, last.state) == (0, "done")
