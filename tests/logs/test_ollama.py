"""The log of an Ollama tells what the recorded exchanges had; bad logs tell nothing wrong."""

from collections import Counter
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.logs.ollama import OllamaLog
from tests.logs.recorded import OLLAMA_024, OLLAMA_032, exchanges, final, log_lines, read_lines, read_log

CHAT = '[GIN] 2026/11/21 - 01:55:54 | 200 |  {span} | 127.0.0.1 | POST     "/api/chat"'
TOLD = "time=2026-11-21T01:55:{second}Z level={level} source=x.go:1 msg={message}"
UNRECORDED = {  # asked in a session of their own, whose log was not kept
    "chat-600-messages-too-long", "chat-schema-forced-think-true", "generate-num-predict-0-ends",
}  # fmt: skip
TEMPLATING_S = 0.03  # Ollama's own total leaves out reading and cutting a long prompt
RACED = "chat-unload"  # all its runner's lines came behind the line of the next request


def task(number, prompt=20, slot=0, total="10.00", answer=8):
    said = [
        f"new prompt, n_ctx_slot = 2048, n_keep = 4, task.n_tokens = {prompt}",
        "cached n_tokens = 5, memory_seq_rm [5, end)",
        f"init sampler, took 0.01 ms, tokens: text = {prompt}, total = {prompt}",
        f"prompt eval time = 1.00 ms / {prompt - 5} tokens (x)",
        f"       eval time = 2.00 ms / {answer} tokens (x)",
        f"      total time = {total} ms / 31 tokens",
        "stop processing: n_tokens = 30, truncated = 0",
    ]
    return [f"slot   operator(): id  {slot} | task {number} | {words}" for words in said]


def chat(span="20ms"):
    return CHAT.format(span=span)


@given(st.lists(st.one_of(st.text(), st.sampled_from([chat(), *task(1), *task(2, slot=1)])), max_size=60))
def test_any_lines_give_each_request_exactly_once(lines):
    served = read_lines(lines)
    assert len(served) == sum(line == chat() for line in lines)


@given(st.lists(st.sampled_from([chat(), chat("1s"), *task(1), *task(2, slot=1), *task(3)]), max_size=80))
def test_no_task_is_counted_twice(lines):
    tokens = sum(served.tokens_out or 0 for served in read_lines(lines))
    assert tokens <= 8 * sum("stop processing" in line for line in lines)


def test_reading_line_by_line_or_settling_between_gives_the_same_requests():
    lines = log_lines(OLLAMA_032)
    log = OllamaLog()
    found = [served for line in lines for served in log.feed(line)] + log.settle()
    assert [served.key for served in found] == [served.key for served in read_lines(lines)]
    assert len({served.key for served in found}) == len(found)


def test_other_paths_and_methods_are_no_requests_to_a_model():
    other = [
        chat().replace("/api/chat", "/api/tags"),
        chat().replace("POST", "OPTIONS"),
        chat().replace("chat", "pull"),
    ]
    assert read_lines(other) == []


def test_tokens_of_a_task_go_to_the_request_whose_line_follows():
    (served,) = read_lines([*task(1), chat()])
    assert (served.tokens_in, served.tokens_cached, served.tokens_out) == (20, 5, 8)
    assert (served.prefill_s, served.decode_s, served.by_order) == (0.001, 0.002, False)


def test_line_of_the_request_may_come_before_the_end_of_its_task():
    (served,) = read_lines([*task(1)[:3], chat(), *task(1)[3:]])
    assert served.tokens_out == 8


def test_task_that_took_longer_than_the_request_is_not_its_own():
    (served,) = read_lines([*task(1, total="900.00"), chat("20ms")])
    assert served.tokens_in is None


def test_refused_request_takes_no_task():
    refused, answered = read_lines([*task(1), chat().replace("200", "400"), chat()])
    assert (refused.tokens_in, answered.tokens_in) == (None, 20)


def test_two_that_end_together_say_that_order_alone_tells_them_apart():
    served = read_lines([*task(1), *task(2, slot=1, prompt=40), chat(), chat()])
    assert sorted(one.tokens_in for one in served) == [20, 40]
    assert [one.by_order for one in served] == [True, True]


def test_tasks_of_two_runners_with_the_same_numbers_are_not_counted():
    (served,) = read_lines([*task(1)[:2], *task(1), chat()])
    assert served.tokens_in is None


def test_missed_request_does_not_put_the_later_ones_off_by_one():
    lines = [*task(1, prompt=100)]  # its own line never comes
    for number in range(2, 6):
        lines += [*task(number, prompt=20 * number), chat()]
    assert [served.tokens_in for served in read_lines(lines)][1:] == [60, 80, 100]


def test_message_within_the_second_tells_the_end_more_exactly():
    before = TOLD.format(second="54.900", level="INFO", message="x")
    (coarse,), (fine,) = (
        read_lines([TOLD.format(second="40", level="INFO", message="x"), chat()]),
        read_lines([before, chat()]),
    )
    assert (coarse.within_s, round(fine.within_s, 3)) == (1.0, 0.1)
    assert fine.ended_at == pytest.approx(coarse.ended_at + 0.9)


def test_zone_of_the_log_is_learnt_from_its_messages():
    east = datetime(2026, 11, 21, 1, 55, 54, tzinfo=timezone(timedelta(hours=8))).timestamp()
    log = OllamaLog()
    log.prime("time=2026-11-20T01:00:00.000+08:00 level=INFO source=x msg=y")
    (served,) = [*log.feed(chat()), *log.settle()]
    assert served.ended_at == east


def test_instant_of_the_journal_wins():
    log = OllamaLog(UTC)
    (served,) = [*log.feed(chat(), 1000.5), *log.settle()]
    assert (served.ended_at, served.within_s) == (1000.5, 0.0)


def test_requests_are_held_for_what_is_said_of_them_later():
    log = OllamaLog(UTC)
    assert log.feed(chat()) == []
    assert log.feed(TOLD.format(second="55.500", level="INFO", message="x")) == []
    assert len(log.feed(TOLD.format(second="56.000", level="INFO", message="x"))) == 1


def test_reader_that_takes_over_is_told_where_to_begin():
    log = OllamaLog(UTC)
    lines = ["x", "x", *task(1), chat()]
    for line in lines:
        log.feed(line)
    assert log.needed_from() == 2
    log.settle()
    assert log.needed_from() == len(lines)


# ---- the recorded logs


@pytest.mark.parametrize("folder", [OLLAMA_032, OLLAMA_024])
def test_log_has_every_recorded_request_with_its_path_and_status(folder):
    served = [*read_log(folder), *read_log(folder, "serve-queue.log")]
    told = [one for name, one in exchanges(folder) if one["response"] and one["response"]["status"]]
    recorded = Counter((one["request"]["path"], one["response"]["status"]) for one in told)
    in_log = Counter((one.path, one.status) for one in served)
    lacking = recorded - in_log
    assert sum(lacking.values()) <= len(UNRECORDED) + 2, lacking
    assert all(status == 200 for _, status in lacking)


@pytest.mark.parametrize("folder", [OLLAMA_032, OLLAMA_024])
def test_requests_come_in_the_order_in_which_they_were_answered(folder):
    ends = sorted(
        (last["created_at"], last["total_duration"] / 1e9)
        for name, told in exchanges(folder)
        if (last := final(told)) and name not in UNRECORDED and not name.startswith("queue-")
    )
    durations = [served.duration_s for served in read_log(folder) if served.status == 200]
    place = 0
    for at, duration in ends:
        near = [index for index in range(place, len(durations)) if 0 <= durations[index] - duration < TEMPLATING_S]
        assert near, (at, duration)
        place = near[0] + 1


def test_log_of_032_tells_the_tokens_of_every_recorded_answer():
    served = [*read_log(OLLAMA_032), *read_log(OLLAMA_032, "serve-queue.log")]
    names = []
    for name, told in exchanges(OLLAMA_032):
        last = final(told)
        if last is None or name in {*UNRECORDED, RACED}:
            continue
        asked = (told["request"]["path"], last["prompt_eval_count"], last["eval_count"])
        same = [one for one in served if (one.path, one.tokens_in, one.tokens_out) == asked]
        assert any(0 <= one.duration_s - last["total_duration"] / 1e9 < TEMPLATING_S for one in same), (name, asked)
        names.append(name)
    assert len(names) >= 65


def test_log_of_024_tells_no_tokens():
    assert {served.tokens_in for served in read_log(OLLAMA_024)} == {None}


def test_cached_tokens_are_told_where_the_answer_hides_them():
    """The same long prompt asked twice: the answers have the same count, the log knows that the second was cached."""
    long = [served for served in read_log(OLLAMA_032) if served.tokens_in == 1521]
    assert [served.tokens_cached for served in long[:2]] == [6, 1520]
    assert long[0].prefill_s > 10 * long[1].prefill_s


@pytest.mark.parametrize("folder", [OLLAMA_032, OLLAMA_024])
def test_flags_are_told_each_for_its_own_request(folder):
    flagged = {flag: one for one in read_log(folder) for flag in one.flags}
    shifts = {"context-shifted"} if folder == OLLAMA_032 else set()
    assert (
        set(flagged)
        == {"prompt-truncated", "context-clamped", "option-ignored", "load-aborted", "runner-killed"} | shifts
    )
    told = dict(exchanges(folder))
    cut = final(told["prompt-too-long-truncated"])
    assert 0 <= flagged["prompt-truncated"].duration_s - cut["total_duration"] / 1e9 < 0.1
    clamped = final(told["huge-num-ctx"])
    assert 0 <= flagged["context-clamped"].duration_s - clamped["total_duration"] / 1e9 < TEMPLATING_S
    ignored = final(told["error-unknown-option"])
    assert 0 <= flagged["option-ignored"].duration_s - ignored["total_duration"] / 1e9 < TEMPLATING_S
    assert flagged["load-aborted"].status in {499, 500}
    assert flagged["runner-killed"].duration_s == pytest.approx(1.4, abs=0.01)


def test_flags_of_032_agree_with_the_answers_token_for_token():
    served = read_log(OLLAMA_032)
    (cut,) = [one for one in served if "prompt-truncated" in one.flags]
    assert (cut.tokens_in, cut.tokens_out) == (1026, 8)
    shifted = [one for one in served if "context-shifted" in one.flags]
    assert [(one.tokens_in, one.tokens_out, one.cancelled) for one in shifted] == [(21, None, True), (21, 400, False)]


def test_clients_that_left_are_told():
    left = [name for name, told in exchanges(OLLAMA_032) if "client left" in told["end"] and name not in UNRECORDED]
    assert sum(served.cancelled for served in read_log(OLLAMA_032)) == len(left) == 6


def test_reload_for_another_context_is_no_killed_runner():
    """Then too the log says that llama-server was terminated by a signal, though all is well."""
    lines = log_lines(OLLAMA_032)
    assert sum("llama-server terminated" in line for line in lines) == 2
    assert sum("runner-killed" in served.flags for served in read_lines(lines)) == 1


def test_queue_of_032_is_told_with_every_token():
    served = read_log(OLLAMA_032, "serve-queue.log")
    answered = [one for one in served if one.tokens_out is not None]
    assert [one.tokens_out for one in answered] == [1] + [20] * 9
    assert [one.status for one in served if one.tokens_out is None] == [200, 503, 503, 503]
