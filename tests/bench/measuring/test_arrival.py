"""Requests as sent beside the arrival process that was asked for."""

import random
from dataclasses import replace

import pytest

from ollascope.bench.plan import Status
from ollascope.bench.shapes.gaps import draw_gaps
from tests.bench.measuring.folders import about_of, asked_rate, asked_users, call, closed, queued, result_of, stretch


def sent(gaps):
    at = 0.0
    for gap in gaps:
        yield at
        at += gap


def delivered_of(folder, instants, asked, **more):
    calls = [call(n, at, due=at) for n, at in enumerate(instants)]
    until = calls[-1].extra["at_s"]
    about = about_of(calls, stretches=(stretch(until=until),), **more)
    return result_of(folder, calls, asked, about)


@pytest.mark.parametrize("seed", range(5))
def test_poisson_process_is_one(tmp_path, seed):
    source = random.Random(seed)
    result = delivered_of(tmp_path, sent(source.expovariate(20) for _ in range(1000)), asked_rate(20.0))
    assert result.delivered.arrival_p > 0.01
    assert result.delivered.arrival_cv == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("burstiness", [0.25, 4.0])
def test_gamma_process_is_one_and_no_poisson_process(tmp_path, burstiness):
    gaps = draw_gaps("gamma", burstiness, random.Random(3))
    instants = list(sent(next(gaps) / 20 for _ in range(1000)))
    asked = asked_rate(20.0, "gamma")
    kept = delivered_of(tmp_path / "kept", instants, replaced(asked, burstiness))
    assert kept.delivered.arrival_p > 0.01
    assert kept.delivered.arrival_cv == pytest.approx(burstiness**0.5, rel=0.15)
    other = delivered_of(tmp_path / "other", instants, asked_rate(20.0))
    assert other.delivered.arrival_p < 0.001
    assert "arrival-misfit" in [reason.code for reason in other.reasons]


def replaced(asked, burstiness):
    return replace(asked, load=replace(asked.load, burstiness=burstiness))


def test_constant_rate_is_told_by_its_variation(tmp_path):
    even = delivered_of(tmp_path / "even", (n / 50 for n in range(500)), asked_rate(50.0, "constant"))
    assert (even.delivered.arrival_cv, even.delivered.arrival_p) == (pytest.approx(0, abs=1e-6), None)
    source = random.Random(1)
    odd = delivered_of(tmp_path / "odd", sent(source.expovariate(50) for _ in range(500)), asked_rate(50.0, "constant"))
    assert "gaps-uneven" in [reason.code for reason in odd.reasons]


def test_ramp_is_measured_by_the_rate_of_each_instant(tmp_path):
    """From 10/s to 90/s in 20 s: the n-th request of a Poisson process in the time that runs at that rate."""
    source, passed, instants = random.Random(4), 0.0, []
    while True:
        passed += source.expovariate(1)
        if passed > 1000:
            break
        instants.append((-10 + (100 + 8 * passed) ** 0.5) / 4)
    asked = asked_rate(10.0, "poisson", seconds=20.0, until_rate=90.0)
    result = delivered_of(tmp_path, instants, asked)
    assert result.delivered.arrival_p > 0.01
    assert result.delivered.arrival_cv == pytest.approx(1, abs=0.12)


def test_closed_loop_has_no_arrival_process(tmp_path):
    delivered = result_of(tmp_path, closed(4, 100), asked_users(4)).delivered
    assert (delivered.arrival_cv, delivered.arrival_p, delivered.late_p99_s) == (None, None, None)


def test_sending_late_is_our_side_s(tmp_path):
    calls = [call(n, n / 10 + (0.2 if n % 20 == 0 else 0.001), due=n / 10) for n in range(400)]
    result = result_of(tmp_path, calls, asked_rate(10.0, "constant"))
    assert result.delivered.late_p99_s == pytest.approx(0.2)
    assert "sent-late" in [reason.code for reason in result.reasons]


@pytest.mark.parametrize("workers", [1, 2])
def test_waiting_for_a_free_place_is_no_lateness(tmp_path, workers):
    calls = queued([n / 20 for n in range(200)], 0.2 / workers, most=2)
    statuses = tuple(Status(worker=worker, state="done", at_s=40.0) for worker in range(workers))
    about = about_of(calls, statuses=statuses)
    result = result_of(tmp_path, calls, asked_rate(20.0, "constant", most=2), about)
    assert result.delivered.late_p99_s == pytest.approx(0, abs=1e-9)
    assert result.metrics["ttft_due_s"].p50 > 1


def test_rate_that_chance_made_larger_is_delivered(tmp_path):
    """Of 100 Poisson arrivals asked at 10/s some twenty per cent more a second may come: all of them were sent."""
    source = random.Random(12)
    result = delivered_of(tmp_path, sent(source.expovariate(8) for _ in range(100)), asked_rate(10.0))
    assert "rate-not-delivered" not in [reason.code for reason in result.reasons]
