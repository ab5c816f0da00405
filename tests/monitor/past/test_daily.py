"""A page about each day: once it is over, once only, and not for ever."""

import sys
import threading

import pytest

from ollascope.monitor.past.daily import CATCH_UP_DAYS, SETTLED_S, missing_days, page_by, remove_old, write_missing
from ollascope.monitor.past.span import DAY_S
from ollascope.words.errors import StorageTrouble
from tests.monitor.conftest import DAY, NOON

MIDNIGHT = NOON + DAY_S / 2


@pytest.fixture
def folder(data):
    return data / "summaries"


def written(day, path):
    path.write_text(day)


def test_day_that_is_not_over_or_has_just_ended_waits(ledger, folder, write, make_call):
    write(make_call())
    assert missing_days(ledger, folder, MIDNIGHT - 1) == []
    assert missing_days(ledger, folder, MIDNIGHT + SETTLED_S - 1) == []
    assert missing_days(ledger, folder, MIDNIGHT + SETTLED_S) == [DAY]


def test_no_ledger_makes_no_page_and_no_folder(ledger, folder):
    assert write_missing(ledger, folder, NOON, written) == []
    assert not folder.exists()


def test_page_is_made_once(ledger, folder, write, make_call):
    write(make_call())
    assert write_missing(ledger, folder, MIDNIGHT + DAY_S, written) == [DAY]
    assert write_missing(ledger, folder, MIDNIGHT + DAY_S, written) == []
    assert folder.stat().st_mode & 0o777 == 0o700


def test_days_long_ago_are_left_alone(ledger, folder, write, make_call):
    write(make_call())
    assert missing_days(ledger, folder, MIDNIGHT + (CATCH_UP_DAYS + 1) * DAY_S) == []


def test_old_pages_go_and_nothing_else(folder):
    folder.mkdir(parents=True)
    names = ["2025-11-20.html", "2025-11-10.html", "2025-11-10.html.txt", "notes.html", "2025-99-99.txt"]
    for name in names:
        (folder / name).write_text("")
    assert remove_old(folder, NOON, 5) == ["2025-11-10"]
    assert sorted(path.name for path in folder.iterdir()) == sorted(set(names) - {"2025-11-10.html"})


def test_page_named_after_no_day_ends_nothing(folder):
    folder.mkdir(parents=True)
    (folder / "2025-99-99.html").write_text("")
    assert remove_old(folder, NOON, 5) == []


def test_program_that_fails_is_told_with_its_last_line(folder):
    make = page_by([sys.executable, "-c", "import sys; sys.exit('the disk is full')"], "en", threading.Event())
    with pytest.raises(StorageTrouble, match="the disk is full"):
        make(DAY, folder)


def test_program_that_runs_is_ended_with_everything(folder):
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    page_by([sys.executable, "-c", "import time; time.sleep(60)"], "en", stop)(DAY, folder)
    assert stop.is_set()


def test_nothing_is_begun_once_everything_ends(folder):
    stop = threading.Event()
    stop.set()
    page_by(["no such program"], "en", stop)(DAY, folder)


def test_page_is_that_of_the_summary(data, folder, write, make_call):
    write(make_call())
    folder.mkdir(parents=True)
    program = [sys.executable, "-m", "ollascope", "--data", str(data)]
    page_by(program, "zh", threading.Event())(DAY, folder / "page.html")
    assert "摘要" in (folder / "page.html").read_text(encoding="utf-8")
