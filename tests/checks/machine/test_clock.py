"""The check `clock`."""

import os

import pytest

from ollascope.checks.machine.clock import Reading, check_clock, judge, read_clock, synchronised
from ollascope.words.clock import Clock

AT = 1_795_000_000.0
DAY_S = 86_400.0


def reading(wall=AT, newest=AT - 5, synchronised=True, step_s=0.0):
    return Reading(wall=wall, newest=newest, synchronised=synchronised, step_s=step_s)


def scripted(*values):
    return iter(values).__next__


def file(folder, at):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "file").write_text("")
    os.utime(folder / "file", (at, at))


def test_clock_days_before_the_newest_file_is_a_problem():
    finding = judge(reading(newest=AT + 2 * DAY_S))
    assert finding.state == "problem"
    assert "before the newest file" in finding.text
    assert finding.hint


def test_clock_minutes_before_the_newest_file_is_a_warning():
    assert judge(reading(newest=AT + 120)).state == "warning"


def test_file_a_moment_ahead_is_no_matter():
    assert judge(reading(newest=AT + 30)).state == "ok"


def test_no_file_at_all_is_no_matter():
    assert judge(reading(newest=None)).state == "ok"


@pytest.mark.parametrize("step", [3.2, -3.2])
def test_jump_while_reading_is_a_warning(step):
    finding = judge(reading(step_s=step))
    assert finding.state == "warning"
    assert f"{step:+.2f} s" in finding.text


def test_clock_that_nothing_keeps_right_is_a_warning():
    finding = judge(reading(synchronised=False))
    assert finding.state == "warning"
    assert "timedatectl" in finding.hint


def test_clock_that_cannot_be_asked_is_unknown():
    assert judge(reading(synchronised=None)).state == "unknown"


def test_good_clock_is_ok():
    finding = judge(reading())
    assert (finding.state, finding.hint) == ("ok", "")
    assert (finding.text, finding.facts["wall"]) == ("a time service keeps the clock right", "2026-11-18T11:06:40.000Z")


def test_newest_file_of_all_folders_is_found(tmp_path):
    file(tmp_path / "a", AT - 100)
    file(tmp_path / "a/b/c", AT + 50)
    file(tmp_path / "d", AT)
    clock = Clock(wall=lambda: AT, monotonic=lambda: 1.0)
    assert read_clock(clock, (tmp_path / "a", tmp_path / "d", tmp_path / "gone")).newest == AT + 50


def test_folder_that_cannot_be_reached_has_no_files(tmp_path):
    clock = Clock(wall=lambda: AT, monotonic=lambda: 1.0)
    assert read_clock(clock, (tmp_path / ("x" * 300),)).newest is None  # refused to root too


def test_jump_is_what_the_clocks_differ_by():
    clock = Clock(wall=scripted(AT, AT + 7.5), monotonic=scripted(10.0, 10.5))
    assert read_clock(clock, ()).step_s == pytest.approx(7.0)


def test_slow_reading_is_no_jump():
    clock = Clock(wall=scripted(AT, AT + 3), monotonic=scripted(10.0, 13.0))
    assert read_clock(clock, ()).step_s == pytest.approx(0.0)


def test_kernel_is_asked_without_harm():
    assert synchronised() in {True, False, None}


def test_clock_of_the_year_2001_is_a_problem(around):
    clock = Clock(wall=lambda: 1_000_000_000.0, monotonic=lambda: 1.0)
    assert check_clock(around(clock=clock)).state == "problem"
