"""How fast models were, by what was recorded."""

from dataclasses import replace

import pytest

from ollascope.engines.pages.speeds import DAY_S, HOUR_S
from ollascope.ledger.rolling import roll_up
from ollascope.ledger.segment import Origin
from ollascope.ledger.settings import Ledger
from ollascope.ledger.writer import Writer
from ollascope.monitor.pages import speeds
from ollascope.monitor.pages.speeds import Records
from ollascope.words.call import Call
from ollascope.words.ids import Ids

NOW = 1_800_001_800.0  # half past an hour
ONE = Call(
    id="", sent_at=NOW - 60, source="gateway", outcome="ok", engine="ollama", model="plain", first_chunk_s=0.5,
    end_s=2.5, tokens_out=41,
)  # fmt: skip


def recorded(folder, *calls, summed=False):
    ids, ledger = Ids(), folder / "ledger"
    with Writer(ledger, Ledger(), Origin.here("test")) as writer:
        for call in calls:
            writer.call(replace(call, id=ids.next()))
    if summed:
        roll_up(ledger)
    return Records(ledger=ledger, wall=lambda: NOW)


def test_ledger_that_is_not_there_has_no_speeds(tmp_path):
    records = Records(ledger=tmp_path / "ledger", wall=lambda: NOW)
    assert records.lately(True) == {}
    assert records.history("plain", "day", False).is_empty


@pytest.mark.parametrize("summed", [False, True])
@pytest.mark.parametrize("span", ["day", "month"])
def test_speeds_are_the_same_whether_calls_are_summed_or_not(tmp_path, span, summed):
    away = 3 * HOUR_S if span == "day" else 3 * DAY_S
    records = recorded(tmp_path, ONE, replace(ONE, outcome="timeout"), replace(ONE, sent_at=NOW - away, end_s=4.5),
                       replace(ONE, model="other"), replace(ONE, source="bench"), summed=summed)  # fmt: skip
    found = records.history("plain:latest", span, False)
    assert found.trouble == ""
    assert (found.whole.requests, found.whole.failed) == (3, 1)
    told = [(place, point.requests, point.rate_p50) for place, point in enumerate(found.points) if point.requests]
    last = len(found.points) - 1
    assert told == [(last - 3, 1, pytest.approx(10.0, rel=0.02)), (last, 2, pytest.approx(20.0, rel=0.02))]
    assert records.history("plain", span, True).whole.requests == 4


@pytest.mark.parametrize("summed", [False, True])
def test_each_model_has_the_speed_of_the_last_days(tmp_path, summed):
    old = replace(ONE, model="old", sent_at=NOW - 8 * DAY_S)
    found = recorded(tmp_path, ONE, replace(ONE, model="other", end_s=4.5), old, summed=summed).lately(False)
    assert {name: round(point.rate_p50) for name, point in found.items()} == {"plain": 20, "other": 10}


def test_more_than_can_be_read_at_once_is_told_as_not_summed(tmp_path, monkeypatch):
    monkeypatch.setattr(speeds, "MOST_UNSUMMED", 2)
    records = recorded(tmp_path, ONE, ONE, ONE)
    assert "not summed" in records.history("plain", "day", False).trouble
    assert records.lately(False) == {}
