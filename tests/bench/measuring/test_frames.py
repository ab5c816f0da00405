"""Which stretch of a run counts, and what was finished in it."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bench.measuring.folders import (
    about_of,
    asked_rate,
    asked_users,
    call,
    closed,
    queued,
    result_of,
    stretch,
)


@settings(max_examples=20)
@given(st.integers(1, 12), st.integers(20, 60))
def test_throughput_of_users_is_their_number_over_the_time_of_an_answer(tmp_path_factory, users, rounds):
    calls = closed(users, users * rounds, ttft=lambda _: 0.1, gap=0.01, tokens=11)
    result = result_of(tmp_path_factory.mktemp("run"), calls, asked_users(users))
    assert result.throughput.requests_per_s == pytest.approx(users / 0.2)
    assert result.throughput.output_tokens_per_s == pytest.approx(11 * users / 0.2)
    assert result.throughput.user_tokens_per_s == pytest.approx(100)


def test_answers_that_are_half_done_at_the_ends_count_half(tmp_path):
    calls = closed(3, 200, ttft=lambda n: 0.05 + 0.1 * (n % 3), gap=0.01, tokens=16)
    result = result_of(tmp_path, calls, asked_users(3))
    until = result.window.until_s
    done = sum(max(0.0, min(one.end_s, until - one.extra["at_s"])) / one.end_s for one in calls)
    assert result.throughput.requests_per_s == pytest.approx(done / until)
    assert result.throughput.output_tokens_per_s == pytest.approx(16 * done / until)


def test_short_load_is_measured_up_to_its_last_answer(tmp_path):
    result = result_of(tmp_path, closed(16, 16, tokens=11), asked_users(16))
    assert (result.window.since_s, result.window.until_s) == (0.0, pytest.approx(0.3))
    assert result.throughput.requests_per_s == pytest.approx(16 / 0.3)


def test_one_answer_that_hangs_does_not_stretch_the_window(tmp_path):
    calls = [*closed(8, 800), call(800, 20.0, ttft=600.0)]
    result = result_of(tmp_path, calls, asked_users(8))
    assert result.window.until_s < 35
    assert result.throughput.requests_per_s == pytest.approx(8 / 0.3, rel=0.05)


def test_open_load_that_the_server_keeps_up_with_is_finished_at_its_rate(tmp_path):
    calls = [call(n, n / 10, due=n / 10, ttft=1.9, gap=0.01, tokens=11) for n in range(600)]
    about = about_of(calls, stretches=(stretch(until=60.0),))
    result = result_of(tmp_path, calls, asked_rate(10.0, "constant", seconds=60.0), about)
    assert result.throughput.requests_per_s == pytest.approx(10, rel=0.01)
    assert result.delivered.rate_rps == pytest.approx(10, rel=1e-6)


def test_overloaded_server_is_measured_at_what_it_can_do(tmp_path):
    calls = queued([n / 20 for n in range(600)], 0.2)
    about = about_of(calls, stretches=(stretch(until=30.0),))
    result = result_of(tmp_path, calls, asked_rate(20.0, "constant", seconds=30.0), about)
    assert result.throughput.requests_per_s == pytest.approx(5, rel=0.02)


def test_answers_of_the_warm_up_that_end_in_the_window_count_for_throughput_alone(tmp_path):
    calls = [call(n, n / 10, ttft=0.9, gap=0.01, tokens=11, due=n / 10, phase="warm-up" if n < 100 else None)
             for n in range(700)]  # fmt: skip
    about = about_of(calls, stretches=(stretch(until=70.0, counts=10.0),))
    result = result_of(tmp_path, calls, asked_rate(10.0, "constant", seconds=60.0), about)
    assert (result.window.since_s, result.window.until_s) == (10.0, 70.0)
    assert result.throughput.requests_per_s == pytest.approx(10, rel=0.005)
    assert (result.delivered.requests, result.delivered.warm_up, result.metrics["total_s"].n) == (600, 100, 600)


def test_cool_down_ends_the_window(tmp_path):
    calls = [call(n, n / 10, ttft=0.9, gap=0.01, tokens=11, due=n / 10, phase="cool-down" if n >= 300 else None)
             for n in range(350)]  # fmt: skip
    about = about_of(calls, stretches=(stretch(until=30.0),))
    result = result_of(tmp_path, calls, asked_rate(10.0, "constant", seconds=30.0), about)
    assert result.window.until_s == pytest.approx(30.0, abs=0.1)
    assert (result.delivered.requests, result.delivered.cool_down) == (300, 50)
    assert result.throughput.requests_per_s == pytest.approx(10, rel=0.01)


def test_failed_answers_are_no_throughput(tmp_path):
    calls = [call(n, n * 0.3, outcome="timeout" if n % 2 else "ok", end_s=0.3) for n in range(200)]
    throughput = result_of(tmp_path, calls, asked_users(1)).throughput
    assert throughput.requests_per_s == pytest.approx(1 / 0.6, rel=0.02)


def test_server_that_tells_no_tokens_has_no_token_rate(tmp_path):
    calls = [call(n, n * 0.3, tokens_out=None, tokens_in=None) for n in range(50)]
    throughput = result_of(tmp_path, calls, asked_users(1)).throughput
    assert (throughput.output_tokens_per_s, throughput.input_tokens_per_s, throughput.user_tokens_per_s) == (
        None, None, None,
    )  # fmt: skip


def test_stages_are_parts_with_figures_of_their_own(tmp_path):
    few = closed(2, 200, ttft=lambda _: 0.1, stage=0)
    since = few[-1].extra["at_s"] + 0.3
    many = closed(8, 800, ttft=lambda _: 0.2, start=since, stage=1, first=200)
    until = many[-1].extra["at_s"] + 0.4
    stretches = (stretch(0, "2 users", until=since, users=2), stretch(1, "8 users", since=since, until=until, users=8))
    result = result_of(tmp_path, few + many, asked_users(8), about_of(few + many, stretches=stretches))
    assert [part.name for part in result.parts] == ["2 users", "8 users"]
    assert [part.metrics["ttft_s"].p50 for part in result.parts] == [0.1, 0.2]
    assert [part.delivered.peak_inflight for part in result.parts] == [2, 8]
    assert [part.throughput.requests_per_s for part in result.parts] == [
        pytest.approx(2 / 0.3, rel=0.03), pytest.approx(8 / 0.4, rel=0.03),
    ]  # fmt: skip
    assert [part.window.steady_since_s for part in result.parts] == [part.window.since_s for part in result.parts]
    assert result.delivered.requests == 1000


def test_one_stage_is_no_part(tmp_path):
    assert result_of(tmp_path, closed(2, 20), asked_users(2)).parts == ()


@settings(max_examples=25)
@given(st.integers(0, 10**6))
def test_peak_and_mean_in_flight_are_those_of_counting_every_instant(tmp_path_factory, seed):
    source = random.Random(seed)
    calls = [call(n, source.uniform(0, 10), ttft=source.uniform(0.01, 3), tokens=1) for n in range(60)]
    spans = [(one.extra["at_s"], one.extra["at_s"] + one.end_s) for one in calls]
    result = result_of(tmp_path_factory.mktemp("run"), calls, asked_users(60))
    assert result.delivered.peak_inflight == max(
        sum(since <= at < until for since, until in spans) for at, _ in spans
    )  # fmt: skip
    first, last = result.window.since_s, result.window.until_s
    whole = sum(max(0.0, min(until, last) - max(since, first)) for since, until in spans)
    assert result.delivered.mean_inflight == pytest.approx(whole / (last - first))


def test_user_who_asks_again_at_once_is_not_two_users(tmp_path):
    calls = [call(n, round(n * 0.3000001, 6), user=0) for n in range(100)]
    assert result_of(tmp_path, calls, asked_users(1)).delivered.peak_inflight == 1
