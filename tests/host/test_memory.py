"""Memory, swap and pressure, with what control groups leave."""

import pytest

from ollascope.host.groups import Groups
from ollascope.host.memory import read_memory, read_pressure
from tests.host.trees import GIB, MEMINFO, PRESSURE, machine, version2, write


def memory(root):
    return read_memory(root, Groups(root))


@pytest.mark.parametrize("text", ["", "MemTotal: x kB\n", "MemTotal\n"])
def test_odd_meminfo_is_absent_and_not_zero(tmp_path, text):
    write(tmp_path / "proc/meminfo", text)
    found = memory(tmp_path)
    assert (found.total_bytes, found.available_bytes, found.swap_total_bytes, found.swap_used_bytes) == (
        None,
        None,
        None,
        None,
    )


def test_whole_machine(tmp_path):
    found = memory(machine(tmp_path))
    assert (found.total_bytes, found.available_bytes) == (24684096 * 1024, 20000000 * 1024)
    assert (found.swap_total_bytes, found.swap_used_bytes) == (2048 * 1024, 1024 * 1024)


def test_container_counts_by_its_own_limit(tmp_path):
    version2(machine(tmp_path), "", memory__max=2 * GIB, memory__current=GIB)
    found = memory(tmp_path)
    assert (found.total_bytes, found.available_bytes, found.limited) == (2 * GIB, GIB, True)


def test_limit_without_meminfo_still_tells(tmp_path):
    version2(tmp_path, "", memory__max=2 * GIB, memory__current=3 * GIB)
    write(tmp_path / "proc/self/cgroup", "0::/\n")
    found = memory(tmp_path)
    assert (found.total_bytes, found.available_bytes) == (2 * GIB, 0)


def test_machine_that_has_less_than_the_limit_counts(tmp_path):
    version2(machine(tmp_path), "", memory__max=999 * GIB, memory__current=1)
    found = memory(tmp_path)
    assert (found.available_bytes, found.limited) == (20000000 * 1024, False)


def test_swap_more_free_than_there_is_counts_as_none_used(tmp_path):
    write(tmp_path / "proc/meminfo", MEMINFO.replace("SwapFree: 1024", "SwapFree: 4096"))
    assert memory(tmp_path).swap_used_bytes == 0


@pytest.mark.parametrize("text", ["", "some\n", "some avg10=x\n", "some total=1\n"])
def test_odd_pressure_is_absent(tmp_path, text):
    write(tmp_path / "proc/pressure/memory", text)
    assert read_pressure(tmp_path, Groups(tmp_path), "memory").some_ratio is None


def test_pressure_of_the_machine(tmp_path):
    found = read_pressure(machine(tmp_path), Groups(tmp_path), "memory")
    assert (found.some_ratio, found.full_ratio) == (pytest.approx(0.2672), pytest.approx(0.015))


def test_pressure_of_a_limited_group(tmp_path):
    version2(
        machine(tmp_path), "", memory__max=GIB, memory__current=1, memory__pressure=PRESSURE.replace("26.72", "50.00")
    )
    assert read_pressure(tmp_path, Groups(tmp_path), "memory").some_ratio == 0.5
