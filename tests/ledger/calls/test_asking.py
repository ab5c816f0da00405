"""What an address says is read with care."""

import pytest

from ollascope.ledger.calls.asking import RANGES, read_choice, read_ends
from ollascope.ledger.select import COUNTED, Counted
from ollascope.words.errors import BadUsage

NOW = 1_763_726_400.0


@pytest.mark.parametrize("said", [
    {"range": "2h"}, {"since": "soon"}, {"since": "-1"}, {"until": "nan"}, {"until": "1e400"}, {"slower": "x"},
    {"slower": "-3"}, {"slower": "inf"}, {"order": "size"}, {"model": "x" * 501}, {"since": "9", "until": "9"},
    {"since": "2026-02-30"}, {"since": "99999-01-01"},
])  # fmt: skip
def test_nonsense_is_refused_with_a_hint(said):
    with pytest.raises(BadUsage) as caught:
        read_choice(said, NOW, COUNTED)
    assert caught.value.hint


def test_nothing_said_means_all_newest_first():
    choice = read_choice({}, NOW, COUNTED)
    assert (choice.where.since, choice.where.until, choice.order, choice.failed) == (None, None, "newest", False)
    assert choice.where.counted == COUNTED


@pytest.mark.parametrize("name", RANGES)
def test_range_ends_now(name):
    assert read_ends({"range": name, "since": "5"}, NOW) == (NOW - RANGES[name], None)


@pytest.mark.parametrize(
    "text", ["1763726400", "2025-11-21T12:00", "2025-11-21T12:00:00Z", "2025-11-21T20:00:00+08:00"]
)
def test_instants_are_read_in_every_usual_way(text):
    assert read_ends({"since": text}, 0.0) == (NOW, None)


def test_failed_is_any_failure_and_no_outcome_of_its_own():
    choice = read_choice({"outcome": "failed", "model": "m"}, NOW, COUNTED)
    assert (choice.failed, choice.where.outcome, choice.where.model) == (True, None, "m")


@pytest.mark.parametrize(
    ("said", "counted"),
    [({"source": "bench"}, Counted(own=True)), ({"run": "r"}, Counted(own=True, demo=True)),
     ({"model": "demo:latest"}, Counted(demo=True)), ({"engine": "fake"}, Counted(demo=True)),
     ({"source": "gateway", "model": "m"}, COUNTED)],
)  # fmt: skip
def test_what_is_asked_for_by_name_is_not_left_out(said, counted):
    assert read_choice(said, NOW, COUNTED).where.counted == counted
