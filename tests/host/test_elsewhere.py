"""Where there is no /proc the same readings come through psutil; here both can be compared."""

from pathlib import Path

import psutil

from ollascope.host.cpu import read_times
from ollascope.host.elsewhere import foreign_disks, foreign_memory, foreign_network, foreign_processes, foreign_times
from ollascope.host.groups import Groups
from ollascope.host.memory import read_memory
from ollascope.host.processes import Wanted

ROOT = Path("/")


def test_cores_are_as_many():
    assert len(foreign_times().cores) == len(read_times(ROOT).cores)
    assert foreign_times().whole.total > foreign_times().whole.busy > 0


def test_memory_is_about_the_same(tmp_path):
    ours, theirs = read_memory(ROOT, Groups(tmp_path)), foreign_memory()
    assert theirs.total_bytes == ours.total_bytes
    assert 0 < theirs.available_bytes <= theirs.total_bytes


def test_disks_and_network_tell_something_or_nothing():
    for value in (foreign_disks().read_bytes, foreign_network().sent_bytes):
        assert value is None or value >= 0


def test_processes_are_found_by_name():
    name = psutil.Process().name()
    assert foreign_processes(Wanted(names=("no such program",))) == ()
    assert psutil.Process().pid in {one.pid for one in foreign_processes(Wanted(names=(name,)))}
