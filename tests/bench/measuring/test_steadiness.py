"""Where a load settles, and a queue that only grows."""

import random
from dataclasses import replace

import pytest

from tests.bench.measuring.folders import about_of, asked_rate, asked_users, closed, codes, queued, result_of, stretch

UNSETTLED = {"not-steady", "steady-late", "level-shift", "queue-grows"}


@pytest.mark.parametrize("seed", range(8))
def test_load_that_is_steady_is_seen_as_such(tmp_path, seed):
    source = random.Random(seed)
    calls = closed(8, 600, ttft=lambda _: source.lognormvariate(-2, 0.5))
    result = result_of(tmp_path, calls, asked_users(8))
    assert result.window.steady_since_s is not None
    assert not UNSETTLED & set(codes(result))


def test_slow_beginning_is_found_with_its_length(tmp_path):
    source = random.Random(1)
    calls = closed(4, 600, ttft=lambda n: source.uniform(0.1, 0.12) * (5 if n < 280 else 1))
    result = result_of(tmp_path, calls, asked_users(4))
    settled = next(one.extra["at_s"] for one in calls if one.extra["shot"] == 280)
    assert result.window.steady_since_s == pytest.approx(settled, rel=0.1)
    assert {"steady-late", "level-shift"} & set(codes(result))


def test_latency_that_goes_on_rising_is_not_steady(tmp_path):
    calls = closed(4, 600, ttft=lambda n: 0.1 + n / 600)
    result = result_of(tmp_path, calls, asked_users(4))
    assert (result.window.steady_since_s, result.window.extra["steady"]) == (None, "not-reached")
    assert "not-steady" in codes(result)


def test_change_of_level_in_the_middle_is_told_with_its_time(tmp_path):
    source = random.Random(2)
    calls = closed(4, 1000, ttft=lambda n: source.uniform(0.1, 0.12) * (1 if n < 550 else 1.5))
    result = result_of(tmp_path, calls, asked_users(4))
    assert {"not-steady", "steady-late", "level-shift"} & set(codes(result))


def test_few_requests_are_not_judged(tmp_path):
    result = result_of(tmp_path, closed(4, 49, ttft=lambda n: 0.1 * (n + 1)), asked_users(4))
    assert result.window.extra["steady"] == "not-judged"
    assert not UNSETTLED & set(codes(result))


def test_ramp_is_not_expected_to_be_steady(tmp_path):
    dues = [(-10 + (100 + 8 * passed) ** 0.5) / 4 for passed in range(1000)]
    asked = asked_rate(10.0, "constant", seconds=20.0, until_rate=90.0)
    calls = queued(dues, 1 / 60)
    result = result_of(tmp_path, calls, asked, about_of(calls, stretches=(stretch(until=20.0),)))
    assert not UNSETTLED & set(codes(result))


@pytest.mark.parametrize("most", [None, 4])
def test_rate_above_what_the_server_can_do_is_told_with_what_it_did(tmp_path, most):
    calls = queued([n / 20 for n in range(600)], 0.2, most=most)
    about = about_of(calls, stretches=(stretch(until=30.0),))
    result = result_of(tmp_path, calls, asked_rate(20.0, "constant", seconds=30.0, most=most), about)
    told = next(reason for reason in result.reasons if reason.code == "queue-grows")
    assert result.verdict == "INVALID"
    assert (told.figures["asked"], told.figures["done"]) == ("20", "5")
    assert ("rate-not-delivered" in codes(result)) == (most is not None)


@pytest.mark.parametrize("seed", range(5))
def test_queue_below_what_the_server_can_do_does_not_grow(tmp_path, seed):
    source, due, dues = random.Random(seed), 0.0, []
    for _ in range(2000):
        due += source.expovariate(20)
        dues.append(due)
    calls = queued(dues, 0.04)
    result = result_of(tmp_path, calls, asked_rate(20.0), about_of(calls, stretches=(stretch(until=due),)))
    assert "queue-grows" not in codes(result)
    assert "rate-not-delivered" not in codes(result)


def test_failures_here_and_there_are_not_taken_for_a_change(tmp_path):
    calls = [replace(one, outcome="timeout", first_chunk_s=None) if number % 7 == 0 else one
             for number, one in enumerate(closed(4, 600))]  # fmt: skip
    assert not UNSETTLED & set(codes(result_of(tmp_path, calls, asked_users(4))))


def test_server_that_stops_answering_well_is_seen_in_its_throughput(tmp_path):
    calls = [replace(one, outcome="timeout", first_chunk_s=None) if number > 500 else one
             for number, one in enumerate(closed(4, 900))]  # fmt: skip
    assert "level-shift" in codes(result_of(tmp_path, calls, asked_users(4)))


@pytest.mark.parametrize(("least", "most"), [(1.0, 3.0), (0.5, 2.0), (1.0, 5.0)])
def test_run_of_a_few_rounds_says_nothing_of_a_change_of_throughput(tmp_path, least, most):
    source = random.Random(3)
    calls = closed(200, 800, ttft=lambda _: source.uniform(least, most), gap=0.0)
    assert "level-shift" not in codes(result_of(tmp_path, calls, asked_users(200)))
