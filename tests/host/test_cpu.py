"""The processor's times, clock, temperature and load."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.host.cpu import Ticks, Times, busy_between, read_hertz, read_load, read_temperature, read_times
from tests.host.trees import LATER, STAT, machine, write


def times(tmp_path, text):
    write(tmp_path / "proc/stat", text)
    return read_times(tmp_path)


@pytest.mark.parametrize(
    "text", ["", "intr 1\n", "cpu\n", "cpu a b c d e\n", "cpu 1 2 3\n", "cpu0 1 2 3 4 5\n", "cpu 1 2 3 4\ncpu0 x\n"]
)
def test_odd_times_are_absent(tmp_path, text):
    assert times(tmp_path, text) is None


def test_share_of_time_between_two_readings(tmp_path):
    busy = busy_between(times(tmp_path, STAT), times(tmp_path, LATER))
    assert busy.ratio == pytest.approx(150 / 250)
    assert busy.core_ratios == pytest.approx((1.0, 0.0))
    assert busy.steal_ratio == pytest.approx(50 / 250)


def test_no_time_between_says_nothing(tmp_path):
    same = times(tmp_path, STAT)
    busy = busy_between(same, same)
    assert (busy.ratio, busy.core_ratios, busy.steal_ratio) == (None, (), None)


def test_core_that_came_or_went_leaves_the_cores_open(tmp_path):
    busy = busy_between(times(tmp_path, STAT), times(tmp_path, LATER.rpartition("cpu1")[0]))
    assert busy.core_ratios == ()
    assert busy.ratio is not None


TICKS = st.builds(Ticks, busy=st.integers(0, 10**9), total=st.integers(0, 10**9), stolen=st.integers(0, 10**9))


@given(TICKS, TICKS)
def test_shares_lie_between_nothing_and_all(old, new):
    busy = busy_between(Times(whole=old, cores=(old,)), Times(whole=new, cores=(new,)))
    assert all(share is None or 0 <= share <= 1 for share in (busy.ratio, busy.steal_ratio, *busy.core_ratios))


def test_clock_is_the_average_of_the_cores(tmp_path):
    for core, kilohertz in enumerate((2_000_000, 3_000_000)):
        write(tmp_path / f"sys/devices/system/cpu/cpu{core}/cpufreq/scaling_cur_freq", kilohertz)
    write(tmp_path / "sys/devices/system/cpu/cpufreq/x", 1)
    assert read_hertz(tmp_path) == 2.5e9


def test_clock_of_very_many_cores_is_read_from_a_few(tmp_path, monkeypatch):
    for core in range(128):
        write(tmp_path / f"sys/devices/system/cpu/cpu{core}/cpufreq/scaling_cur_freq", 2_000_000)
    seen = []
    monkeypatch.setattr("ollascope.host.cpu.number", lambda file: seen.append(file) or 2_000_000)
    assert read_hertz(tmp_path) == 2e9
    assert len(seen) <= 16


def test_clock_of_a_virtual_machine_is_told_elsewhere(tmp_path):
    write(tmp_path / "proc/cpuinfo", "model name : x\ncpu MHz\t\t: 2596.148\ncpu MHz : 2596.152\n")
    assert read_hertz(tmp_path) == pytest.approx(2596.15e6)


def test_no_clock_no_temperature_no_load_are_absent(tmp_path):
    assert (read_hertz(tmp_path), read_temperature(tmp_path), read_load(tmp_path)) == (None, None, None)


def test_temperature_is_that_of_the_warmest_sensor_of_the_processor(tmp_path):
    sensors = tmp_path / "sys/class/hwmon"
    for chip, name, degrees in ((0, "nvme", 99_000), (1, "coretemp", 61_000)):
        write(sensors / f"hwmon{chip}/name", name + "\n")
        write(sensors / f"hwmon{chip}/temp1_input", degrees)
    write(sensors / "hwmon1/temp2_input", 64_500)
    write(sensors / "hwmon1/temp3_input", 255_000)
    assert read_temperature(tmp_path) == 64.5


def test_temperature_may_stand_in_a_zone(tmp_path):
    for zone, name, degrees in ((0, "acpitz", 30_000), (1, "x86_pkg_temp", 55_000)):
        write(tmp_path / f"sys/class/thermal/thermal_zone{zone}/type", name + "\n")
        write(tmp_path / f"sys/class/thermal/thermal_zone{zone}/temp", degrees)
    assert read_temperature(tmp_path) == 55.0


def test_load(tmp_path):
    assert read_load(machine(tmp_path)) == (0.82, 1.23, 1.16)
