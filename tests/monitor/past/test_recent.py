"""The Calls of the last minutes: each once, none missed, the old ones forgotten."""

import pytest

from ollascope.monitor.past.recent import Recent
from tests.monitor.conftest import NOON


@pytest.fixture
def clock():
    return [NOON + 900.0]


@pytest.fixture
def recent(ledger, clock):
    return lambda keep_s=600.0: Recent(ledger, keep_s, wall=lambda: clock[0])


def ids(calls):
    return sorted(call.id for call in calls)


def test_empty_ledger_has_none(recent):
    assert recent().look() == []


def test_call_that_was_there_and_one_that_comes_are_each_told_once(recent, write, make_call):
    old, new = make_call(sent_at=NOON + 800), make_call(sent_at=NOON + 850)
    write(old)
    watched = recent()
    write(new)
    assert ids(watched.look()) == ids(watched.look()) == [old.id, new.id]


def test_long_call_counts_by_its_end(recent, write, make_call):
    write(make_call(sent_at=NOON, end_s=899.0), make_call(sent_at=NOON, end_s=1.0))
    assert len(recent().look()) == 1


def test_old_calls_are_forgotten(recent, write, make_call, clock):
    write(make_call(sent_at=NOON + 800))
    watched = recent()
    assert len(watched.look()) == 1
    clock[0] += 1000
    assert watched.look() == []


def test_older_times_than_memory_holds_come_from_the_files(recent, write, make_call):
    write(make_call(sent_at=NOON), make_call(sent_at=NOON + 800))
    watched = recent(200.0)
    assert len(watched.look()) == 1
    assert len(watched.between(NOON - 10, NOON + 10)) == 1
    assert len(watched.between(NOON + 790, NOON + 810)) == 1
