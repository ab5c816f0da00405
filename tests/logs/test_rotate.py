"""Log files end in time, are compressed, archived and removed; a full disk costs lines and nothing else."""

import errno
import gzip
import os
import shutil
import stat

import pytest

from ollascope.logs.rotate import RETRY_S, Keeping, LogFile, tidy
from ollascope.words.clock import Clock
from ollascope.words.errors import FolderUnusable

DAY_S = 86_400


class Hand:
    """Both clocks, moved by hand."""

    def __init__(self):
        self.now = 1_795_226_154.0

    def clock(self):
        return Clock(wall=lambda: self.now, monotonic=lambda: self.now)


@pytest.fixture
def hand():
    return Hand()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "logs"


@pytest.fixture
def told():
    return []


@pytest.fixture
def make(folder, hand, told):
    made = []

    def make(name="gateway", **given):
        keeping = Keeping(**({"bytes": 1000, "seconds": 3600.0, "files": 100, "days": 30.0} | given))
        file = LogFile(folder, name, keeping, hand.clock(), told.append)
        file.open()
        made.append(file)
        return file

    yield make
    for file in made:
        file.close()


def text_of(path):
    return gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text()


def everything(folder):
    """All lines of all files of the folder, in any order."""
    return sorted(line for path in folder.iterdir() if ".new" not in path.name for line in text_of(path).splitlines())


def ended(folder):
    return sorted(path.name for path in folder.iterdir() if path.name.count(".") > 1)


def test_folder_that_cannot_be_is_named(tmp_path, hand):
    (tmp_path / "file").touch()
    file = LogFile(tmp_path / "file" / "logs", "x", Keeping(bytes=1, seconds=1, files=1, days=1), hand.clock())
    with pytest.raises(FolderUnusable, match="cannot be written"):
        file.open()


def test_link_in_the_place_of_the_file_is_not_followed(folder, make, tmp_path):
    folder.mkdir()
    (folder / "gateway.log").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FolderUnusable):
        make()
    assert not (tmp_path / "elsewhere").exists()


def test_full_disk_costs_lines_and_one_complaint(make, folder, hand, told, monkeypatch):
    file = make(bytes=10**9)
    file.write([b"before\n"])
    write, full = os.write, True

    def little_room(descriptor, data):
        if full and descriptor == file._opened:
            if len(data) > 3:
                return write(descriptor, bytes(data[:3]))
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", little_room)
    for _ in range(10):
        file.write([b"lost\n"])
        hand.now += 1
    assert (folder / "gateway.log").read_bytes() == b"before\n"
    full = False
    hand.now += RETRY_S
    file.write([b"after\n"])
    assert (folder / "gateway.log").read_bytes() == b"before\nafter\n"
    assert file.lost == 10
    assert [line.split(" (")[0].split("; ")[0] for line in told] == [
        f"log file {file.path} cannot be written",
        f"log file {file.path} can be written again",
    ]


def test_half_line_of_a_killed_process_is_ended(folder, make):
    folder.mkdir()
    (folder / "gateway.log").write_text('{"time":"2026-11-21T01:55:54Z","mess')
    make().write([b"whole\n"])
    assert (folder / "gateway.log").read_text().splitlines()[1] == "whole"


def test_two_processes_of_one_name_have_a_file_each(folder, make):
    first, second = make(), make()
    first.write([b"one\n"])
    second.write([b"two\n"])
    assert (folder / "gateway.log").read_text() == "one\n"
    assert (folder / "gateway-2.log").read_text() == "two\n"


def test_nobody_else_may_read_the_logs(folder, make):
    file = make(bytes=10)
    file.write([b"a line that is long\n"])
    file.write([b"another\n"])
    file.close()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_size_ends_a_file_and_no_line_is_lost(folder, make, hand):
    file = make(bytes=200)
    lines = [f"line {number:04}\n" for number in range(100)]
    for line in lines:
        file.write([line.encode()])
        hand.now += 1
    file.close()
    tidy(folder, "gateway", file.keeping, hand.now)
    assert everything(folder) == sorted(line.strip() for line in lines)
    assert all(name.endswith(".gz") for name in ended(folder))
    assert len(ended(folder)) >= 4


def test_age_ends_a_file_also_over_a_restart(folder, make, hand):
    file = make(seconds=100.0)
    file.write([b'{"time":"2026-11-21T01:55:54.000Z","message":"x"}\n'])
    file.close()
    hand.now += 101
    later = make(seconds=100.0)
    later.write([b"next\n"])
    later.close()
    assert len(ended(folder)) == 1


def test_clock_that_is_set_back_does_not_overwrite_an_ended_file(folder, make, hand):
    file = make(bytes=1, compress=False)
    for number in range(4):
        file.write([f"{number}\n".encode()])
    assert everything(folder) == ["0", "1", "2", "3"]


def test_file_that_was_moved_away_is_begun_anew(folder, make, hand):
    file = make()
    file.write([b"one\n"])
    (folder / "gateway.log").rename(folder / "moved")
    hand.now += 2
    file.write([b"two\n"])
    assert (folder / "gateway.log").read_text() == "two\n"


def test_folder_that_was_removed_costs_lines_and_no_error(folder, make, hand, told):
    file = make()
    file.close()
    shutil.rmtree(folder)
    file.write([b"one\n"])
    assert file.lost == 1
    folder.mkdir()
    hand.now += RETRY_S + 1
    file.write([b"two\n"])
    assert (folder / "gateway.log").read_text() == "two\n"


def old(folder, count, *, stem="gateway", age_s=0.0, now=1_795_226_154.0):
    folder.mkdir(exist_ok=True)
    for number in range(count):
        path = folder / f"{stem}.2026112{number}T010203Z.log.gz"
        path.write_bytes(gzip.compress(f"{number}\n".encode()))
        os.utime(path, (now - age_s - number, now - age_s - number))


def test_only_so_many_files_are_kept_the_newest(folder, hand):
    old(folder, 5)
    tidy(folder, "gateway", Keeping(bytes=1, seconds=1, files=2, days=30), hand.now)
    assert everything(folder) == ["0", "1"]


def test_files_are_kept_only_so_long(folder, hand):
    old(folder, 3, age_s=10 * DAY_S)
    tidy(folder, "gateway", Keeping(bytes=1, seconds=1, files=100, days=9), hand.now)
    assert ended(folder) == []


def test_other_processes_files_are_left_alone(folder, hand):
    old(folder, 3, stem="monitor")
    tidy(folder, "gateway", Keeping(bytes=1, seconds=1, files=0, days=0), hand.now)
    assert len(ended(folder)) == 3


def test_archive_takes_what_is_no_longer_kept(folder, tmp_path, hand):
    old(folder, 3)
    archive = tmp_path / "deep" / "archive"
    tidy(folder, "gateway", Keeping(bytes=1, seconds=1, files=1, days=30, archive=archive), hand.now)
    assert len(ended(folder)) == 1
    assert everything(archive) == ["1", "2"]


def test_archive_that_cannot_be_written_keeps_the_files(folder, tmp_path, hand):
    old(folder, 3)
    (tmp_path / "archive").touch()
    tidy(folder, "gateway", Keeping(bytes=1, seconds=1, files=1, days=30, archive=tmp_path / "archive"), hand.now)
    assert len(ended(folder)) == 3


def test_file_that_a_killed_process_left_uncompressed_is_compressed(folder, hand):
    folder.mkdir()
    (folder / "gateway.20261120T010203Z.log").write_text("left\n")
    (folder / "gateway.20261119T010203Z.log.gz.new").write_text("half")
    tidy(folder, "gateway", Keeping(bytes=1, seconds=1, files=9, days=30), hand.now)
    assert everything(folder) == ["left"]
    assert "gateway.20261120T010203Z.log.gz" in ended(folder)
