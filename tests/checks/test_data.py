"""The check `data`, on real folders."""

import os
from pathlib import Path

import pytest

from ollascope.checks.data import Folder, check_data, judge, read_folder, try_to_write


def folder(**given):
    defaults = {
        "path": Path("/data"),
        "exists": True,
        "mode": 0o700,
        "owner": 1000,
        "user": 1000,
        "file_system": "ext4",
    }
    return Folder(**(defaults | given))


def test_file_in_place_of_the_folder_is_a_problem(around, tmp_path):
    (tmp_path / "data").write_text("")
    finding = check_data(around())
    assert finding.state == "problem"
    assert "is not a folder" in finding.text
    assert "--data" in finding.hint


def test_link_that_leads_nowhere_is_a_problem(around, tmp_path):
    (tmp_path / "data").symlink_to(tmp_path / "gone")
    assert check_data(around()).state == "problem"


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder in which even root cannot write")
@pytest.mark.parametrize("path", ["/proc/self", "/proc/ollascope/data"])
def test_folder_that_cannot_be_written_is_a_problem(around, path):
    finding = check_data(around(data_folder=Path(path)))
    assert finding.state == "problem"
    assert "cannot be" in finding.text


def test_path_below_a_file_is_a_problem(around, tmp_path):
    (tmp_path / "file").write_text("")
    finding = check_data(around(data_folder=tmp_path / "file" / "data"))
    assert finding.state == "problem"


def test_name_that_the_disk_refuses_is_a_problem(around, tmp_path):
    finding = check_data(around(data_folder=tmp_path / ("x" * 300)))
    assert finding.state == "problem"
    assert "File name too long" in finding.text


def test_folder_that_is_not_there_is_ok_and_stays_away(around, tmp_path):
    finding = check_data(around(data_folder=tmp_path / "a/b/data"))
    assert (finding.state, finding.hint) == ("ok", "")
    assert "will be made when needed" in finding.text
    assert list(tmp_path.iterdir()) == []


def test_folder_of_ones_own_is_ok_and_stays_empty(around, tmp_path):
    (tmp_path / "data").mkdir(mode=0o700)
    finding = check_data(around(root=tmp_path))
    assert (finding.state, finding.hint) == ("ok", "")
    assert list((tmp_path / "data").iterdir()) == []


def test_folder_open_to_others_is_a_warning_with_the_command(around, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data").chmod(0o755)
    finding = check_data(around(root=tmp_path))
    assert finding.state == "warning"
    assert "0755" in finding.text
    assert finding.hint == f"chmod 700 {tmp_path / 'data'}"


@pytest.mark.parametrize("mode", [0o701, 0o710, 0o750, 0o777, 0o3770])
def test_every_right_of_others_counts(mode):
    assert judge(folder(mode=mode)).state == "warning"


def test_command_in_the_hint_can_be_pasted():
    assert judge(folder(path=Path("/my data"), mode=0o755)).hint == "chmod 700 '/my data'"


def test_folder_of_another_user_is_a_warning():
    finding = judge(folder(owner=0))
    assert finding.state == "warning"
    assert "another user" in finding.text


@pytest.mark.parametrize("kind", ["tmpfs", "ramfs", "devtmpfs"])
def test_folder_in_memory_is_a_warning(kind):
    finding = judge(folder(file_system=kind))
    assert finding.state == "warning"
    assert "restart" in finding.text


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "9p", "fuse.sshfs"])
def test_folder_on_the_network_is_a_warning(kind):
    finding = judge(folder(file_system=kind))
    assert finding.state == "warning"
    assert "local disk" in finding.hint


def test_all_complaints_are_told_at_once():
    finding = judge(folder(owner=0, mode=0o777, file_system="tmpfs"))
    assert all(word in finding.text for word in ("another user", "0777", "tmpfs"))


def test_owner_and_mode_are_those_of_the_folder(tmp_path):
    (tmp_path / "data").mkdir(mode=0o750)
    found = read_folder(tmp_path / "data", tmp_path)
    assert (found.mode, found.owner, found.user, found.error) == (0o750, os.geteuid(), os.geteuid(), "")


def test_full_disk_is_told(tmp_path, monkeypatch):
    def refuse(*_given, **_more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "mkdir", refuse)
    assert try_to_write(tmp_path) == "No space left on device"
