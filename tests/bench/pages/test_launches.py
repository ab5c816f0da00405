"""Starts from a page: processes of their own, found again by another dashboard, with their last words."""

import sys
import time
from pathlib import Path

import pytest

from ollascope.bench.pages.launches import Farewell, Launches, Order, read_farewell
from ollascope.processes.identity import is_alive

PATIENCE_S = 20.0
WAITS = "import sys, time; time.sleep(60)"


def launches(tmp_path, code, wall=lambda: 1000.0):
    """Starts of a program that is this code; what is behind it are its arguments."""
    return Launches(tmp_path, (sys.executable, "-c", code), wall)


def order(name="a", **more):
    return Order(**{"id": name, "kind": "run", "words": ("bench", "run"), **more})


def until_ended(found, launch):
    deadline = time.monotonic() + PATIENCE_S
    while found.runs(launch):
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", "a\x00b", ".hidden", "x" * 200])
def test_odd_names_find_and_remove_nothing(tmp_path, name):
    found = launches(tmp_path, "")
    (tmp_path / "results" / ".started").mkdir(parents=True)
    (tmp_path / "results" / "x").mkdir()
    assert found.find(name) is None
    found.forget(name)
    assert (tmp_path / "results" / "x").is_dir()


def test_record_that_is_torn_is_no_start(tmp_path):
    place = tmp_path / "results" / ".started" / "a"
    place.mkdir(parents=True)
    (place / "launch.json").write_text('{"id":')
    assert launches(tmp_path, "").all() == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", None), ("\n \n", None), ("Traceback\n  x\nValueError: y\n", Farewell(message="ValueError: y")),
        ("ollascope: nobody answers\n  start one,\n  then again\n",
         Farewell(message="nobody answers", hint="start one, then again")),
        ("a note\nollascope: first\n  h\nollascope: last", Farewell(message="last")),
    ],
)  # fmt: skip
def test_last_words_are_read(text, told):
    assert read_farewell(text) == told


def test_failure_is_told_in_its_own_words(tmp_path):
    found = launches(tmp_path, "import sys; sys.exit('ollascope: no such model\\n  near it are a and b')")
    launch = found.start(order())
    until_ended(found, launch)
    assert found.farewell(launch) == Farewell(message="no such model", hint="near it are a and b")
    assert found.under_way() == []


def test_start_is_found_by_another_dashboard_and_stopped_by_it(tmp_path):
    first = launches(tmp_path, WAITS)
    launch = first.start(order(model="m"))
    second = launches(tmp_path, WAITS)
    assert second.under_way() == [launch]
    assert second.stop(launch)
    until_ended(first, launch)
    assert not is_alive(launch.who)


def test_process_is_none_of_the_group_that_started_it(tmp_path):
    found = launches(tmp_path, "import os; print(os.getsid(0) == os.getpid())")
    launch = found.start(order())
    until_ended(found, launch)
    assert found.said(launch) == b"True\n"


def test_id_that_is_taken_gets_a_number(tmp_path):
    found = launches(tmp_path, "")
    (tmp_path / "results" / "a").mkdir(parents=True)
    assert found.free("a") == "a-2"
    launch = found.start(order("a-2"))
    assert found.free("a") == "a-3"
    until_ended(found, launch)


def test_what_is_forgotten_is_gone(tmp_path):
    found = launches(tmp_path, "")
    launch = found.start(order())
    until_ended(found, launch)
    found.forget("a")
    assert (found.find("a"), found.all()) == (None, [])


def test_files_are_closed_to_others(tmp_path):
    found = launches(tmp_path, "print(1)")
    until_ended(found, found.start(order()))
    paths = [path for path in Path(tmp_path).rglob("*") if path.is_file()]
    assert paths
    assert {path.stat().st_mode & 0o777 for path in paths} == {0o600}
