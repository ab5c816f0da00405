"""The little languages of loads."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.bench.asked import Level
from ollascope.bench.shapes import Amount, read_amount, read_levels
from ollascope.words.errors import BadUsage


@pytest.mark.parametrize(
    "text", ["", "s", "-1", "-1s", "1.5", "1e3s", "10 s", "10sec", "nan", "infs", "9" * 16, "1s2", "٣"]
)
def test_what_is_no_amount_is_named_with_a_hint(text):
    with pytest.raises(BadUsage, match="neither a time nor a number") as caught:
        read_amount(text)
    assert "10s" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10s", 10), ("500ms", 0.5), ("1.5m", 90), ("1m30s", 90), ("2h", 7200), (" 3s ", 3), ("0s", 0)],
)
def test_times_are_seconds(text, seconds):
    assert read_amount(text) == Amount(seconds=seconds)


def test_bare_number_counts_requests():
    assert read_amount("20") == Amount(requests=20)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ",",
        "1,,2",
        "x",
        "4.5",
        "1-50",
        "4:",
        ":30s",
        "4:30s:1",
        "10/d",
        "-4",
        "1e9",
        "inf",
        "10/s:x",
        "1-2-3/s",
        "4," * 1500,
    ],
)
def test_what_is_no_level_is_named_with_a_hint(text):
    with pytest.raises(BadUsage) as caught:
        read_levels(text)
    assert "4:30s" in caught.value.hint or "10s" in caught.value.hint


def test_levels_of_users():
    assert read_levels("1,2:30s, 4:100") == (Level(users=1), Level(users=2, seconds=30), Level(users=4, requests=100))


def test_levels_of_rates():
    assert read_levels("10/s:30s,0.5/s,30/min:200") == (
        Level(rate=10, seconds=30), Level(rate=0.5), Level(rate=0.5, requests=200),
    )  # fmt: skip


def test_level_that_ramps():
    assert read_levels("1-50/s:60s") == (Level(rate=1, until_rate=50, seconds=60),)


@given(st.lists(st.tuples(st.integers(1, 10**6), st.integers(1, 10**6)), min_size=1, max_size=20))
def test_every_list_of_users_is_read_as_it_was_written(pairs):
    text = ",".join(f"{users}:{seconds}s" for users, seconds in pairs)
    assert read_levels(text) == tuple(Level(users=users, seconds=seconds) for users, seconds in pairs)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text):
    for read in (read_amount, read_levels):
        with suppress(BadUsage):
            assert read(text) is not None
