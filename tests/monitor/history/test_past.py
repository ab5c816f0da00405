"""The past held ready says what the ledger says, whatever is written, summed or sealed meanwhile."""

import threading
from itertools import count

import pytest

from ollascope.ledger.rolling import rebuild, roll_up
from ollascope.ledger.segment import Origin
from ollascope.ledger.select import COUNTED, EVERY, Where
from ollascope.ledger.settings import Ledger
from ollascope.ledger.summary import Question, summarise
from ollascope.ledger.writer import Writer
from ollascope.monitor.history import tail
from ollascope.monitor.history.drawn import Asked, draw, facts
from ollascope.monitor.history.past import Past
from ollascope.words.call import Call

NOW = 1_763_726_400.0
MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0


@pytest.fixture
def ledger(tmp_path):
    return tmp_path / "ledger"


@pytest.fixture
def write(ledger):
    numbers = count()

    def writing(*times, **said):
        with Writer(ledger, Ledger(), Origin.here("test")) as writer:
            for at in times:
                usual = {"source": "gateway", "outcome": "ok", "model": "m", "first_chunk_s": 0.2, "end_s": 1.0}
                writer.call(Call(id=f"c{next(numbers)}", sent_at=at, **(usual | said)))

    return writing


def asked(length=HOUR, **said):
    return Asked(since=NOW - length, until=NOW, **({"counted": COUNTED} | said))


def requests(past, length=HOUR, **said):
    return draw(past, asked(length, **said), 5.0).whole.requests


def test_no_ledger_has_no_past(ledger):
    past = Past(ledger, lambda: NOW)
    assert requests(past) == 0
    assert draw(past, asked(), 0.0).missing == 0.0


@pytest.mark.parametrize("length", [HOUR, 6 * HOUR, DAY, 7 * DAY, 30 * DAY])
def test_charts_come_to_what_a_summary_comes_to(ledger, write, length):
    step = length / 200
    write(*(NOW - length + step * (number + 1) - 1 for number in range(199)))
    write(*(NOW - 100 - number for number in range(30)), model="other", outcome="timeout", end_s=7.0)
    roll_up(ledger)
    found = draw(Past(ledger, lambda: NOW), asked(length), 5.0)
    where = Where(since=found.since, until=NOW, counted=COUNTED)
    told = summarise(ledger, Question(where=where))[()]
    assert found.whole.requests == told.requests
    assert found.whole.outcomes == told.outcomes
    assert facts(found)["now"]["total_s_p95"] == pytest.approx(told.metrics["total_s"].p95, rel=0.011)


def test_what_is_not_summed_counts_once_before_and_after_it_is(ledger, write):
    past = Past(ledger, lambda: NOW)
    write(NOW - 300, NOW - 200)
    assert requests(past) == 2
    roll_up(ledger)
    assert requests(past) == 2
    write(NOW - 100)
    past._tail = tail.Tail(ledger)
    assert requests(past) == 3
    roll_up(ledger)
    past._tail = tail.Tail(ledger)
    assert requests(past) == 3


def test_sums_that_are_made_anew_are_read_anew(ledger, write):
    past = Past(ledger, lambda: NOW)
    write(NOW - 300, NOW - 200)
    roll_up(ledger)
    assert requests(past) == 2
    rebuild(ledger)
    past._tail = tail.Tail(ledger)
    assert requests(past) == 2


def test_more_than_can_be_read_at_once_is_told(ledger, write, monkeypatch):
    monkeypatch.setattr(tail, "MOST_BYTES", 100)
    write(*(NOW - number for number in range(1, 50)))
    assert draw(Past(ledger, lambda: NOW), asked(), 5.0).unsummed


def test_only_what_counts_and_is_wanted_is_shown(ledger, write):
    write(NOW - 100, NOW - 90)
    write(NOW - 80, source="bench")
    write(NOW - 70, model="demo")
    write(NOW - 60, parent="outer")
    write(NOW - 50, engine="vllm", source="log")
    past = Past(ledger, lambda: NOW)
    found = draw(past, asked(), 5.0)
    assert (found.whole.requests, found.left_out, found.demo) == (3, 2, False)
    assert requests(past, counted=EVERY) == 6
    assert draw(past, asked(counted=EVERY), 5.0).demo
    assert [requests(past, engine="vllm"), requests(past, source="log"), requests(past, model="none")] == [1, 1, 0]


def test_thread_reads_ahead_and_ends(ledger, write):
    write(*(NOW - 60 * number for number in range(1, 40)))
    roll_up(ledger)
    past = Past(ledger, lambda: NOW)
    past.start()
    found = draw(past, asked(), 10.0)
    assert (found.whole.requests, found.missing) == (39, 0.0)
    past.close()
    thread = past._thread
    assert isinstance(thread, threading.Thread)
    thread.join(10)
    assert not thread.is_alive()


def test_sums_that_cannot_be_read_are_told(ledger, write):
    write(NOW - 100)
    roll_up(ledger)
    (ledger / "rollups.sqlite3").write_bytes(b"nonsense" * 1000)
    past = Past(ledger, lambda: NOW)
    past.start()
    draw(past, asked(), 5.0)
    assert "damaged" in past.trouble
    past.close()


def test_load_of_a_model_is_an_event(ledger, write):
    write(NOW - 120, load_s=6.5)
    write(NOW - 100, load_s=0.02)
    (load,) = draw(Past(ledger, lambda: NOW), asked(), 5.0).loads
    assert load == (NOW - 120, "m", 6.5)
