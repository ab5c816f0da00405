"""Sealing: only what nobody writes, whole or not at all, and never counted twice."""

import errno
import gzip
import multiprocessing
import os
import threading

import pytest

from ollascope.ledger.appending import Appender
from ollascope.ledger.reading import read_calls
from ollascope.ledger.sealed import sealing as room
from ollascope.ledger.sealed.sealing import Sealed, seal, upkeep
from ollascope.ledger.segment import files
from ollascope.ledger.settings import Ledger
from ollascope.ledger.writer import Writer
from ollascope.words.errors import DiskFull, StorageTrouble

DAY = "2025-11-21"


def names(ledger):
    return sorted(path.name for path in (ledger / DAY).iterdir())


def test_sealed_segment_holds_the_same_bytes_and_any_gzip_reads_it(ledger, write, make_call):
    write(*(make_call() for _ in range(500)))
    (raw,) = (ledger / DAY).iterdir()
    content = raw.read_bytes()
    done = seal(ledger)
    (sealed,) = (ledger / DAY).iterdir()
    assert sealed.name == raw.name + ".gz"
    assert gzip.decompress(sealed.read_bytes()) == content
    assert done == Sealed(segments=1, raw_bytes=len(content), sealed_bytes=sealed.stat().st_size)
    assert done.sealed_bytes * 4 < done.raw_bytes
    assert sealed.stat().st_mode & 0o777 == 0o600


def test_segment_that_is_written_is_left_alone(ledger, origin, make_call):
    with Writer(ledger, Ledger(), origin) as writer:
        writer.call(make_call())
        writer.flush()
        assert seal(ledger) == Sealed(in_use=1)
        writer.call(make_call())
    assert seal(ledger).segments == 1
    assert len(list(read_calls(ledger))) == 2


def test_sealing_twice_does_nothing_more(ledger, write, make_call):
    write(make_call())
    seal(ledger)
    before = names(ledger)
    assert seal(ledger) == Sealed()
    assert names(ledger) == before


def test_sealer_that_died_before_the_raw_file_went_counts_nothing_twice(ledger, write, make_call):
    write(make_call(), make_call())
    (raw,) = (ledger / DAY).iterdir()
    content = raw.read_bytes()
    seal(ledger)
    raw.write_bytes(content)
    assert len(list(read_calls(ledger))) == 2
    seal(ledger)
    assert names(ledger) == [raw.name + ".gz"]
    assert len(list(read_calls(ledger))) == 2


def test_damaged_twin_is_made_again_from_the_raw_file(ledger, write, make_call):
    write(*(make_call() for _ in range(300)))
    (raw,) = (ledger / DAY).iterdir()
    content = raw.read_bytes()
    raw.with_name(raw.name + ".gz").write_bytes(gzip.compress(content)[:-200])
    seal(ledger)
    assert names(ledger) == [raw.name + ".gz"]
    assert len(list(read_calls(ledger))) == 300


def test_torn_line_stays_as_it_is(ledger, write, make_call):
    write(make_call(), make_call())
    (raw,) = (ledger / DAY).iterdir()
    raw.write_bytes(raw.read_bytes()[:-10])
    content = raw.read_bytes()
    seal(ledger)
    (sealed,) = (ledger / DAY).iterdir()
    assert gzip.decompress(sealed.read_bytes()) == content


def test_segment_without_records_goes(ledger, origin):
    Appender.create(ledger, DAY, "calls", "0" * 26, origin).close()
    (ledger / DAY / "calls-empty.jsonl").write_bytes(b"")
    seal(ledger)
    assert names(ledger) == []


def test_file_with_another_first_line_is_kept(ledger):
    (ledger / DAY).mkdir(parents=True)
    (ledger / DAY / "calls-mine.jsonl").write_bytes(b"hello")
    seal(ledger)
    assert gzip.decompress((ledger / DAY / "calls-mine.jsonl.gz").read_bytes()) == b"hello"


def test_what_a_dead_process_left_unfinished_is_swept_once_it_is_old(ledger, write, make_call):
    write(make_call())
    left = ledger / DAY / ".calls-x.jsonl.gz.77"
    left.write_bytes(b"half")
    seal(ledger)
    assert left.exists()
    seal(ledger, wall=lambda: left.stat().st_mtime + room.YOUNG_S + 1)
    assert not left.exists()


def test_full_disk_leaves_the_raw_file(ledger, write, make_call, monkeypatch):
    write(make_call())
    (raw,) = (ledger / DAY).iterdir()

    def fill_the_disk(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fill_the_disk)
    with pytest.raises(DiskFull):
        seal(ledger)
    assert names(ledger) == [raw.name]


def test_second_sealer_is_told_who_is_at_it(ledger):
    with upkeep(ledger):
        with pytest.raises(StorageTrouble, match=rf"looked after by process {os.getpid()}") as caught, upkeep(ledger):
            pass
        assert "--wait" in caught.value.hint
    with upkeep(ledger):
        pass


def test_second_sealer_may_wait(ledger):
    entered = threading.Event()

    def wait_for_it():
        with upkeep(ledger, wait=True):
            entered.set()

    thread = threading.Thread(target=wait_for_it)
    with upkeep(ledger):
        thread.start()
        assert not entered.wait(0.05)
    assert entered.wait(10)
    thread.join()


def test_two_sealers_at_once_lose_nothing(ledger, write, make_call):
    """Also without the lock on the folder, as from two machines that share a disk."""
    for _ in range(20):
        write(*(make_call() for _ in range(50)))
    workers = [multiprocessing.get_context("spawn").Process(target=seal, args=(ledger,)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(20)
    assert len(list(read_calls(ledger))) == 1000
    assert len(list(files(ledger, DAY, "calls"))) == 20
