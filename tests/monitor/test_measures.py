"""Bounds as people write them."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.monitor.measures import SCALES, Bound, read_bound, read_duration, said, sample_value
from ollascope.words.errors import BadSettings
from ollascope.words.sample import Gpu, Sample


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        ("", "is no bound", "ttft p95 < 2 s"),
        ("ttft p95 2 s", "is no bound", "ttft p95 < 2 s"),
        ("ttft p95 < two s", "is no bound", "ttft p95 < 2 s"),
        ("ttft p95 < -2 s", "is no bound", "ttft p95 < 2 s"),
        ("tfft p95 < 2 s", "no measure 'tfft'", "did you mean ttft?"),
        ("cpu_ration > 90 %", "no measure 'cpu_ration'", "did you mean cpu_ratio?"),
        ("ttft p95 < 2 kg", "not measured in kg", "ms"),
        ("disk_free_bytes < 5", "not measured in no unit", "GB"),
        ("ttft < 2 s", "many values", "p95"),
        ("ttft p42 < 2 s", "no statistic 'p42'", "p"),
        ("cpu_ratio p95 > 90 %", "is one number", "leave p95 out"),
        ("x" * 10_000, "is no bound", "ttft"),
    ],
)
def test_wrong_bound_is_told_with_what_to_write(text, what, hint):
    with pytest.raises(BadSettings) as told:
        read_bound(text)
    assert what in told.value.message
    assert hint in told.value.hint
    assert len(told.value.message) < 200


@pytest.mark.parametrize(
    ("text", "name", "number"),
    [
        ("ttft p95 < 2 s", "ttft_s", 2.0),
        ("ttft_s p95 > 250ms", "ttft_s", 0.25),
        ("success > 99.5 %", "success", 0.995),
        ("errors > 0.05", "errors", 0.05),
        ("disk_free_bytes < 5 GB", "disk_free_bytes", 5e9),
        ("disk_free_bytes < 1 GiB", "disk_free_bytes", 2.0**30),
        ("gpu_temperature_celsius >= 85 °C", "gpu_temperature_celsius", 85.0),
        ("load_1min > 8", "load_1min", 8.0),
        ("rate p50 < 10 tokens/s", "decode_tokens_per_s", 10.0),
    ],
)
def test_bound_is_read_in_the_unit_of_its_measure(text, name, number):
    bound = read_bound(text)
    assert (bound.name, bound.number) == (name, pytest.approx(number))


@given(st.text(max_size=60))
def test_any_text_is_a_bound_or_a_named_mistake(text):
    with suppress(BadSettings):
        assert isinstance(read_bound(text), Bound)


def test_bound_names_a_side():
    assert read_bound("cpu_ratio > 90 %").exceeds(0.91)
    assert not read_bound("cpu_ratio > 90 %").exceeds(0.9)
    assert read_bound("cpu_ratio < 5 %").exceeds(0.04)


def test_durations():
    assert [read_duration(text) for text in ("90s", "5 m", "1.5h", "3d")] == [90.0, 300.0, 5400.0, 259_200.0]
    for wrong in ("", "5", "m", "5 weeks", "-5m"):
        with pytest.raises(BadSettings):
            read_duration(wrong)


def test_reading_of_several_gpus_is_the_highest():
    gpus = (Gpu(index=0, temperature_celsius=50.0), Gpu(index=1, temperature_celsius=80.0), Gpu(index=2))
    assert sample_value(Sample(at=0.0, gpus=gpus), "gpu_temperature_celsius") == 80.0


def test_reading_that_was_not_taken_is_none():
    assert sample_value(Sample(at=0.0), "gpu_temperature_celsius") is None
    assert sample_value(Sample(at=0.0), "cpu_ratio") is None
    assert sample_value(Sample(at=0.0, cpu_ratio=0.5), "cpu_ratio") == 0.5


def test_numbers_are_said_with_a_unit_that_fits():
    assert [said(0.995, "ratio"), said(5e9, "bytes"), said(2.0, "s"), said(3.0, "count")] == [
        "99.5 %", "5 GB", "2 s", "3"]  # fmt: skip
    assert all(said(1.0, unit) for unit in SCALES)
