"""The runner's lines put together task by task."""

import pytest

from ollascope.logs.ollama_lines import Step, read_line
from ollascope.logs.ollama_tasks import MOST_TASKS, TASK_LINES, Tasks
from tests.logs.recorded import log_lines

FULL = """\
slot   operator(): id  0 | task 9 | new prompt, n_ctx_slot = 2048, n_keep = 4, task.n_tokens = 1026
slot   operator(): id  0 | task 9 | cached n_tokens = 4, memory_seq_rm [4, end)
slot   operator(): id  0 | task 9 | cached n_tokens = 516, memory_seq_rm [516, end)
slot init_sampler: id  0 | task 9 | init sampler, took 0.14 ms, tokens: text = 1026, total = 1026
slot print_timing: id  0 | task 9 | prompt eval time =      14.11 ms /  1022 tokens (x)
slot print_timing: id  0 | task 9 |        eval time =       2.10 ms /     8 tokens (x)
slot print_timing: id  0 | task 9 |       total time =      16.21 ms /  1030 tokens
slot      release: id  0 | task 9 | stop processing: n_tokens = 1033, truncated = 0
""".splitlines()


def play(tasks, lines, start=0):
    ended = []
    for number, line in enumerate(lines, start):
        fact = read_line(line)
        if isinstance(fact, Step):
            ended.append(tasks.note(fact, number))
    return [task for task in ended if task is not None]


def test_steps_of_unknown_tasks_are_passed_over():
    tasks = Tasks()
    assert play(tasks, FULL[1:]) == []
    assert tasks.finished() == []


def test_first_cached_line_counts_and_later_ones_are_progress():
    (task,) = play(Tasks(), FULL)
    assert (task.prompt_tokens, task.cached_tokens, task.computed_tokens, task.answer_tokens) == (1026, 4, 1022, 8)
    assert (task.prefill_s, task.decode_s, task.total_s) == pytest.approx((0.01411, 0.0021, 0.01621))


def test_one_token_has_no_time_to_decode():
    lines = [line.replace("2.10 ms /     8", "0.00 ms /     1") for line in FULL]
    (task,) = play(Tasks(), lines)
    assert (task.answer_tokens, task.decode_s) == (1, None)


def test_cut_prompt_is_the_task_that_begins_with_as_many_tokens():
    tasks = Tasks()
    tasks.cut(1026)
    (task,) = play(tasks, FULL)
    assert task.cut


def test_two_runners_with_the_same_numbers_are_told():
    tasks = Tasks()
    play(tasks, FULL[:2])
    (task,) = play(tasks, FULL)
    assert task.mixed


def test_numbers_of_a_runner_that_ended_are_free_again():
    tasks = Tasks()
    play(tasks, FULL[:2])
    tasks.runner_ended()
    (task,) = play(tasks, FULL)
    assert not task.mixed


def test_refused_text_is_no_task():
    tasks = Tasks()
    refused = "srv    send_error: task id = 9, error: input (4094 tokens) is too large to process."
    assert play(tasks, [*FULL[:2], refused, FULL[-1]]) == []
    assert tasks.finished() == []


def test_tasks_that_never_end_are_bounded():
    tasks = Tasks()
    for number in range(3 * MOST_TASKS):
        play(tasks, [FULL[0].replace("task 9", f"task {number}")], number)
        tasks.forget(number)
    assert len(tasks.in_flight()) == MOST_TASKS


def test_finished_tasks_that_nobody_takes_are_forgotten():
    tasks = Tasks()
    play(tasks, FULL)
    tasks.forget(TASK_LINES + len(FULL))
    assert tasks.finished() == []


def test_log_of_llama_server_without_its_first_lines_tells_no_task():
    """At its usual verbosity the beginning of a task is not written, so nothing is made up."""
    tasks = Tasks()
    play(tasks, log_lines("llama-server"))
    assert tasks.finished() == []
    assert tasks.in_flight() == []
