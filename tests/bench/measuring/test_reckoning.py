"""The rest of a Result: client, cache, server, machine, slices; and that it can be written down."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ollascope.bench.measuring import gather, reckon
from ollascope.bench.measuring.slices import nice_length
from ollascope.bench.plan import Status
from ollascope.bench.result import Result, Server
from ollascope.words.record import dumps, loads
from ollascope.words.sample import Gpu, Process, Sample
from tests.bench.measuring.folders import GO, about_of, asked_rate, asked_users, call, closed, result_of, stretch, write

OUTCOMES = ("ok", "ok", "ok", "timeout", "cancelled", "connection-cut")


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.integers(0, 80))
def test_any_run_has_a_result_that_can_be_written_and_read(tmp_path_factory, seed, count):
    source = random.Random(seed)
    calls = [
        call(number, source.uniform(0, 20), ttft=source.uniform(0.01, 2), tokens=source.randrange(4),
             outcome=source.choice(OUTCOMES), stage=source.randrange(3),
             phase=source.choice((None, None, "warm-up", "cool-down")), due=source.choice((None, 0.0)))
        for number in range(count)
    ]  # fmt: skip
    asked = source.choice((asked_users(3), asked_rate(5.0), asked_rate(5.0, "constant", most=2)))
    about = about_of(calls, stretches=(stretch(until=5.0), stretch(1, since=5.0, until=9.0)))
    result = result_of(tmp_path_factory.mktemp("run"), calls, asked, about)
    assert loads(Result, dumps(result)) == result
    counted = [one for one in calls if "phase" not in one.extra]
    assert result.delivered.requests == len(counted)
    assert result.delivered.ok + result.delivered.failed + result.delivered.cancelled == len(counted)
    assert sum(part.delivered.requests for part in result.parts) in {0, len(counted)}


def test_reckoning_twice_is_the_same(tmp_path):
    source = random.Random(3)
    folder = write(tmp_path, closed(4, 300, ttft=lambda _: source.random()), asked_users(4))
    assert reckon(gather(folder)) == reckon(gather(folder))


def test_cost_of_the_client_is_that_of_all_its_processes_over_all_tokens(tmp_path):
    calls = [call(n, n * 0.5, tokens=10, phase="warm-up" if n < 10 else None) for n in range(100)]
    statuses = (
        Status(worker=0, state="done", at_s=50.0, cpu_s=2.0, rss_bytes=10, rss_peak_bytes=20, lag_p99_s=0.001),
        Status(worker=1, state="done", at_s=50.0, cpu_s=5.0, rss_bytes=30, lag_p99_s=0.004, lag_worst_s=0.1,
               wall_step_s=-3.0),
    )  # fmt: skip
    about = about_of(calls, statuses=statuses, coordinator_cpu_s=1.0, coordinator_rss_bytes=7, wall_step_s=0.001)
    client = result_of(tmp_path, calls, asked_users(1), about).client
    assert (client.cpu_s, client.cpu_share, client.workers) == (8.0, 0.1, 2)
    assert client.cpu_per_token_us == pytest.approx(8.0 / 1000 * 1e6)
    assert (client.loop_lag_p99_s, client.loop_lag_worst_s) == (0.004, 0.1)
    assert (client.rss_bytes, client.coordinator_rss_bytes, client.wall_step_s) == (50, 7, -3.0)


@pytest.mark.parametrize(("told", "cached"), [(None, None), (0, 0), (40, 400)])
def test_cached_tokens_that_are_absent_none_or_some_are_three_things(tmp_path, told, cached):
    calls = [call(n, n * 1.0, tokens_cached=told) for n in range(10)]
    cache = result_of(tmp_path, calls, asked_users(1)).cache
    assert (cache.prompt_tokens, cache.cached_tokens) == (1000, cached)


def test_retries_and_outcomes_are_counted(tmp_path):
    calls = [call(n, n * 1.0, retries=2 if n < 3 else None, outcome="timeout" if n == 9 else "ok") for n in range(10)]
    delivered = result_of(tmp_path, calls, asked_users(1)).delivered
    assert (delivered.retries, dict(delivered.outcomes)) == (6, {"ok": 9, "timeout": 1})


def test_loading_is_seen_where_the_server_tells_how_long_it_took(tmp_path):
    calls = [call(n, n * 1.0, load_s=4.0 if n in {0, 5} else 0.01) for n in range(10)]
    assert result_of(tmp_path / "told", calls, asked_users(1)).server.loads == 2
    assert result_of(tmp_path / "silent", [call(0, 0.0)], asked_users(1)).server.loads is None


@pytest.mark.parametrize(
    ("model", "engine", "demo"),
    [("llama3.2:3b", "ollama", False), ("demo:latest", "ollama", True), ("llama3.2:3b", "fake", True)],
)
def test_demo_model_and_fake_engine_wear_their_badge(tmp_path, model, engine, demo):
    asked = asked_users(1)
    asked = replace(asked, target=replace(asked.target, model=model, engine=engine))
    about = about_of([], server=Server(engine=engine))
    assert result_of(tmp_path, [call(0, 0.0, model=model)], asked, about).demo is demo


def machine(at, **more):
    processes = (Process(role="ollama", pid=10, cpu_s=100 + 0.5 * at, rss_bytes=1000),
                 Process(role="ollama", pid=11, cpu_s=5 + 1.0 * at, rss_bytes=500),
                 Process(role="other", pid=12, cpu_s=9.0 * at, rss_bytes=1),
                 Process(role="client", pid=20, cpu_s=0.1 * at, rss_bytes=50))  # fmt: skip
    return Sample(at=GO + 1000 + at, cpu_ratio=0.6, cpu_cores=4.0, energy_joules=20.0 * at, cpu_hertz=3e9,
                  swap_used_bytes=100 * int(at), processes=processes, extra={"at_s": at}, **more)  # fmt: skip


def test_machine_stands_on_the_time_axis_of_the_run(tmp_path):
    calls = closed(1, 100, gap=0.02, tokens=46)
    about = about_of(calls, server=Server(engine="ollama", pids=(10, 11), same_host=True))
    samples = [machine(float(second)) for second in range(100)]
    result = result_of(tmp_path, calls, asked_users(1), about, samples=samples)
    reading = result.readings[5]
    assert (reading.at_s, reading.server_rss_bytes, reading.client_rss_bytes) == (6.0, 1500, 50)
    assert reading.server_cpu_ratio == pytest.approx(1.5)
    assert reading.client_cpu_ratio == pytest.approx(0.1)
    assert reading.watts == pytest.approx(20)
    assert reading.others_cpu_ratio == pytest.approx(0.6 - 1.6 / 4)
    seconds = 99 if result.window.until_s >= 99 else int(result.window.until_s)
    assert result.use.server_cpu_s == pytest.approx(1.5 * seconds)
    assert result.use.joules == pytest.approx(20.0 * seconds)
    assert result.use.joules_per_token == pytest.approx(20.0 * seconds / 4600, rel=0.03)
    assert result.use.swap_grown_bytes == 100 * seconds
    assert (result.use.server_rss_peak_bytes, result.use.throttled) == (1500, None)


def test_joules_of_graphics_processors_come_from_counters_or_from_power(tmp_path):
    calls = closed(1, 100, tokens=46)
    counted = [machine(float(second), gpus=(Gpu(index=0, energy_joules=100.0 * second),)) for second in range(90)]
    powered = [machine(float(second), gpus=(Gpu(index=0, power_watts=50.0, throttled=second == 7),))
               for second in range(90)]  # fmt: skip
    first = result_of(tmp_path / "one", calls, asked_users(1), samples=counted)
    second = result_of(tmp_path / "two", calls, asked_users(1), samples=powered)
    assert first.use.gpu_joules == pytest.approx(8900)
    assert second.use.gpu_joules == pytest.approx(4450)
    assert (first.use.throttled, second.use.throttled) == (None, True)


def test_readings_of_a_long_run_are_at_most_a_thousand(tmp_path):
    samples = [machine(0.5 * number) for number in range(5000)]
    assert 800 <= len(result_of(tmp_path, closed(1, 5), asked_users(1), samples=samples).readings) <= 1000


def test_run_without_samples_says_nothing_of_the_machine(tmp_path):
    result = result_of(tmp_path, closed(1, 5), asked_users(1))
    assert (result.readings, result.use.server_cpu_s, result.use.joules) == ((), None, None)


@given(st.floats(0.01, 1e6))
def test_slices_have_nice_lengths_and_are_no_more_than_two_hundred(seconds):
    length = nice_length(seconds)
    assert seconds / length <= 200 * (1 + 1e-6)
    assert f"{length:e}"[0] in "125"
    if length > 0.01:
        assert seconds / length >= 79


def test_slices_add_up_to_the_run(tmp_path):
    source = random.Random(5)
    calls = closed(8, 500, ttft=lambda _: source.random())
    calls[100] = replace(calls[100], outcome="timeout", tokens_out=None, gaps=())
    result = result_of(tmp_path, calls, asked_users(8))
    slices = result.slices
    length = slices[1].at_s - slices[0].at_s
    assert 60 <= len(slices) <= 200
    assert sum(one.sent for one in slices) == 500
    assert (sum(one.ok for one in slices), sum(one.failed for one in slices)) == (499, 1)
    assert sum(one.tokens_per_s * length for one in slices) == pytest.approx(499 * 11)
    assert sum(one.in_flight * length for one in slices) == pytest.approx(sum(one.end_s for one in calls))
    assert sum(count for one in slices for _, count in one.gaps) == 499 * 10
    assert {bucket for one in slices for bucket, _ in one.gaps} == {6}  # 20 ms: from 10 ** 1.2 = 15.8 on
    assert slices[len(slices) // 2].in_flight == pytest.approx(8)


def test_cdf_has_two_hundred_and_one_points_from_least_to_most(tmp_path):
    source = random.Random(6)
    calls = closed(4, 300, ttft=lambda _: source.random())
    points = result_of(tmp_path, calls, asked_users(4)).cdf["ttft_s"]
    values = sorted(one.first_chunk_s for one in calls)
    assert (len(points), points[0], points[100], points[-1]) == (201, values[0], values[149], values[-1])
