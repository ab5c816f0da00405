"""Totals never fall and count each Call once: bad lines, killed processes, sealing, retention, two who count."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.ledger.retention import retire
from ollascope.ledger.rolling import roll_up
from ollascope.ledger.sealed.sealing import seal
from ollascope.ledger.segment import every_file
from ollascope.ledger.settings import Ledger
from ollascope.monitor.exposition import totals as room
from ollascope.monitor.exposition.families import FAMILIES, PAUSES
from ollascope.monitor.exposition.labels import OTHER
from ollascope.monitor.exposition.store import Store
from ollascope.monitor.exposition.totals import FILE, Counting
from ollascope.stats.sketch import Sketch
from ollascope.words.errors import StorageTrouble

REQUESTS = "ollascope_gateway_requests_total"
DAY_S = 86_400
NOON = 1_763_726_400.0


def count_of(counting, name=REQUESTS):
    return sum(sum(row[:-1]) if len(row) > 1 else row[0] for (family, _), row in counting.shown().items()
               if family == name)  # fmt: skip


def by_label(counting, label, name=REQUESTS):
    place = next(family for family in FAMILIES if family.name == name).labels.index(label)
    found = Counter()
    for (family, words), row in counting.shown().items():
        if family == name:
            found[words[place]] += row[0]
    return dict(found)


def spoil(ledger, old, new):
    (segment,) = every_file(ledger, ["calls"])
    segment.path.write_bytes(segment.path.read_bytes().replace(old, new, 1))


@pytest.mark.parametrize(
    "spoilt", [b'"tokens_in":-7', b'"tokens_in":1e300', b'"tokens_in":"ten"', b'"tokens_in":null', b'"tokens_in":[1]']
)
def test_spoilt_number_lowers_no_total(ledger, write, make_call, spoilt):
    write(make_call(tokens_in=7), make_call(tokens_in=8))
    spoil(ledger, b'"tokens_in":7', spoilt)
    counting = Counting(ledger)
    counting.update()
    assert count_of(counting, "ollascope_gateway_input_tokens_total") == 8


@pytest.mark.parametrize("spoilt", [b"[[5,-3]]", b"[[-5,3]]", b"[[999999999,1]]", b'[["a",1]]', b"[[1]]"])
def test_spoilt_gaps_add_nothing(ledger, write, make_call, spoilt):
    write(make_call(gaps=((1000, 2),)))
    spoil(ledger, b"[[1000,2]]", spoilt)
    counting = Counting(ledger)
    counting.update()
    assert count_of(counting) == 1
    assert count_of(counting, "ollascope_gateway_inter_token_latency_seconds") == 0


def test_line_that_is_no_record_is_skipped(ledger, write, make_call):
    write(make_call(), make_call(), make_call())
    spoil(ledger, b'{"id":"call-000001"', b'{"id:"call-000001"')
    counting = Counting(ledger)
    assert counting.update() == 2


def test_no_ledger_is_no_totals(ledger):
    counting = Counting(ledger)
    assert counting.update() == 0
    assert counting.shown() is None
    assert not ledger.exists()


def test_nothing_is_shown_before_the_first_update(ledger, write, make_call):
    write(make_call())
    assert Counting(ledger).shown() is None


def test_damaged_file_is_set_aside_and_all_is_counted_anew(ledger, write, make_call):
    write(make_call(), make_call())
    Counting(ledger).update()
    (ledger / FILE).write_bytes(b"no database" * 1000)
    counting = Counting(ledger)
    counting.update()
    assert count_of(counting) == 2
    assert (ledger / f"{FILE}.damaged").exists()


def test_file_of_another_version_is_set_aside(ledger, write, make_call):
    write(make_call())
    Counting(ledger).update()
    with sqlite3.connect(ledger / FILE) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    counting = Counting(ledger)
    counting.update()
    assert count_of(counting) == 1


def test_file_that_cannot_be_written_is_told_and_counted_later(ledger, write, make_call):
    write(make_call())
    (ledger / FILE).mkdir()
    counting = Counting(ledger)
    with pytest.raises(StorageTrouble, match="totals"):
        counting.update()
    assert counting.shown() is None
    (ledger / FILE).rmdir()
    assert counting.update() == 1


def test_locked_file_loses_nothing(ledger, write, make_call, monkeypatch):
    monkeypatch.setattr("ollascope.monitor.exposition.store.PATIENCE_S", 0.01)
    counting = Counting(ledger)
    write(make_call())
    counting.update()
    write(make_call())
    holder = sqlite3.connect(ledger / FILE, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageTrouble):
        counting.update()
    assert count_of(counting) == 1
    holder.execute("ROLLBACK")
    holder.close()
    counting.update()
    assert count_of(counting) == 2


def test_what_is_written_later_is_added(ledger, write, make_call):
    counting = Counting(ledger)
    write(make_call())
    assert counting.update() == 1
    write(make_call(), make_call(outcome="timeout"))
    assert counting.update() == 2
    assert by_label(counting, "outcome") == {"ok": 2, "timeout": 1}
    assert counting.update() == 0
    assert count_of(counting) == 3


def test_restart_goes_on_where_the_last_process_ended(ledger, write, make_call):
    write(make_call())
    Counting(ledger).update()
    write(make_call())
    counting = Counting(ledger)
    assert counting.update() == 1
    assert count_of(counting) == 2


def test_sealing_counts_nothing_twice(ledger, write, make_call):
    counting = Counting(ledger)
    write(make_call(), make_call())
    counting.update()
    seal(ledger)
    counting.update()
    assert count_of(counting) == 2
    other = Counting(ledger)
    assert other.update() == 0
    assert count_of(other) == 2


def test_call_that_comes_late_to_a_day_that_was_over_is_counted(ledger, write, make_call, monkeypatch):
    monkeypatch.setattr(room, "SETTLED_NS", -1)
    write(make_call(), make_call(sent_at=NOON - 3 * DAY_S))
    seal(ledger)
    counting = Counting(ledger)
    assert [counting.update(), counting.update()] == [2, 0]
    assert len(counting._sums._quiet) == 2
    write(make_call(sent_at=NOON - 3 * DAY_S))
    assert counting.update() == 1
    write(make_call())
    assert counting.update() == 1


def test_folder_that_has_just_changed_is_looked_at_again(ledger, write, make_call):
    write(make_call())
    seal(ledger)
    counting = Counting(ledger)
    counting.update()
    assert counting._sums._quiet == {}


def test_totals_outlive_the_calls(ledger, write, make_call):
    counting = Counting(ledger)
    write(make_call(), make_call())
    counting.update()
    seal(ledger)
    roll_up(ledger)
    assert retire(ledger, Ledger(calls_days=1), NOON + 9 * DAY_S).segments == 1
    counting.update()
    assert count_of(counting) == 2
    other = Counting(ledger)
    other.update()
    assert count_of(other) == 2


def test_half_a_line_is_counted_once_it_is_whole(ledger, write, make_call):
    write(make_call(), make_call())
    (segment,) = every_file(ledger, ["calls"])
    whole = segment.path.read_bytes()
    segment.path.write_bytes(whole[:-20])
    counting = Counting(ledger)
    assert counting.update() == 1
    segment.path.write_bytes(whole)
    assert counting.update() == 1


def test_two_who_count_the_same_ledger_agree(ledger, write, make_call):
    one, other = Counting(ledger), Counting(ledger)
    for _ in range(5):
        write(make_call())
        one.update()
        other.update()
    write(make_call())
    other.update()
    one.update()
    assert count_of(one) == count_of(other) == 6


def test_one_who_missed_what_another_counted_takes_it_over(ledger, write, make_call):
    write(make_call())
    one, other = Counting(ledger), Counting(ledger)
    one.update()
    write(make_call(), make_call())
    other.update()
    seal(ledger)
    roll_up(ledger)
    retire(ledger, Ledger(calls_days=1), NOON + 9 * DAY_S)
    write(make_call())
    one.update()
    assert count_of(one) == 4
    third = Counting(ledger)
    third.update()
    assert count_of(third) == 4


def test_nothing_new_writes_nothing(ledger, write, make_call):
    write(make_call())
    seal(ledger)
    counting = Counting(ledger)
    for _ in range(3):
        counting.update()
    assert Store(ledger / FILE).load().turn == 1


def test_much_is_saved_in_between(ledger, write, make_call, monkeypatch):
    monkeypatch.setattr(room, "BATCH", 3)
    for _ in range(4):
        write(*[make_call() for _ in range(4)])
    counting = Counting(ledger)
    assert counting.update() == 16
    assert count_of(counting) == 16
    assert Store(ledger / FILE).load().turn == 4


def test_gateway_and_others_are_told_apart_and_our_own_tests_do_not_count(ledger, write, make_call):
    write(
        make_call(), make_call(source="ollama-log"), make_call(source="bench"), make_call(source="probe"),
        make_call(source="ask", parent="call-000000"), make_call(parent="x"),
    )  # fmt: skip
    counting = Counting(ledger)
    counting.update()
    assert count_of(counting) == 2
    assert by_label(counting, "source", "ollascope_direct_requests_total") == {"ollama-log": 1}
    assert count_of(counting, "ollascope_probe_requests_total") == 1


def test_histograms_hold_each_value_and_their_sum(ledger, write, make_call):
    write(make_call(end_s=0.01), make_call(end_s=0.011), make_call(end_s=1000.0))
    counting = Counting(ledger)
    counting.update()
    ((_, row),) = [item for item in counting.shown().items() if item[0][0].endswith("_request_duration_seconds")]
    assert (row[0], row[1], row[-2]) == (1, 1, 1)
    assert row[-1] == pytest.approx(1000.021)


@given(st.lists(st.floats(min_value=0.001, max_value=20), min_size=1, max_size=50))
def test_pauses_fall_into_the_buckets_of_their_values(values):
    sums = room._Sums(room.State(), room.Words())
    measure = next(m for m in room.measures_of("gateway", nested=False) if m.many is not None)
    words = {"model": "m", "backend": "b"}
    sums._spread(measure, words, Sketch.of(values).pairs())
    (row,) = sums._state.totals.values()
    assert sum(row[:-1]) == len(values)
    assert row[-1] == pytest.approx(sum(values), rel=0.011)
    for number, bound in enumerate(PAUSES):
        reached = sum(row[: number + 1])
        assert sum(value <= bound * 0.98 for value in values) <= reached
        assert reached <= sum(value <= bound * 1.02 for value in values)


def test_models_beyond_the_limit_are_other(ledger, write, make_call):
    write(*[make_call(model=f"m{number % 7}") for number in range(70)])
    counting = Counting(ledger, models=5)
    counting.update()
    found = by_label(counting, "model")
    assert set(found) == {"m0", "m1", "m2", "m3", "m4", OTHER}
    assert found[OTHER] == 20
    write(make_call(model="m6"), make_call(model="m1"))
    again = Counting(ledger, models=5)
    again.update()
    assert by_label(again, "model") == {**found, OTHER: 21, "m1": 11}


@pytest.mark.parametrize("outcome", ["model-missing", "access-denied", "refused", "connect-failed", "cancelled"])
def test_names_that_clients_make_up_fill_no_place(ledger, write, make_call, outcome):
    write(*[make_call(model=f"made-up-{number}", outcome=outcome) for number in range(20)], make_call(model="real"))
    counting = Counting(ledger, models=5)
    counting.update()
    assert by_label(counting, "model") == {OTHER: 20, "real": 1}


def test_label_sets_of_a_family_are_bounded(ledger, write, make_call, monkeypatch):
    monkeypatch.setattr(room, "LABEL_SETS", 4)
    write(*[make_call(model=f"m{number}", backend=f"b{number}") for number in range(10)])
    counting = Counting(ledger)
    counting.update()
    assert len(by_label(counting, "model")) == 5
    assert count_of(counting) == 10


def test_unknown_words_are_other(ledger, write, make_call):
    write(make_call(outcome="exploded", model="x" * 5000, backend=None))
    counting = Counting(ledger)
    counting.update()
    assert by_label(counting, "outcome") == by_label(counting, "model") == by_label(counting, "backend") == {OTHER: 1}


def test_totals_never_fall_whatever_happens_in_between(ledger, write, make_call):
    chance, counting, before, written = random.Random(3), Counting(ledger), {}, 0
    for _ in range(60):
        step = chance.choice(["write", "write", "seal", "restart", "retire"])
        if step == "write":
            calls = [make_call(sent_at=NOON + chance.uniform(-2, 2) * DAY_S) for _ in range(chance.randint(1, 5))]
            write(*calls)
            written += len(calls)
        elif step == "seal":
            seal(ledger)
        elif step == "restart":
            counting = Counting(ledger)
        elif ledger.is_dir():
            counting.update()
            roll_up(ledger)
            retire(ledger, Ledger(calls_days=1), NOON + 2.5 * DAY_S)
        counting.update()
        after = counting.shown() or {}
        assert all(now >= then for key, row in before.items() for now, then in zip(after[key], row, strict=True))
        before = after
    assert count_of(counting) == written


COUNT = """
import sys
from pathlib import Path
from ollascope.monitor.exposition.totals import Counting
counting = Counting(Path(sys.argv[1]))
while True:
    counting.update()
    found = counting.shown() or {}
    print(sum(row[0] for key, row in found.items() if key[0].endswith("_requests_total")), flush=True)
"""


@pytest.mark.slow
def test_killed_again_and_again_counts_each_call_once(ledger, write, make_call):
    chance, written, shown = random.Random(5), 0, 0.0
    for _ in range(6):
        with subprocess.Popen([sys.executable, "-c", COUNT, str(ledger)], stdout=subprocess.PIPE) as process:
            for _ in range(chance.randint(2, 6)):
                calls = [make_call() for _ in range(chance.randint(1, 300))]
                write(*calls)
                written += len(calls)
                found = float(process.stdout.readline())
                assert shown <= found <= written
                shown = found
            if chance.random() < 0.5:
                seal(ledger)
            os.kill(process.pid, signal.SIGKILL)
            shown = max([shown, *map(float, process.stdout.read().splitlines()[:-1])])
    counting = Counting(ledger)
    counting.update()
    assert count_of(counting) == written
