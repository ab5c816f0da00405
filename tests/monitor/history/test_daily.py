"""The account of a day: the same from the Calls and from their sums, made in the background, kept once made."""

import threading
import time

import pytest

from ollascope.ledger.calls.choice import Choice
from ollascope.ledger.calls.search import Search
from ollascope.ledger.rolling import roll_up
from ollascope.ledger.segment import Origin
from ollascope.ledger.select import COUNTED, Where
from ollascope.ledger.settings import Ledger
from ollascope.ledger.writer import Writer
from ollascope.monitor.history import daily
from ollascope.monitor.history.daily import Day, Days
from ollascope.monitor.history.drawn import draw_whole
from ollascope.monitor.history.past import Past
from ollascope.words.call import Call
from ollascope.words.errors import BadUsage, FolderUnusable

NOW = 1_763_726_400.0  # 2025-11-21T12:00:00Z
YESTERDAY = Day(name="2025-11-20", counted=COUNTED)


@pytest.fixture
def ledger(tmp_path):
    return tmp_path / "ledger"


@pytest.fixture
def days(tmp_path, ledger):
    search, past = Search(ledger), Past(ledger, lambda: NOW)

    def slow(span, counted, slower_s):
        where = Where(since=span.since, until=span.until, counted=counted)
        return search.every(Choice(where=where, slower_s=slower_s), 1000)

    return Days(ledger=ledger, alerts=tmp_path / "alerts", slow=slow, wall=lambda: NOW,
                draw=lambda asked: draw_whole(past, asked))  # fmt: skip


def record(ledger, count=300):
    with Writer(ledger, Ledger(), Origin.here("test")) as writer:
        for number in range(count):
            at = NOW - 129_600.0 + number * 200
            writer.call(Call(id=f"c{number}", sent_at=at, source="bench" if number % 50 == 0 else "gateway",
                             outcome="timeout" if number % 9 == 0 else "ok", model="ab"[number % 2],
                             first_chunk_s=0.1 + number % 13 / 10, end_s=1.0 + number / 10))  # fmt: skip
    roll_up(ledger)


def made(days, day=YESTERDAY):
    account = days.read(day, 20.0)
    assert account is not None
    return account


@pytest.mark.parametrize("name", ["soon", "2030-01-01"])
def test_day_that_cannot_be_is_refused(days, name):
    with pytest.raises(BadUsage):
        days.read(Day(name=name, counted=COUNTED), 0.0)


def test_folder_that_cannot_be_read_is_told_to_who_asks(days, ledger):
    ledger.write_text("")
    with pytest.raises(FolderUnusable):
        days.read(YESTERDAY, 20.0)


def test_sums_say_what_the_calls_say(days, ledger, monkeypatch):
    record(ledger)
    exact = made(days)
    monkeypatch.setattr(daily, "FEW", 0)
    days._made.clear()
    summed = made(days)
    assert summed.summary.requests == exact.summary.requests > 200
    assert summed.summary.outcomes == exact.summary.outcomes
    assert summed.before.requests == exact.before.requests
    assert {name: one.requests for name, one in summed.models.items()} == {
        name: one.requests for name, one in exact.models.items()
    }
    assert summed.left_out == exact.left_out > 0
    assert [call.id for call in summed.slowest][:1] == [call.id for call in exact.slowest][:1]
    assert sum(one.requests for one in summed.buckets) == sum(one.requests for one in exact.buckets)
    assert summed.summary.metrics["ttft_s"].p95 == pytest.approx(exact.summary.metrics["ttft_s"].p95, rel=0.011)


def test_who_cannot_wait_gets_nothing_yet_and_later_the_account(days, ledger, monkeypatch):
    record(ledger, 10)
    gate = threading.Event()
    make = daily.take_account
    monkeypatch.setattr(daily, "take_account", lambda *asked: (gate.wait(20), make(*asked))[1])
    assert days.read(YESTERDAY, 0.0) is None
    gate.set()
    deadline = time.monotonic() + 20
    while days.read(YESTERDAY, 0.01) is None:
        assert time.monotonic() < deadline


def test_account_is_made_once(days, ledger):
    record(ledger, 10)
    assert made(days) is made(days)
