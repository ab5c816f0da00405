"""Minutes of Calls and Samples: what belongs to which one, and what is left out."""

from dataclasses import replace

import pytest

from ollascope.monitor.windows import KEPT, Gathering, first_of
from ollascope.words.call import Call
from ollascope.words.sample import Gpu, Sample

CALL = Call(id="1", sent_at=600.0, source="gateway", outcome="ok", model="m", backend="b", first_chunk_s=2.0,
            end_s=4.0, tokens_in=100, tokens_cached=40, tokens_out=21)  # fmt: skip


def windows(*calls, now=10_000.0):
    gathering = Gathering()
    gathering.add_all(calls)
    return gathering.closed(now)


def test_call_without_any_figure_is_counted_and_nothing_more():
    (window,) = windows(Call(id="1", sent_at=0.0, source="gateway", outcome="ok"))
    assert (window.calls, window.firsts, window.gaps, window.rates) == (1, (), (), ())


def test_nothing_at_all_gives_no_window():
    assert windows() == []


def test_call_belongs_to_the_minute_in_which_it_ended():
    (window,) = windows(replace(CALL, end_s=70.0))
    assert window.at == 660.0


def test_queue_load_and_cache_are_taken_out_of_the_time_to_first_token():
    assert first_of(replace(CALL, queue_s=0.5, load_s=1.0)) == (60, 0.5)


def test_cold_load_of_unknown_length_says_nothing_of_the_first_token():
    assert first_of(replace(CALL, load_cause="cold")) is None


def test_small_rest_of_a_long_load_says_nothing():
    assert first_of(replace(CALL, load_s=1.8)) is None


def test_first_token_before_the_load_ended_says_nothing():
    assert first_of(replace(CALL, load_s=3.0)) is None


@pytest.mark.parametrize("outcome", ["cancelled", "bad-usage", "rate-limited", "context-exceeded", "model-missing"])
def test_what_the_asker_did_wrong_is_neither_success_nor_failure(outcome):
    (window,) = windows(replace(CALL, outcome=outcome))
    assert (window.calls, window.failures) == (0, 0)


@pytest.mark.parametrize("outcome", ["engine-crashed", "timeout", "failed", "a-code-of-another-version"])
def test_failure_counts_and_gives_no_times(outcome):
    (window,) = windows(replace(CALL, outcome=outcome))
    assert (window.calls, window.failures, window.firsts) == (1, 1, ())


def test_minute_that_still_runs_stays_open():
    gathering = Gathering()
    gathering.add(CALL)
    assert gathering.closed(664.0) == []
    assert len(gathering.closed(666.0)) == 1
    assert gathering.closed(10_000.0) == []


def test_late_call_counts_in_the_oldest_open_minute():
    gathering = Gathering()
    gathering.closed(1000.0)
    gathering.add(CALL)
    assert [window.at for window in gathering.closed(10_000.0)] == [960.0]


def test_models_and_backends_are_kept_apart_and_minutes_are_in_order():
    found = windows(replace(CALL, sent_at=900.0), replace(CALL, backend="c"), replace(CALL, model="n"), CALL)
    assert [(each.at, each.model, each.backend) for each in found] == [
        (600.0, "m", "b"), (600.0, "m", "c"), (600.0, "n", "b"), (900.0, "m", "b")]  # fmt: skip


def test_busy_minute_keeps_a_bounded_number_of_values():
    (window,) = windows(*[CALL] * (KEPT * 3))
    assert (window.calls, len(window.firsts), len(window.rates)) == (KEPT * 3, KEPT, KEPT)


def test_readings_of_the_machine_become_a_window_without_a_model():
    gathering = Gathering()
    gpu = Gpu(index=1, temperature_celsius=70.0, memory_used_bytes=3, memory_total_bytes=4)
    gathering.add_sample(Sample(at=61.0, cpu_ratio=0.5, memory_available_bytes=1, memory_total_bytes=4, gpus=(gpu,)))
    (window,) = gathering.closed(200.0)
    assert (window.at, window.model) == (60.0, "")
    assert window.readings == {
        "cpu_ratio": (0.5,), "memory_ratio": (0.75,), "gpu1_memory_ratio": (0.75,),
        "gpu1_temperature_celsius": (70.0,)}  # fmt: skip
