"""Every metric as a Tail: failures are endless, what too few values cannot tell is not told."""

import math
import random
from dataclasses import replace

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.bench.measuring.series import Series
from ollascope.bench.measuring.tails import cdf_of, tail
from ollascope.words.metrics import METRICS
from ollascope.words.record import dumps
from tests.bench.measuring.folders import asked_rate, asked_users, call, closed, queued, result_of

PLACES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p999": 0.999}


@given(st.lists(st.floats(0.001, 100) | st.just(math.inf), min_size=1, max_size=1500))
def test_every_percentile_that_is_told_is_numpys_and_a_failure_is_endless(values):
    found = tail(Series(values=values))
    assert found.n + found.failed == len(values)
    for name, share in PLACES.items():
        true = numpy.sort(values)[max(0, math.ceil(share * len(values) - 1e-9) - 1)]
        if share > 0.5 and len(values) * (1 - share) < 1 - 1e-9:
            assert getattr(found, name) is None
            assert name not in found.endless
        elif true == math.inf:
            assert (getattr(found, name), name in found.endless) == (None, True)
        else:
            assert getattr(found, name) == true


@given(st.lists(st.floats(0.001, 100) | st.just(math.inf), max_size=500))
def test_a_tail_can_always_be_written_down(values):
    dumps(tail(Series(values=values)))


def test_intervals_with_an_endless_end_are_not_told():
    found = tail(Series(values=[math.inf if number % 25 == 24 else 1.0 for number in range(1000)]))
    assert found.p95 == 1.0
    assert {"mean", "p50", "p90"} <= set(found.ci95)
    assert "p99" not in found.ci95


def test_percentile_without_its_interval_says_how_many_more_it_needs():
    found = tail(Series(values=[float(number) for number in range(20)]))
    assert (found.p99, found.more["p99"]) == (None, 348)


def test_failed_requests_are_endless_in_latency_and_absent_in_speed(tmp_path):
    calls = [call(n, n * 1.0, outcome="timeout" if n % 5 == 0 else "ok", end_s=60.0 if n % 5 == 0 else 0.3)
             for n in range(100)]  # fmt: skip
    metrics = result_of(tmp_path, calls, asked_users(1)).metrics
    for name in ("ttft_s", "total_s", "answer_s"):
        assert (metrics[name].n, metrics[name].failed) == (80, 20)
        assert {"p90", "p95", "p99", "max"} == set(metrics[name].endless)
        assert metrics[name].mean == pytest.approx(0.3 if name == "total_s" else 0.1)
    for name in ("tpot_s", "decode_tokens_per_s"):
        assert (metrics[name].n, metrics[name].failed) == (80, 0)
    assert "ttft_due_s" not in metrics


def test_failed_requests_are_endless_from_due_in_an_open_loop(tmp_path):
    calls = [call(n, n * 1.0, due=n * 1.0, outcome="timeout" if n < 2 else "ok") for n in range(100)]
    metrics = result_of(tmp_path, calls, asked_rate(1.0, "constant")).metrics
    assert (metrics["total_due_s"].failed, metrics["ttft_due_s"].failed) == (2, 2)


def test_where_all_failed_latency_is_endless(tmp_path):
    calls = [call(n, n * 1.0, outcome="connect-failed") for n in range(30)]
    metrics = result_of(tmp_path, calls, asked_users(1)).metrics
    assert set(metrics) == {"ttft_s", "total_s"}
    assert (metrics["ttft_s"].n, metrics["ttft_s"].failed, metrics["ttft_s"].p50) == (0, 30, None)
    assert metrics["ttft_s"].endless == ("p50", "p90", "p95", "max")


def test_what_was_given_up_early_counts_as_slow_as_others(tmp_path):
    calls = [call(n, n * 1.0, outcome="cancelled" if n >= 95 else "ok") for n in range(100)]
    tail = result_of(tmp_path, calls, asked_users(1)).metrics["total_s"]
    assert (tail.n, tail.failed, tail.endless, tail.max) == (95, 0, (), pytest.approx(0.3))


def test_what_had_waited_longer_than_any_other_makes_the_tail_unknown_and_not_endless(tmp_path):
    calls = [call(n, n * 1.0, outcome="cancelled" if n % 10 == 0 else "ok", end_s=60.0 if n % 10 == 0 else 0.3)
             for n in range(200)]  # fmt: skip
    tail = result_of(tmp_path, calls, asked_users(1)).metrics["total_s"]
    assert (tail.n, tail.failed, tail.endless, tail.p95, tail.max) == (180, 0, (), None, None)
    assert tail.p90 == pytest.approx(0.3)
    assert dict(tail.extra) == {"given_up": 20, "unknown": ["p95", "p99", "max"]}


def test_failures_stay_endless_beside_what_is_unknown(tmp_path):
    slow = {0: "cancelled", 1: "timeout"}
    calls = [call(n, n * 1.0, outcome=slow.get(n % 10, "ok"), end_s=60.0 if n % 10 < 2 else 0.3) for n in range(200)]
    tail = result_of(tmp_path, calls, asked_users(1)).metrics["total_s"]
    assert (tail.n, tail.failed, tail.endless) == (160, 20, ("p95", "p99", "max"))
    assert tail.extra["unknown"] == ["p90"]


def test_first_piece_of_an_answer_that_was_given_up_later_was_measured(tmp_path):
    calls = [call(n, n * 1.0, outcome="cancelled" if n % 2 else "ok", first_chunk_s=0.2, end_s=30.0) for n in range(50)]
    tail = result_of(tmp_path, calls, asked_users(1)).metrics["ttft_s"]
    assert (tail.n, tail.p95, dict(tail.extra)) == (50, 0.2, {})


def test_overloaded_server_that_was_not_waited_for_tells_no_percentile_that_is_too_good(tmp_path):
    """As many as a server of 5/s does in 45 of the 60 s that 300 requests need: the rest was given up."""
    calls = []
    for number, one in enumerate(queued([n / 20 for n in range(300)], 0.2)):
        late = one.extra["at_s"] + one.end_s > 45
        more = {"outcome": "cancelled", "end_s": 45 - one.extra["at_s"], "first_chunk_s": None} if late else {}
        calls.append(replace(one, **more))
        assert number >= 224 or not late
    tail = result_of(tmp_path, calls, asked_rate(20.0, "constant")).metrics["total_due_s"]
    for share, name in ((0.5, "p50"), (0.9, "p90"), (0.99, "p99")):
        theory, told = 300 * share * (1 / 5 - 1 / 20) + 0.2, getattr(tail, name)
        assert told is None or told == pytest.approx(theory, rel=0.05)
    assert tail.p50 is not None
    assert tail.p99 is None


def test_embeddings_have_no_time_to_first_token_also_where_some_fail(tmp_path):
    calls = [call(n, n * 1.0, tokens=0, outcome="timeout" if n == 3 else "ok", first_chunk_s=None,
                  first_answer_s=None, tokens_out=None) for n in range(50)]  # fmt: skip
    metrics = result_of(tmp_path, calls, asked_users(1)).metrics
    assert "ttft_s" not in metrics
    assert (metrics["total_s"].n, metrics["total_s"].failed) == (49, 1)


def test_every_metric_that_a_call_carries_is_in_the_result(tmp_path):
    more = {"queue_s": 0.01, "connect_s": 0.001, "load_s": 0.02, "prefill_s": 0.05, "decode_s": 0.2, "relay_s": 0.001,
            "tokens_cached": 10}  # fmt: skip
    calls = [call(n, n + 0.1, due=float(n), **more) for n in range(20)]
    result = result_of(tmp_path, calls, asked_rate(1.0, "constant"))
    assert list(result.metrics) == [metric.name for metric in METRICS]
    assert result.metrics["ttft_due_s"].p50 == pytest.approx(0.2)


def test_what_gaps_lack_is_told_in_requests(tmp_path):
    calls = [call(n, n * 1.0, tokens=11) for n in range(5)]
    tail = result_of(tmp_path, calls, asked_users(1), gaps=([0.02] * 50,)).metrics["gap_s"]
    assert tail.more["p99"] == math.ceil((368 - 50) / 10)


@given(st.lists(st.floats(0.001, 100) | st.just(math.inf), max_size=300))
def test_cdf_rises_and_leaves_out_what_is_endless(values):
    points = cdf_of(values)
    assert list(points) == sorted(points)
    assert len(points) == (201 if values and max(values) < math.inf else len(points))
    assert all(math.isfinite(point) for point in points)


def test_latency_from_due_of_an_overloaded_server_is_what_theory_says(tmp_path):
    """20 requests/s asked of a server that does 5: request n waits n (1/5 - 1/20) seconds and takes 1/5."""
    calls = queued([n / 20 for n in range(600)], 0.2, most=2)
    tail = result_of(tmp_path, calls, asked_rate(20.0, "constant", most=2)).metrics
    for share, name in ((0.5, "p50"), (0.9, "p90"), (0.99, "p99")):
        theory = 600 * share * (1 / 5 - 1 / 20) + 0.2
        assert getattr(tail["total_due_s"], name) == pytest.approx(theory, rel=0.05)
    assert tail["total_s"].p99 < 0.5  # what a tester would tell that measures from sending


def test_tail_of_a_closed_loop_is_that_of_its_calls(tmp_path):
    source = random.Random(2)
    calls = closed(4, 1000, ttft=lambda _: source.lognormvariate(-2, 1))
    found = result_of(tmp_path, calls, asked_users(4)).metrics["ttft_s"]
    values = [one.first_chunk_s for one in calls]
    for name, share in PLACES.items():
        assert getattr(found, name) == pytest.approx(numpy.quantile(values, share, method="inverted_cdf"))
    assert found.mean == pytest.approx(numpy.mean(values))
    assert found.max == pytest.approx(max(values))
