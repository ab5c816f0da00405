"""What the first page tells of load tests."""

import sys
import time

import pytest

from ollascope.bench.pages.launches import Launches, Order
from ollascope.bench.shown import json_of
from ollascope.processes.files import private_folder
from ollascope.web.now.measured import Bench, Told
from tests.bench.shown.made import result
from tests.web.site import make_site

NOW = {"now": "ollascope.web.now.page:pages", "bench": "ollascope.bench.web:pages"}
SAID = (sys.executable, "-c", "print('{}')")


@pytest.fixture
def site(tmp_path):
    made = make_site(tmp_path, rooms=NOW)
    private_folder(made.desk.data / "results")
    yield made
    made.made.close()


def keep(site, run):
    folder = site.desk.data / "results" / run
    folder.mkdir()
    (folder / "result.json").write_text(json_of(result(run=run)))


def start(site, *program, at, name="20261121-000000-quick", model="qwen3:8b"):
    launches = Launches(site.desk.data, program, lambda: at)
    return launches, launches.start(Order(id=name, kind="quick", words=(), model=model))


def until(check):
    deadline = time.monotonic() + 20
    while not (found := check()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def test_nothing_was_measured_on_a_new_installation(site):
    assert (Bench(site.desk).last(), list(Bench(site.desk).moving())) == (None, [])


def test_first_page_leads_to_what_was_measured(site):
    keep(site, "20261121-000000-mine")
    assert "/test/20261121-000000-mine" in until(lambda: _shows(site, "/test/20261121-000000-mine"))


def test_quick_look_stands_for_its_runs(site):
    keep(site, "20261121-000000-mine")
    begun = Bench(site.desk)._shelf.read()[0].started_at
    launches, launch = start(site, *SAID, at=begun - 5.0)
    until(lambda: not launches.runs(launch))
    assert Bench(site.desk).last() == Told(name="qwen3:8b", address=f"/test/{launch.id}")


def test_quick_look_at_the_model_in_memory_is_called_as_that_one(site):
    keep(site, "20261121-000000-mine")
    run = Bench(site.desk)._shelf.read()[0]
    launches, launch = start(site, *SAID, at=run.started_at - 5.0, model="")
    until(lambda: not launches.runs(launch))
    assert Bench(site.desk).last() == Told(name=run.model, address=f"/test/{launch.id}")


def test_run_after_a_quick_look_is_the_last(site):
    keep(site, "20261121-000000-mine")
    launches, launch = start(site, *SAID, at=0.0)
    until(lambda: not launches.runs(launch))
    assert Bench(site.desk).last().address == "/test/20261121-000000-mine"


def test_test_under_way_is_told_on_the_first_page(site):
    program = (sys.executable, "-c", "import time; time.sleep(60)")
    launches, launch = start(site, *program, at=time.time(), model="<b>evil</b>")
    try:
        page = until(lambda: _shows(site, f"/test/{launch.id}"))
        assert "a test is under way" in page
        assert "<b>evil" not in page
    finally:
        launches.stop(launch)
        until(lambda: not launches.runs(launch))


def _shows(site, text):
    page = site.client.get("/").text
    return page if text in page else ""
