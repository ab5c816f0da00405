"""One open segment: locked, whole lines only, and the system's complaints in our words."""

import errno
import os

import pytest

from ollascope.ledger.appending import Appender, is_in_use
from ollascope.ledger.segment import told
from ollascope.words.errors import DiskFull, FolderUnusable, StorageTrouble

DAY = "2025-11-21"
NUMBER = "0" * 26


def create(ledger, origin, number=NUMBER):
    return Appender.create(ledger, DAY, "calls", number, origin)


def test_segment_is_in_use_until_it_is_closed(ledger, origin):
    appender = create(ledger, origin)
    assert is_in_use(appender.path)
    appender.close()
    assert not is_in_use(appender.path)


def test_segment_that_has_gone_is_not_in_use(ledger):
    assert not is_in_use(ledger / "calls-x.jsonl")


def test_lines_stand_after_the_first_line(ledger, origin):
    appender = create(ledger, origin)
    assert appender.append(b"one\ntwo\n") == 8
    appender.sync()
    appender.close()
    assert appender.path.read_bytes().split(b"\n")[1:] == [b"one", b"two", b""]
    assert appender.size == appender.path.stat().st_size


def test_half_a_line_is_taken_back(ledger, origin, monkeypatch):
    appender = create(ledger, origin)
    write, calls = os.write, []

    def fill_the_disk(descriptor, data):
        calls.append(data)
        if len(calls) > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, bytes(data)[:6])

    monkeypatch.setattr(os, "write", fill_the_disk)
    assert appender.append(b"one\ntwo\n") == 4
    monkeypatch.undo()
    assert isinstance(appender.trouble, DiskFull)
    appender.close()
    assert appender.path.read_bytes().endswith(b"}\none\n")


def test_nothing_stays_of_a_segment_that_could_not_be_begun(ledger, origin, monkeypatch):
    monkeypatch.setattr(os, "write", lambda descriptor, data: 3)
    with pytest.raises(DiskFull):
        create(ledger, origin)
    assert list((ledger / DAY).iterdir()) == []


def test_file_in_place_of_the_folder_is_told(tmp_path, origin):
    (tmp_path / "ledger").write_text("")
    with pytest.raises(FolderUnusable, match="under a file"):
        create(tmp_path / "ledger", origin)
    (tmp_path / DAY).write_text("")
    with pytest.raises(FolderUnusable, match="is a file"):
        create(tmp_path, origin)


@pytest.mark.parametrize(
    ("number", "kind"),
    [(errno.ENOSPC, DiskFull), (errno.EDQUOT, DiskFull), (errno.EFBIG, DiskFull), (errno.EROFS, FolderUnusable),
     (errno.EACCES, FolderUnusable), (errno.EIO, StorageTrouble)],
)  # fmt: skip
def test_each_complaint_has_its_error_and_a_hint(tmp_path, number, kind):
    error = told(tmp_path, OSError(number, os.strerror(number)))
    assert type(error) is kind
    assert str(tmp_path) in error.message
    assert error.hint
