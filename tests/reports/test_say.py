"""Numbers read with three digits and a fitting unit, and never as more or less than they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.reports.say import brief, count, digits, interval, maybe, per_second, seconds, share


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 s"), (0.0000004, "0.4 µs"), (0.0000123, "12.3 µs"), (0.000999999, "1 ms"), (0.0123, "12.3 ms"),
        (0.9999, "1 s"), (1.234, "1.23 s"), (99.9, "99.9 s"), (125, "2 min 5 s"), (1800, "30 min"), (7200, "2 h"),
        (7322, "2 h 2 min"), (-0.5, "-500 ms"),
    ],
)  # fmt: skip
def test_seconds_have_a_unit_that_fits(value, text):
    assert seconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0 %"), (1, "100 %"), (0.99999, "99.999 %"), (0.00002, "0.002 %"), (0.123, "12.3 %")]
)
def test_nearly_all_does_not_read_as_all(value, text):
    assert share(value) == text


@given(st.floats(min_value=1e-9, max_value=1e9))
def test_digits_are_within_a_half_per_cent(value):
    if value >= 0.1:
        assert float(digits(value).replace(",", "")) == pytest.approx(value, rel=0.006)


def test_what_was_not_measured_is_said():
    assert maybe(seconds, None) == "not measured"
    assert maybe(seconds, None, "zh") == "未测量"
    assert maybe(seconds, 2.0) == "2 s"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (999_999, "999,999"),
        (1_000_000, "1 M"),
        (10_013_909, "10 M"),
        (2_021_672_896, "2.02 G"),
        (-3e6, "-3 M"),
    ],
)
def test_large_counts_are_short(value, text):
    assert brief(value) == text


def test_others():
    assert (count(12345), per_second(0.5), interval(seconds, (1, 1.5)), interval(seconds, None)) == (
        "12,345", "0.5/s", "1 s – 1.5 s", "")  # fmt: skip
