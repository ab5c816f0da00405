"""Disks, network and open files, each byte counted once."""

import pytest

from ollascope.host.devices import read_disks, read_network, read_open_files, read_space
from tests.host.trees import machine, write


@pytest.mark.parametrize("text", ["", "x\n", "8 0\n", "8 0 sda 0\n", "8 0 sda a b c d e f g h i j k\n"])
def test_odd_lines_are_absent_and_not_zero(tmp_path, text):
    write(tmp_path / "proc/diskstats", text)
    write(tmp_path / "proc/net/dev", text)
    write(tmp_path / "proc/sys/fs/file-nr", text)
    assert read_disks(tmp_path).read_bytes is None
    assert read_network(tmp_path).sent_bytes is None
    assert read_open_files(tmp_path).count is None


def test_parts_layers_and_loops_do_not_count_twice(tmp_path):
    found = read_disks(machine(tmp_path))
    assert (found.read_bytes, found.written_bytes) == ((2000 + 8) * 512, (4000 + 8) * 512)
    assert found.busy_s == 1.5


@pytest.mark.parametrize(
    ("name", "counts"),
    [("sda", True), ("nvme1n1", True), ("vdb", True), ("mmcblk0", True), ("xvda", True), ("sda12", False),
     ("nvme0n1p3", False), ("sr0", False),
     ("mmcblk0p1", False), ("loop7", False), ("ram0", False), ("zram0", False), ("dm-3", False), ("md0", False)],
)  # fmt: skip
def test_which_names_are_disks(tmp_path, name, counts):
    write(tmp_path / "proc/diskstats", f" 8 0 {name} 1 0 8 1 1 0 8 1 0 3 2 0 0 0 0 0 0\n")
    assert (read_disks(tmp_path).read_bytes == 8 * 512) is counts


def test_network_leaves_out_the_loopback_and_bridges(tmp_path):
    found = read_network(machine(tmp_path))
    assert (found.received_bytes, found.sent_bytes) == (1500, 500)


def test_open_files_without_a_real_limit(tmp_path):
    found = read_open_files(machine(tmp_path))
    assert (found.count, found.limit) == (4350, None)


def test_space_of_a_folder_that_is_not_there_yet_is_that_of_its_disk(tmp_path):
    found = read_space(tmp_path / "not" / "yet")
    assert 0 < found.free_bytes <= found.total_bytes
    assert found.total_bytes == read_space(tmp_path).total_bytes
