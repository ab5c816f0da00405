"""Joules count up over the wrap of the counter, each socket once."""

from ollascope.host.energy import Energy
from tests.host.trees import write


def package(root, name, micro, called="package-0", wraps_at=1_000_000):
    folder = root / "sys/class/powercap" / name
    write(folder / "name", called + "\n")
    write(folder / "energy_uj", micro)
    write(folder / "max_energy_range_uj", wraps_at)


def test_nothing_to_read_is_absent(tmp_path):
    assert Energy(tmp_path).joules() is None


def test_counter_that_may_not_be_read_is_absent(tmp_path):
    package(tmp_path, "intel-rapl:0", 5)
    (tmp_path / "sys/class/powercap/intel-rapl:0/energy_uj").unlink()
    assert Energy(tmp_path).joules() is None


def test_counter_that_disappears_is_absent(tmp_path):
    package(tmp_path, "intel-rapl:0", 5)
    energy = Energy(tmp_path)
    (tmp_path / "sys/class/powercap/intel-rapl:0/energy_uj").unlink()
    assert energy.joules() is None


def test_wrap_is_seen_through(tmp_path):
    package(tmp_path, "intel-rapl:0", 900_000)
    energy = Energy(tmp_path)
    before = energy.joules()
    package(tmp_path, "intel-rapl:0", 100_000)
    assert round(energy.joules() - before, 6) == 0.2


def test_sockets_are_added_and_their_parts_are_not(tmp_path):
    package(tmp_path, "intel-rapl:0", 100_000)
    package(tmp_path, "intel-rapl:1", 200_000, "package-1")
    package(tmp_path, "intel-rapl:0:0", 50_000, "core")
    package(tmp_path, "intel-rapl:2", 999_999, "psys")
    assert Energy(tmp_path).joules() == 0.3
