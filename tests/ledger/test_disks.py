"""Real disks: a full one, a read-only one, and an archive on another one. They are mounted, which needs root."""

import ctypes
import os
from contextlib import suppress
from pathlib import Path

import pytest

from ollascope.ledger import writer as room
from ollascope.ledger.reading import read_calls
from ollascope.ledger.retention import retire
from ollascope.ledger.rolling import roll_up
from ollascope.ledger.sealed.sealing import seal, upkeep
from ollascope.ledger.segment import days
from ollascope.ledger.settings import Ledger
from ollascope.ledger.summary import Question, summarise
from ollascope.ledger.writer import Writer
from ollascope.words.errors import DiskFull, FolderUnusable

MS_RDONLY, MS_REMOUNT, MNT_DETACH = 1, 32, 2


class Disk:
    """A file system in memory, mounted over a folder."""

    def __init__(self, path, size):
        self.path = path
        self._call = ctypes.CDLL(None, use_errno=True)
        self._options = f"size={size}".encode()
        path.mkdir()
        self._mount(0)

    def make_read_only(self):
        self._mount(MS_RDONLY | MS_REMOUNT)

    def unmount(self):
        self._call.umount2(os.fsencode(self.path), MNT_DETACH)

    def _mount(self, flags):
        if self._call.mount(b"tmpfs", os.fsencode(self.path), b"tmpfs", flags, self._options) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))


@pytest.fixture
def disk(tmp_path):
    mounted = []

    def mount(size):
        if not Path("/proc/self/mountinfo").exists():
            pytest.skip("mounting is tried on Linux only")
        try:
            mounted.append(Disk(tmp_path / f"disk-{len(mounted)}", size))
        except PermissionError:
            pytest.skip("this user may not mount")
        return mounted[-1]

    yield mount
    for one in mounted:
        one.unmount()


def test_full_disk_pauses_recording_and_freed_space_resumes_it(disk, origin, make_call, monkeypatch, caplog):
    monkeypatch.setattr(room, "RETRY_S", 0.01)
    small = disk("256k")
    ballast = small.path / "ballast"
    ballast.write_bytes(b"x" * 150_000)
    calls = [make_call(note="n" * 1000) for _ in range(150)]
    with Writer(small.path / "ledger", Ledger(flush_ms=1), origin) as writer:
        for call in calls:
            writer.call(call)
        assert writer.flush(timeout_s=0.3) is False
        assert writer.counts().paused
        read_meanwhile = list(read_calls(small.path / "ledger"))
        assert read_meanwhile == calls[: len(read_meanwhile)]
        ballast.unlink()
        assert writer.flush()
        assert (writer.counts().lost, writer.counts().paused) == (0, False)
    assert list(read_calls(small.path / "ledger")) == calls
    assert len([line for line in caplog.messages if "recording pauses" in line]) == 1


def test_full_disk_stops_sealing_and_summing_and_loses_nothing(disk, write, make_call):
    small = disk("1m")
    folder = small.path / "ledger"
    calls = [make_call(note=os.urandom(500).hex()) for _ in range(150)]
    write(*calls, folder=folder)
    with (small.path / "ballast").open("wb") as file, pytest.raises(OSError, match="No space"):
        file.write(b"x" * 2_000_000)
    with pytest.raises(DiskFull):
        seal(folder)
    with pytest.raises(DiskFull):
        roll_up(folder)
    assert list(read_calls(folder)) == calls
    (small.path / "ballast").unlink()
    assert roll_up(folder).calls == 150


def test_read_only_folder_is_read_and_told_to_writers(disk, origin, write, make_call, monkeypatch, caplog):
    monkeypatch.setattr(room, "RETRY_S", 0.01)
    small = disk("1m")
    folder = small.path / "ledger"
    calls = [make_call() for _ in range(10)]
    write(*calls, folder=folder)
    roll_up(folder)
    small.make_read_only()
    assert list(read_calls(folder)) == calls
    assert summarise(folder, Question())[()].requests == 10
    with pytest.raises(FolderUnusable, match="read-only"), upkeep(folder):
        pass
    with pytest.raises(FolderUnusable):
        roll_up(folder)
    with Writer(folder, Ledger(flush_ms=1), origin) as writer:
        writer.call(make_call())
    assert writer.counts().lost == 1
    assert "read-only" in caplog.text


def test_archive_and_one_day_may_lie_on_other_disks(disk, ledger, write, make_call, noon):
    """A rename cannot cross from one to another; nothing here relies on one that does."""
    old = noon - 100 * 86_400
    other, day = disk("1m"), disk("1m")
    ledger.mkdir()
    (ledger / "2025-11-21").symlink_to(day.path)
    write(make_call(), make_call(sent_at=old))
    assert seal(ledger).segments == 2
    roll_up(ledger)
    retire(ledger, Ledger(archive=other.path / "archive"), noon)
    assert days(ledger) == ["2025-11-21"]
    assert [call.id for call in read_calls(ledger)] == ["call-000000"]
    assert [call.id for call in read_calls(other.path / "archive")] == ["call-000001"]


def test_full_disk_keeps_nobody_from_making_room(disk):
    mounted = disk(64 << 10)
    with (mounted.path / "filler").open("wb", buffering=0) as filler, suppress(OSError):
        while True:
            filler.write(b"x" * 512)
    with upkeep(mounted.path / "."):
        (mounted.path / "filler").unlink()
