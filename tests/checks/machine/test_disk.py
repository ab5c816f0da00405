"""The check `disk`."""

import os

import pytest

from ollascope.checks.limits import Checks
from ollascope.checks.machine.disk import Disk, check_disk, existing, judge, read_disk

MIB = 2**20


@pytest.fixture
def disk(tmp_path):
    """Make a disk that is fine but for what is given."""

    def make(free=10**11, files_free=10**6, files_total=10**7):
        return Disk(place=tmp_path, total=10**12, free=free, files_total=files_total, files_free=files_free)

    return make


@pytest.mark.parametrize(
    ("free", "state"),
    [(0, "problem"), (511 * MIB, "problem"), (512 * MIB, "warning"), (5119 * MIB, "warning"), (5120 * MIB, "ok")],
)
def test_limits_decide(disk, free, state):
    finding = judge(disk(free=free), Checks())
    assert finding.state == state
    assert bool(finding.hint) == (state != "ok")


@pytest.mark.parametrize(("files", "state"), [(0, "problem"), (99, "problem"), (9_999, "warning"), (10_000, "ok")])
def test_disk_can_run_out_of_files(disk, files, state):
    finding = judge(disk(files_free=files), Checks())
    assert finding.state == state
    assert ("inodes" in finding.text) == (state != "ok")


def test_file_system_that_does_not_count_files_is_ok(disk):
    assert judge(disk(files_free=0, files_total=0), Checks()).state == "ok"


def test_limits_come_from_the_settings(disk):
    assert judge(disk(), Checks(disk_warning_mib=200_000, disk_problem_mib=150_000)).state == "problem"


def test_reading_is_that_of_the_file_system(tmp_path):
    reading = read_disk(tmp_path)
    assert reading.total == os.statvfs(tmp_path).f_blocks * os.statvfs(tmp_path).f_frsize
    assert 0 < reading.free <= reading.total


def test_folder_that_is_not_there_is_measured_where_it_would_be(around, tmp_path):
    finding = check_disk(around(data_folder=tmp_path / "a/b/c"))
    assert finding.facts["place"] == str(tmp_path)


def test_file_in_place_of_the_folder_is_measured_beside_it(tmp_path):
    (tmp_path / "data").write_text("")
    assert existing(tmp_path / "data") == tmp_path


def test_disk_that_cannot_be_read_is_unknown(around, monkeypatch):
    def refuse(_place):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "statvfs", refuse)
    finding = check_disk(around())
    assert finding.state == "unknown"
    assert "Input/output error" in finding.text
