"""The writer: nothing waits for it, nothing is lost beyond the window, a full disk only pauses it."""

import logging
import math
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from ollascope.ledger import writer as room
from ollascope.ledger.appending import Appender
from ollascope.ledger.reading import read_calls, read_samples
from ollascope.ledger.segment import days, segments
from ollascope.ledger.settings import Ledger
from ollascope.ledger.writer import Writer
from ollascope.words.clock import Clock
from ollascope.words.errors import DiskFull
from ollascope.words.sample import Sample


def begin(ledger, origin, clock=None, **settings):
    return Writer(ledger, Ledger(**settings), origin, clock)


def until(claim, patience_s=10.0):
    """Wait until a claim holds; a test that waits in vain fails."""
    end = time.monotonic() + patience_s
    while not claim():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_call_is_on_the_disk_within_the_window_without_being_asked(ledger, origin, make_call):
    with begin(ledger, origin, flush_ms=10) as writer:
        writer.call(make_call())
        until(lambda: list(read_calls(ledger)))


def test_flush_waits_until_all_is_written(ledger, origin, make_call):
    with begin(ledger, origin, flush_ms=60_000) as writer:
        made = [make_call() for _ in range(3)]
        for call in made:
            writer.call(call)
        assert writer.flush()
        assert list(read_calls(ledger)) == made
        assert writer.counts().recorded == 3


def test_close_writes_what_waits_and_gives_the_segments_up(ledger, origin, make_call):
    writer = begin(ledger, origin, flush_ms=60_000)
    call = make_call()
    writer.call(call)
    writer.close()
    writer.close()
    assert list(read_calls(ledger)) == [call]


def test_call_that_comes_after_the_end_is_counted_as_lost(ledger, origin, make_call):
    writer = begin(ledger, origin)
    writer.call(make_call())
    writer.close()
    writer.call(make_call())
    assert (writer.counts().recorded, writer.counts().lost) == (1, 1)
    assert writer.flush()


def test_calls_of_many_threads_are_all_recorded(ledger, origin, make_call):
    made = [make_call(sent_at=1e9) for _ in range(4000)]
    with begin(ledger, origin, flush_ms=1) as writer:
        threads = [
            threading.Thread(target=lambda part: list(map(writer.call, part)), args=(made[start::4],))
            for start in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert {call.id for call in read_calls(ledger)} == {call.id for call in made}


def test_records_go_to_the_day_they_tell_of(ledger, origin, make_call, noon):
    """A late Call, one from a clock that was wrong, Samples and amendments beside Calls."""
    with begin(ledger, origin, clock=Clock(wall=lambda: noon)) as writer:
        for at in (noon, noon - 86_400, noon + 400 * 86_400, 0.0):
            writer.call(make_call(sent_at=at))
        writer.sample(Sample(at=noon))
        writer.amend(make_call(), ("reloaded",))
    assert days(ledger) == ["1970-01-01", "2025-11-20", "2025-11-21", "2026-12-26"]
    assert [len(segments(ledger, "2025-11-21", kind)) for kind in ("calls", "samples", "amendments")] == [1, 1, 1]
    assert list(read_samples(ledger)) == [Sample(at=noon)]


def test_clock_stepped_back_and_forth_loses_nothing(ledger, origin, make_call, noon):
    steps = [0, 3600, -90_000, 100_000, -5, 7, 86_400 * 30, -86_400 * 30] * 5
    made = [make_call(sent_at=noon + step) for step in steps]
    now = iter([noon + step for step in steps] * 100)
    with begin(ledger, origin, clock=Clock(wall=lambda: next(now)), flush_ms=1) as writer:
        for call in made:
            writer.call(call)
            writer.flush()
    assert sorted(call.id for call in read_calls(ledger)) == [call.id for call in made]


def test_many_days_at_once_keep_few_files_open(ledger, origin, make_call, noon):
    with begin(ledger, origin) as writer:
        for day in range(30):
            writer.call(make_call(sent_at=noon - day * 86_400))
            writer.flush()
        assert len(writer._open) <= room.MOST_OPEN
    assert len(list(read_calls(ledger))) == 30


def test_segment_that_has_grown_is_followed_by_another(ledger, origin, make_call):
    with begin(ledger, origin, segment_mib=1) as writer:
        for _ in range(60):
            writer.call(make_call(note="x" * 50_000))
            writer.flush()
    found = segments(ledger, "2025-11-21", "calls")
    assert len(found) == 3
    assert len(list(read_calls(ledger))) == 60


@pytest.mark.parametrize("at", [math.nan, math.inf, -1.0, 1e12])
def test_record_that_cannot_be_written_takes_no_other_along(ledger, origin, make_call, caplog, at):
    with begin(ledger, origin) as writer:
        good = [make_call(), make_call()]
        for call in (good[0], make_call(sent_at=at), make_call(end_s=math.nan), good[1]):
            writer.call(call)
    assert list(read_calls(ledger)) == good
    assert writer.counts().refused == 2
    assert "cannot be recorded" in caplog.text


def fill(monkeypatch):
    """A disk that is full until the list is emptied."""
    full = [True]
    create = Appender.create.__func__

    def on_a_full_disk(cls, *place):
        if full:
            raise DiskFull("no room left", hint="free space")
        return create(cls, *place)

    monkeypatch.setattr(Appender, "create", classmethod(on_a_full_disk))
    monkeypatch.setattr(room, "RETRY_S", 0.01)
    return full


def test_full_disk_pauses_with_one_warning_and_recording_resumes(ledger, origin, make_call, monkeypatch, caplog):
    full = fill(monkeypatch)
    with caplog.at_level(logging.WARNING), begin(ledger, origin, flush_ms=1, buffer_records=100) as writer:
        made = [make_call() for _ in range(130)]
        writer.call(made[0])
        until(lambda: writer.counts().paused)
        for call in made[1:]:
            writer.call(call)
        time.sleep(0.05)
        assert writer.counts().lost == 29
        assert len([line for line in caplog.messages if "recording pauses" in line]) == 1
        full.clear()
        until(lambda: not writer.counts().paused)
    assert list(read_calls(ledger)) == made[:101]
    assert [line for line in caplog.messages if "29 records found no place" in line]


def test_what_cannot_be_written_at_the_end_is_counted_and_told(ledger, origin, make_call, monkeypatch, caplog):
    fill(monkeypatch)
    writer = begin(ledger, origin, flush_ms=1)
    for _ in range(3):
        writer.call(make_call())
    writer.close()
    assert writer.counts().lost == 3
    assert "3 records could not be written and are lost" in caplog.text


def test_flush_does_not_wait_for_ever_for_a_full_disk(ledger, origin, make_call, monkeypatch):
    full = fill(monkeypatch)
    with begin(ledger, origin, flush_ms=1) as writer:
        writer.call(make_call())
        assert writer.flush(timeout_s=0.05) is False
        full.clear()


def test_segment_of_another_day_is_given_up_when_idle(ledger, origin, make_call, noon, monkeypatch):
    monkeypatch.setattr(room, "IDLE_S", 0.0)
    with begin(ledger, origin, clock=Clock(wall=lambda: noon), flush_ms=1) as writer:
        writer.call(make_call(sent_at=noon - 86_400))
        writer.call(make_call(sent_at=noon))
        writer.flush()
        until(lambda: list(writer._open) == [("calls", "2025-11-21")])


def test_what_was_written_is_forced_onto_the_disk_in_time(ledger, origin, make_call, monkeypatch):
    synced = []
    sync = Appender.sync

    def note_it(appender):
        synced.append(appender.path.name)
        sync(appender)

    monkeypatch.setattr(Appender, "sync", note_it)
    monkeypatch.setattr(room, "SOON_S", 0.001)
    now = [0.0]
    with begin(ledger, origin, clock=Clock(monotonic=lambda: now[0]), flush_ms=1, sync_s=5.0) as writer:
        writer.call(make_call())
        writer.flush()
        assert synced == []
        now[0] = 6.0
        writer.call(make_call())
        until(lambda: len(synced) == 1)
    assert len(synced) == 2


def count_syncs(monkeypatch):
    synced = []

    def note_it(appender):
        appender.unsynced = False
        synced.append(appender.path)

    monkeypatch.setattr(Appender, "sync", note_it)
    return synced


def test_every_write_is_synced_if_settings_say_so(ledger, origin, make_call, monkeypatch):
    synced = count_syncs(monkeypatch)
    with begin(ledger, origin, flush_ms=1, sync_s=0.0) as writer:
        for number in range(3):
            writer.call(make_call())
            until(lambda so_far=number: len(synced) > so_far)
            until(lambda: not writer._syncing.is_alive())


def test_nothing_is_synced_if_the_system_shall_do_it(ledger, origin, make_call, monkeypatch):
    synced = count_syncs(monkeypatch)
    with begin(ledger, origin, flush_ms=1, sync_s=None) as writer:
        for _ in range(3):
            writer.call(make_call())
            writer.flush()
    assert synced == []


def test_slow_disk_does_not_lengthen_the_window(ledger, origin, make_call, monkeypatch):
    go = threading.Event()
    monkeypatch.setattr(Appender, "sync", lambda appender: go.wait(20))
    with begin(ledger, origin, flush_ms=1, sync_s=0.0) as writer:
        for _ in range(3):
            writer.call(make_call())
            assert writer.flush()
        assert len(list(read_calls(ledger))) == 3
        go.set()


PROGRAM = """
import sys, time
from pathlib import Path
from ollascope.ledger.segment import Origin
from ollascope.ledger.settings import Ledger
from ollascope.ledger.writer import Writer
from ollascope.words.call import Call
def call(number):
    return Call(id=f"{sys.argv[2]}-{number}", sent_at=1e9 + number, source="s", outcome="ok", note="n" * 100)
writer = Writer(Path(sys.argv[1]), Ledger(flush_ms=20), Origin.here("test"))
"""


def python(ledger, name, program, **more):
    text = PROGRAM + textwrap.dedent(program)
    return subprocess.Popen([sys.executable, "-c", text, str(ledger), name], stdout=subprocess.PIPE, text=True, **more)


def test_process_that_ends_without_closing_loses_nothing(ledger):
    process = python(ledger, "a", "for n in range(1000): writer.call(call(n))\n")
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert len(list(read_calls(ledger))) == 1000


def test_killed_writers_lose_only_what_was_not_flushed(ledger):
    program = """
    for n in range(100_000):
        writer.call(call(n))
        if n % 50 == 49:
            writer.flush()
            print(n + 1, flush=True)
    """
    processes = [python(ledger, name, program) for name in "ab"]
    told = [int([process.stdout.readline() for _ in range(5)][-1]) for process in processes]
    for process in processes:
        process.send_signal(signal.SIGKILL)
        told_last = [int(line) for line in process.stdout.read().splitlines()]
        told[processes.index(process)] = max([told[processes.index(process)], *told_last])
        process.wait(timeout=10)
        process.stdout.close()
    found = {call.id for call in read_calls(ledger)}
    for name, count in zip("ab", told, strict=True):
        assert {f"{name}-{n}" for n in range(count)} <= found


def test_eight_writers_at_once_lose_nothing(ledger):
    processes = [python(ledger, name, "for n in range(500): writer.call(call(n))\n") for name in "abcdefgh"]
    for process in processes:
        process.communicate(timeout=40)
    assert len({call.id for call in read_calls(ledger)}) == 4000


def test_file_that_may_grow_no_more_pauses_recording_and_another_is_begun(ledger):
    """RLIMIT_FSIZE: what a full disk does, without a disk to fill."""
    program = """
    import resource
    from ollascope.ledger import writer as room
    room.RETRY_S = 0.01
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
    for n in range(100):
        writer.call(call(n))
        writer.flush()
    writer.close()
    print(writer.counts().lost, writer.counts().recorded)
    """
    process = python(ledger, "a", program, stderr=subprocess.PIPE)
    out, err = process.communicate(timeout=30)
    assert out.split() == ["0", "100"]
    assert "recording pauses" in err
    assert "recording goes on" in err
    assert [call.id for call in read_calls(ledger)] == [f"a-{n}" for n in range(100)]
    assert all(path.read_bytes().endswith(b"}\n") for path in ledger.glob("*/*.jsonl"))
