"""Instants read the same everywhere."""

from datetime import UTC, datetime

from ollascope.words.clock import Clock, utc_text


def test_instant_is_written_in_utc_with_milliseconds():
    assert utc_text(datetime(2026, 11, 21, 8, 15, 30, 250_000, tzinfo=UTC).timestamp()) == "2026-11-21T08:15:30.250Z"


def test_whole_second_keeps_its_milliseconds():
    assert utc_text(0) == "1970-01-01T00:00:00.000Z"


def test_monotonic_clock_does_not_step_back():
    clock = Clock()
    assert clock.monotonic() <= clock.monotonic()
