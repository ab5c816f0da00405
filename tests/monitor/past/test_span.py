"""Which time is meant: what cannot be is refused, what can be has whole borders."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.monitor.past.span import DAY_S, HOUR_S, LONGEST_S, choose_span, span_of_day, span_of_last
from ollascope.words.errors import BadUsage

NOON = 1_763_726_400.0  # 2025-11-21T12:00:00Z
MIDNIGHT = NOON - DAY_S / 2


@pytest.mark.parametrize(
    "day", ["", "2025-02-30", "21.11.2025", "2025-11", "20251121", "2025-W47-5", "2025-11-22", "1960-01-01", "tomorrow"]
)
def test_day_that_is_none_or_not_yet_is_refused(day):
    with pytest.raises(BadUsage) as refusal:
        span_of_day(day, NOON)
    assert refusal.value.hint


@pytest.mark.parametrize("last", ["", "1", "h", "-1h", "1.5h", "0h", "1y", "999999999w", "1h1h", "٣h"])
def test_length_that_is_none_is_refused(last):
    with pytest.raises(BadUsage):
        span_of_last(last, NOON)


def test_day_and_last_exclude_each_other():
    with pytest.raises(BadUsage, match="exclude"):
        choose_span("today", "1h", NOON)


def test_today_goes_as_far_as_it_has_come():
    span = choose_span("today", None, NOON)
    assert (span.since, span.until) == (MIDNIGHT, NOON)


def test_yesterday_is_a_whole_day():
    span = choose_span("yesterday", None, NOON)
    assert (span.since, span.until, span.name) == (MIDNIGHT - DAY_S, MIDNIGHT, "2025-11-20")


def test_today_is_compared_with_the_same_hours_of_the_day_before():
    before = choose_span("today", None, NOON).before()
    assert (before.since, before.until) == (MIDNIGHT - DAY_S, NOON - DAY_S)


def test_last_hour_is_compared_with_the_hour_before():
    span = choose_span(None, "1h", NOON)
    assert (span.before().since, span.before().until) == (NOON - 2 * HOUR_S, NOON - HOUR_S)


@given(st.integers(1, int(LONGEST_S)), st.floats(0, 4e9))
def test_last_holds_at_least_what_was_asked_for_and_begins_with_a_whole_minute(length, now):
    span = span_of_last(f"{length}s", now)
    assert span.until == now
    assert span.since == 0 or span.length_s >= length - 1e-3
    assert span.since % 60 == 0
