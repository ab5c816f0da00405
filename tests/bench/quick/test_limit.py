"""What limits the speed is found by its evidence, and named only with it."""

import pytest

from ollascope.bench.quick.limit import limit_of
from ollascope.bench.quick.seen import comfortable, seen_in
from ollascope.bench.result import Use
from tests.bench.quick.seen import part, runs
from tests.bench.shown.made import bare, result, sweep

IDLE = {"server_cpu_ratio": 0.4, "cpu_ratio": 0.1, "others_cpu_ratio": 0.01, "steal_ratio": 0.0}


def code(*parts, **more):
    return limit_of(runs(*parts, **{**IDLE, **more})).code


def test_nothing_measured_is_no_reason_to_name_a_limit():
    assert limit_of([]).code == "too-slow"
    assert limit_of([bare()]).code == "too-slow"
    assert limit_of(runs(part(1), part(4, rate=4.0))).code == "unknown"


def test_failures_come_before_all_else():
    limit = limit_of(runs(part(1), part(4, failed=20, ttft=9.0)))
    assert limit.code == "failures"
    assert limit.told(limit.evidence) == "20 of 60 failed, most often with timeout"


def test_model_that_answers_nothing_in_the_time_is_too_slow():
    assert code(part(1, ok=0), part(2, ok=0)) == "too-slow"


def test_server_that_answers_one_at_a_time_is_found_by_its_queue():
    limit = limit_of(runs(part(1, rate=2.0, ttft=0.1), part(8, rate=2.1, ttft=3.5), **IDLE))
    assert limit.code == "queue"
    told = limit.told(limit.evidence)
    assert told.startswith("8 users got 2.1 answers/s together, one alone 2;")
    assert "3.5 s instead of 100 ms" in told
    assert "OLLAMA_NUM_PARALLEL" in limit.advice


def test_answers_that_get_slower_share_something_and_are_no_queue():
    assert code(part(1, rate=2.0, each=50), part(8, rate=2.1, ttft=3.5, each=7)) == "unknown"


def test_more_answers_for_more_users_are_no_queue():
    assert code(part(1, rate=2.0), part(8, rate=8.0, ttft=0.5)) == "unknown"


def test_swapping_is_told_with_how_much():
    limit = limit_of(runs(part(1), use=Use(swap_grown_bytes=300 * 2**20), **IDLE))
    assert limit.code == "swap"
    assert "300 MiB" in limit.told(limit.evidence)
    assert code(part(1), use=Use(swap_grown_bytes=2**20)) == "unknown"


def test_model_that_is_loaded_each_time_is_told():
    assert code(part(1, ttft=2.0, load=1.5)) == "loading"
    assert code(part(1, ttft=2.0, load=0.05)) == "unknown"


def test_busy_gpu_is_told():
    assert code(part(1), gpu_ratio=0.97) == "gpu"
    assert code(part(1), gpu_ratio=0.4) == "unknown"


def test_other_programs_and_other_machines_are_told():
    assert code(part(1), others_cpu_ratio=0.5) == "other-programs"
    assert code(part(1), steal_ratio=0.3) == "steal"


def test_full_cpu_is_told_as_its_own_limit_or_as_that_of_the_memory():
    assert code(part(1, rate=1.0, each=50), part(4, rate=1.1, each=12), server_cpu_ratio=3.9) == "cpu"
    many = part(4, rate=3.0, each=38)
    assert code(part(1, rate=1.0, each=50), many, server_cpu_ratio=3.9) == "memory-bandwidth"
    assert code(part(1), server_cpu_ratio=3.9) == "cpu"


def test_cpu_is_not_judged_without_the_number_of_cores():
    assert code(part(1), server_cpu_ratio=3.9, cores=None) == "unknown"


def test_server_on_another_machine_is_not_judged_by_this_one():
    limit = limit_of(runs(part(1), same_host=False))
    assert limit.code == "elsewhere"
    assert "ollascope quick" in limit.advice


@pytest.mark.parametrize(
    ("parts", "users"),
    [
        ([part(1), part(2), part(4)], 4),
        ([part(1), part(2), part(4, ttft=3.0)], 2),
        ([part(1, each=3.0), part(2, each=2.0)], 0),
        ([part(1), part(2, each=3.0), part(4)], 1),
        ([part(1), part(2, failed=5)], 1),
        ([part(1), part(2, ok=1000, failed=1)], 2),
        ([part(1, ok=0), part(2)], None),
        ([part(1), part(2, ok=0)], 1),
        ([], None),
    ],
)
def test_comfortable_is_as_many_as_all_were_content(parts, users):
    assert comfortable(seen_in(runs(*parts)) if parts else []) == users


def test_loads_come_from_stages_and_from_whole_runs_in_order():
    assert [one.users for one in seen_in([sweep()])] == [1, 2, 4, 8]
    assert [one.users for one in seen_in([result()])] == []  # a rate has no users
