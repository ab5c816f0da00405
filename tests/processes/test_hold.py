"""One supervisor for a data folder: who holds it is said, and who only seems to is not believed."""

import errno
import fcntl
import os
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from ollascope.processes.hold import FOLDER, NAME, hold, look
from ollascope.processes.identity import identify
from ollascope.words.errors import DiskFull, FolderUnusable
from ollascope.words.record import dumps

HOLDER = """
import os, sys, time
from pathlib import Path
from ollascope.processes.hold import hold
from ollascope.processes.identity import identify
with hold(Path(sys.argv[1]), identify(os.getpid(), 1e9)):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def me():
    return identify(os.getpid(), time.time())


@pytest.fixture
def other(tmp_path):
    """Another process that holds the folder."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, tmp_path], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_second_holder_is_told_who_the_first_is(tmp_path, me, other):
    with pytest.raises(FolderUnusable) as caught, hold(tmp_path, me):
        pass
    assert f"process {other.pid}" in caught.value.message
    assert "2001-09-09T01:46:40" in caught.value.message
    assert "ollascope down" in caught.value.hint


def test_lock_of_a_dead_process_is_nobodys(tmp_path, me, other):
    other.kill()
    other.wait()
    assert (tmp_path / FOLDER / NAME).read_text().startswith("{")
    assert not look(tmp_path).held
    with hold(tmp_path, me):
        assert look(tmp_path).who == me


def test_number_of_a_dead_process_that_another_has_now_is_not_believed(tmp_path, me, other):
    """The signature names a living process with another start time: whoever holds it, it is not that one."""
    reused = replace(me, started=f"{me.started}0")
    (tmp_path / FOLDER / NAME).write_text(dumps(reused))
    began = time.monotonic()
    with pytest.raises(FolderUnusable), hold(tmp_path, me, patience_s=0.2):
        pass
    assert time.monotonic() - began >= 0.2  # it waited, as for one that is dying, instead of blaming the living


@pytest.mark.parametrize("text", ["", "812", "{}", '{"pid": "x"}', "\0" * 5000, "[" * 100_000])
def test_holder_that_has_not_signed_is_told_as_unknown(tmp_path, me, other, text):
    (tmp_path / FOLDER / NAME).write_text(text)
    with pytest.raises(FolderUnusable, match="has not said who it is") as caught, hold(tmp_path, me, patience_s=0.1):
        pass
    assert "fuser" in caught.value.hint


def test_holder_that_lets_go_while_one_waits_is_followed(tmp_path, me, other):
    (tmp_path / FOLDER / NAME).write_text("")
    other.kill()
    with hold(tmp_path, me):
        assert look(tmp_path).held


def test_folder_is_free_and_unsigned_after_its_holder(tmp_path, me):
    with hold(tmp_path, me):
        assert (tmp_path / FOLDER / NAME).stat().st_mode & 0o777 == 0o600
        assert (tmp_path / FOLDER).stat().st_mode & 0o777 == 0o700
    assert look(tmp_path) == look(tmp_path / "never")
    assert (tmp_path / FOLDER / NAME).read_bytes() == b""


def test_asking_does_not_keep_others_from_holding(tmp_path, me):
    with hold(tmp_path, me):
        pass
    descriptor = os.open(tmp_path / FOLDER / NAME, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    asker = subprocess.Popen(["sleep", "0.1"], pass_fds=[descriptor])  # one who asks for as long as that
    os.close(descriptor)
    with hold(tmp_path, me):
        assert asker.wait() == 0


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_folder_on_which_locks_do_not_work_is_refused(tmp_path, me, number):
    def lock(_descriptor, _kind):
        raise OSError(number, os.strerror(number))

    with pytest.raises(FolderUnusable, match="file locks do not work") as caught, hold(tmp_path, me, lock=lock):
        pass
    assert "local disk" in caught.value.hint
    with pytest.raises(FolderUnusable, match="file locks do not work"):
        look(tmp_path, lock=lock)


def test_run_folder_that_is_a_file_is_told(tmp_path, me):
    (tmp_path / FOLDER).write_text("")
    with pytest.raises(FolderUnusable, match=FOLDER), hold(tmp_path, me):
        pass
    assert not look(tmp_path).held


def test_lock_that_is_a_link_is_not_followed(tmp_path, me):
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / NAME).symlink_to(tmp_path / "mine")
    with pytest.raises(FolderUnusable), hold(tmp_path, me):
        pass
    assert not (tmp_path / "mine").exists()


@pytest.fixture
def disk(tmp_path):
    """Mount a small disk of its own."""
    if os.geteuid() != 0:
        pytest.skip("needs root to mount a disk")
    mounted = []

    def mount(options):
        folder = tmp_path / "disk"
        folder.mkdir()
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=False, capture_output=True
        )
        if done.returncode:
            pytest.skip("this machine lets nobody mount a disk")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "-l", folder], check=True)


def test_read_only_disk_is_told(disk, me):
    folder = disk("ro,size=64k")
    with pytest.raises(FolderUnusable, match="Read-only"), hold(folder, me):
        pass


def test_full_disk_is_told(disk, me):
    folder = disk("size=8k")
    with pytest.raises(OSError, match="No space"):
        (folder / "all").write_bytes(b"x" * 100_000)
    with pytest.raises(DiskFull, match="no room"), hold(folder, me):
        pass
