"""One reading of the whole machine, from captured trees: in a container by its limits, with nothing made up."""

import os

import pytest

from ollascope.host.machine import Look, Machine
from ollascope.host.nvidia import Nvidia
from ollascope.host.processes import Wanted
from ollascope.words.clock import Clock
from ollascope.words.record import dumps, loads
from ollascope.words.sample import Sample
from tests.host.trees import GIB, LATER, machine, process, version2, write


class Hand:
    """Both clocks, moved by hand."""

    def __init__(self):
        self.now = 1000.0

    def clock(self):
        return Clock(wall=lambda: self.now, monotonic=lambda: self.now)


@pytest.fixture
def hand():
    return Hand()


@pytest.fixture
def reader(tmp_path, hand):
    def make(**given):
        return Machine(Look(**({"root": tmp_path, "folder": tmp_path} | given)), hand.clock(), Nvidia(None))

    return make


def test_empty_machine_has_absent_readings_and_no_zeros(tmp_path, reader):
    sample = reader(folder=tmp_path / "x").read()
    told = {name for name in Sample.__dataclass_fields__ if getattr(sample, name) not in (None, (), {})}
    assert told == {"at", "disk_free_bytes", "disk_total_bytes"}


def test_whole_machine_is_read(tmp_path, reader, hand):
    machine(tmp_path)
    process(tmp_path, 10, "ollama serve")
    taken = reader()
    first = taken.read()
    write(tmp_path / "proc/stat", LATER)
    hand.now += 5
    second = taken.read()
    assert (first.cpu_ratio, first.cpu_core_ratios) == (None, ())
    assert (second.cpu_ratio, second.cpu_cores, second.load_1min) == (0.6, 2.0, 0.82)
    assert (second.open_files, second.disk_busy_s, second.network_sent_bytes) == (4350, 1.5, 500)
    assert [one.role for one in second.processes] == ["server"]
    assert loads(Sample, dumps(second)) == second


def test_container_counts_by_its_own_share_of_the_processor(tmp_path, reader, hand):
    machine(tmp_path)
    version2(tmp_path, "", cpu__max="50000 100000\n", cpu__stat="usage_usec 1000000\nthrottled_usec 7000000\n",
             memory__max=GIB, memory__current=GIB // 4)  # fmt: skip
    taken = reader()
    assert taken.read().cpu_ratio is None
    version2(tmp_path, "", cpu__stat="usage_usec 2000000\nthrottled_usec 8000000\n")
    write(tmp_path / "proc/stat", LATER)
    hand.now += 4
    sample = taken.read()
    assert (sample.cpu_ratio, sample.cpu_cores, sample.cpu_throttled_s) == (0.5, 0.5, 8.0)
    assert (sample.memory_total_bytes, sample.memory_available_bytes) == (GIB, 3 * GIB // 4)
    assert sample.cpu_core_ratios == (1.0, 0.0)


def test_clock_that_stands_still_has_no_share(tmp_path, reader):
    version2(machine(tmp_path), "", cpu__max="50000 100000\n", cpu__stat="usage_usec 1\n")
    taken = reader()
    taken.read()
    assert taken.read().cpu_ratio is None


def test_new_processes_are_found_at_the_next_search(tmp_path, reader, hand):
    machine(tmp_path)
    taken = reader(search_s=10.0)
    taken.read()
    process(tmp_path, 10, "ollama serve")
    hand.now += 5
    assert taken.read().processes == ()
    hand.now += 5
    assert [one.pid for one in taken.read().processes] == [10]


def test_process_that_ended_is_gone_at_once(tmp_path, reader):
    process(machine(tmp_path), 10, "ollama serve")
    taken = reader()
    assert len(taken.read().processes) == 1
    (tmp_path / "proc/10/stat").unlink()
    assert taken.read().processes == ()


def test_what_is_wanted_is_told_by_the_caller(tmp_path, reader):
    process(machine(tmp_path), 10, "my-server x")
    assert [one.name for one in reader(wanted=Wanted(names=("my-server",))).read().processes] == ["my-server"]


def test_this_very_machine_can_be_read():
    taken = Machine(Look())
    sample = taken.read()
    taken.close()
    assert sample.memory_total_bytes > 0
    assert sample.cpu_cores > 0
    assert sample.disk_total_bytes > 0
    assert os.getpid() not in {one.pid for one in sample.processes}
