"""The pages of tests: what is out of bounds is refused, what is there is shown, one test at a time is started."""

import re
import sys
import time

import pytest

from ollascope.bench.asked import Asked, Level, Load, Target
from ollascope.bench.pages.launches import Launches, Order
from ollascope.bench.shown import json_of
from ollascope.processes.files import private_folder
from ollascope.processes.identity import is_alive
from ollascope.settings.data import create
from ollascope.settings.load import Sources, load
from ollascope.web.dashboard import make_dashboard
from ollascope.web.joint import Desk
from ollascope.wire import SECTIONS
from ollascope.words.record import dumps
from tests.bench.shown.made import bad, bare, result, sweep
from tests.web.site import Site, make_site

ROOMS = {"bench": "ollascope.bench.web:pages"}
EVIL = "<img src=x onerror=alert(1)>\"'><script>alert(1)</script>"
PATIENCE_S = 40.0


def keep(data, run, found=None, calls=True):
    folder = data / "results" / run
    folder.mkdir(parents=True)
    told = found or result(run=run)
    (folder / "result.json").write_text(json_of(told))
    (folder / "asked.json").write_text(dumps(told.asked))
    if calls:
        (folder / "calls.jsonl").write_text('{"id":"1"}\n')
    return folder


def inside(folder, *assignments):
    """A dashboard whose tests measure the engine inside this program; its starts are real processes."""
    data = folder / "data"
    create(data)
    said = ("engines.use=fake", *assignments)
    settings = load(SECTIONS, Sources(data_folder=data, assignments=said))
    program = (sys.executable, "-P", "-m", "ollascope", "--data", str(data), *(f"--set={each}" for each in said))
    desk = Desk(settings=settings, program=program)
    made = make_dashboard(desk, "127.0.0.1", ROOMS)
    made.app.testing = False
    return Site(made=made, client=made.app.test_client(), desk=desk)


def busy(site, name="20261121-000000-busy", kind="run"):
    """A test that is under way beside."""
    waits = Launches(site.desk.data, (sys.executable, "-c", "import time; time.sleep(60)"), time.time)
    launch = waits.start(Order(id=name, kind=kind, words=()))
    return waits, launch


def until(check):
    deadline = time.monotonic() + PATIENCE_S
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def leave(site):
    """No process of a test stays behind, nor waits for whoever started it."""
    started = Launches(site.desk.data, (), time.time).all()
    for launch in started:
        site.post(f"/test/{launch.id}/stop", {})
    until(lambda: not any(is_alive(launch.who) for launch in started))
    site.client.get("/test")


@pytest.fixture
def site(tmp_path):
    return make_site(tmp_path, rooms=ROOMS)


@pytest.mark.parametrize("path", ["/test", "/test/new", "/test/new?preset=spike", "/test/new?preset=no&users=<b>"])
def test_pages_answer_without_any_run_or_server(site, path):
    answer = site.client.get(path)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/test/nothing", "/test/..%2Fledger", "/test/.started", "/test/a%00b", "/test/x/files/json",
        "/test/x/files/..%2Fasked.json", "/api/v1/tests/nothing",
    ],
)  # fmt: skip
def test_what_is_not_there_is_not_found(site, path):
    private_folder(site.desk.data / "results" / ".started")
    assert site.client.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/test/x/again", "/test/x/resume", "/test/x/delete", "/test/.started/delete"])
def test_changes_of_what_is_not_there_are_not_found(site, path):
    private_folder(site.desk.data / "results" / ".started")
    assert site.post(path, {}).status_code == 404
    assert (site.desk.data / "results" / ".started").is_dir()


@pytest.mark.parametrize(
    "query", ["", "?runs=", "?runs=a", "?runs=a,../b", "?runs=" + ",".join("abcdefgh"), "?runs=<b>,c"]
)
def test_runs_that_cannot_stand_side_by_side_are_refused(site, query):
    answer = site.client.get(f"/test/compare{query}")
    assert answer.status_code == 400
    assert "<b>" not in answer.text


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"users": "100000"}, "users:"), ({"seconds": "nan"}, "seconds:"), ({"shape": "x"}, "shape:"),
        ({"model": "ollama/x y\n"}, "model:"), ({"model": "openai/m"}, "model:"),
        ({"levels": "9" * 9, "shape": "growing"}, "levels:"),
    ],
)  # fmt: skip
def test_form_that_does_not_fit_comes_back_with_what_was_given_and_why(site, fields, named):
    answer = site.post("/test/start", fields | {"name": EVIL[:50]})
    assert answer.status_code == 400
    assert named in answer.text
    assert "<img src=x" not in answer.text
    assert "&lt;img src=x" in answer.text
    assert Launches(site.desk.data, (), time.time).all() == []


def test_quick_look_at_a_server_that_is_not_set_up_is_refused(site):
    assert site.post("/test/quick", {"model": "openai/m"}).status_code == 400


@pytest.mark.parametrize("path", ["/test/start", "/test/quick", "/test/x/stop", "/test/x/again", "/test/x/delete"])
def test_change_without_a_token_or_where_only_is_shown_is_refused(tmp_path, path):
    assert make_site(tmp_path, rooms=ROOMS).client.post(path).status_code == 403
    shows = make_site(tmp_path, "dashboard.read_only=true", rooms=ROOMS)
    assert shows.post(path, {}).status_code in {400, 403}
    assert Launches(shows.desk.data, (), time.time).all() == []


def test_dashboard_that_only_shows_has_no_buttons(tmp_path):
    site = make_site(tmp_path, "dashboard.read_only=true", rooms=ROOMS)
    keep(site.desk.data, "20261121-1")
    assert 'action="/test/start"' not in site.client.get("/test").text
    assert "/delete" not in site.client.get("/test/20261121-1").text


def test_server_that_does_not_answer_is_told(site):
    site.client.get("/test")
    until(lambda: "no model server answers" in site.client.get("/test").text)


def test_foreign_text_is_shown_harmlessly(site):
    target = Target(url="http://127.0.0.1:9", model=EVIL)
    evil = Asked(target=target, load=Load(levels=(Level(users=1),)), name=EVIL)
    keep(site.desk.data, "20261121-1", result(run=EVIL, asked=evil, notes=(EVIL,), versions={EVIL: EVIL}))
    keep(site.desk.data, "20261121-2")
    for path in ("/test", "/test/20261121-1", "/test/compare?runs=20261121-1,20261121-2"):
        text = site.client.get(path).text
        assert "&lt;img src=x" in text
        assert "<img" not in text
        assert "<script>alert" not in text


@pytest.mark.parametrize("made", [result, sweep, bad, bare])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_result_is_shown_with_its_verdict_on_top(site, made, language):
    found = made()
    keep(site.desk.data, "20261121-1", found)
    site.client.set_cookie("ollascope-language", language)
    text = site.client.get("/test/20261121-1").text
    main = text[text.index("<main") :]
    assert main.index(found.verdict) < main.index("<table" if "<table" in main else "</main>")
    assert 'style="' not in main
    listed = site.client.get("/test").text
    assert found.verdict in listed
    assert ("负载测试" in listed) == (language == "zh")


def test_figures_of_the_demo_wear_a_badge(site):
    keep(site.desk.data, "20261121-1", result(demo=True))
    assert "badge demo" in site.client.get("/test").text
    assert "badge demo" in site.client.get("/test/20261121-1").text


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 99, "delivered": {}}'])
def test_result_that_cannot_be_read_says_so(site, text):
    folder = keep(site.desk.data, "20261121-1")
    (folder / "result.json").write_text(text)
    assert "its result cannot be read" in site.client.get("/test/20261121-1").text
    assert "cannot be read" in site.client.get("/test").text


def test_run_that_was_killed_before_its_first_answer_can_go_on(site):
    folder = keep(site.desk.data, "20261121-1", calls=False)
    (folder / "result.json").unlink()
    text = site.client.get("/test/20261121-1").text
    assert "was killed" in text
    assert "/resume" in text


@pytest.mark.parametrize(
    ("kind", "begins"), [("json", '{\n "schema"'), ("csv", ""), ("html", "<!doctype html>"), ("jsonl", '{"id":"1"}')]
)
def test_files_are_downloaded(site, kind, begins):
    keep(site.desk.data, "20261121-1")
    answer = site.client.get(f"/test/20261121-1/files/{kind}")
    assert answer.status_code == 200
    assert answer.text.startswith(begins)
    assert answer.text
    answer.close()
    assert re.fullmatch(rf"attachment; filename=\"?20261121-1\.{kind}\"?", answer.headers["Content-Disposition"])


def test_several_runs_stand_side_by_side_without_proof(site):
    keep(site.desk.data, "20261121-1")
    keep(site.desk.data, "20261121-2", sweep())
    text = site.client.get("/test/compare?runs=20261121-1&runs=20261121-2").text
    assert "A difference without a test is no proof." in text
    assert text.count("VALID") >= 2


def test_run_that_is_deleted_is_gone(site):
    folder = keep(site.desk.data, "20261121-1")
    assert site.post("/test/20261121-1/delete", {}).status_code == 303
    assert not folder.exists()


def test_run_of_a_server_that_is_not_set_up_is_not_repeated(site):
    keep(site.desk.data, "20261121-1")
    assert "/again" not in site.client.get("/test/20261121-1").text
    assert site.post("/test/20261121-1/again", {}).status_code == 404


def test_second_test_is_started_only_by_who_knows_of_the_first(tmp_path):
    site = inside(tmp_path)
    waits, launch = busy(site)
    asked = site.post("/test/start", {"preset": "one-user", "seconds": "2"})
    assert asked.status_code == 200
    assert launch.id in asked.text
    assert 'name="seconds" value="2"' in asked.text
    assert len(waits.all()) == 1
    sure = site.post("/test/start", {"seconds": "2", "anyway": "1"})
    assert sure.status_code == 303
    assert len(waits.all()) == 2
    leave(site)
    assert waits.under_way() == []


def test_test_under_way_is_not_deleted_but_stopped(tmp_path):
    site = inside(tmp_path)
    waits, launch = busy(site, kind="quick")
    assert site.client.get(f"/test/{launch.id}").status_code == 200
    assert site.client.get(f"/test/{launch.id}/live").status_code == 200
    assert site.post(f"/test/{launch.id}/delete", {}).status_code == 400
    site.post(f"/test/{launch.id}/stop", {})
    until(lambda: waits.under_way() == [])
    assert site.client.get(f"/test/{launch.id}/live").status_code == 204
    assert site.post(f"/test/{launch.id}/delete", {}).status_code == 303
    assert waits.all() == []


def test_test_that_cannot_start_says_why_on_its_page_and_in_the_list(tmp_path):
    site = inside(tmp_path, "engines.use=ollama", "engines.ollama.url=http://127.0.0.1:9")
    address = site.post("/test/start", {"seconds": "2"}).headers["Location"]
    until(lambda: site.client.get(f"{address}/live").status_code == 204)
    text = site.client.get(address).text
    assert "it could not start" in text
    assert "http://127.0.0.1:9" in text
    assert "/again" in text
    assert "Could not start" in site.client.get("/test").text
    assert site.client.get(f"/api/v1/tests/{address.split('/')[-1]}").json["state"] == "failed"
    leave(site)


@pytest.mark.slow
def test_test_runs_by_the_form_is_followed_and_repeated(tmp_path):
    site = inside(tmp_path)
    answer = site.post("/test/start", {"users": "2", "seconds": "3", "max_tokens": "8", "name": "mine"})
    address = answer.headers["Location"]
    run = address.split("/")[-1]
    until(lambda: "in flight" in site.client.get(f"{address}/live").text.lower())
    assert site.client.get(f"/api/v1/tests/{run}").json["state"] == "running"
    until(lambda: site.client.get(f"{address}/live").status_code == 204)
    told = site.client.get(f"/api/v1/tests/{run}").json
    assert (told["state"], told["result"]["asked"]["name"]) == ("ended", "mine")
    assert told["result"]["asked"]["load"]["levels"][0]["users"] == 2
    assert [one["id"] for one in site.client.get("/api/v1/tests").json["tests"]] == [run]
    again = site.post(f"{address}/again", {}).headers["Location"]
    assert again != address
    until(lambda: site.client.get(f"{again}/live").status_code == 204)
    repeated = site.client.get(f"/api/v1/tests/{again.split('/')[-1]}").json["result"]
    assert repeated["asked"] == told["result"]["asked"]
    leave(site)


@pytest.mark.slow
def test_first_look_of_all_is_counted_for_its_viewer(tmp_path):
    site = inside(tmp_path)
    try:
        answer = site.post("/test/quick", {"counts": "1", "anyway": "1"})
        assert (answer.status_code, "ollascope-everything=1" in str(answer.headers)) == (303, True)
        assert "ollascope-everything" not in str(site.post("/test/quick", {"anyway": "1"}).headers)
    finally:
        leave(site)


@pytest.mark.slow
def test_stopped_test_keeps_what_it_measured_and_goes_on(tmp_path):
    site = inside(tmp_path)
    address = site.post("/test/start", {"seconds": "30", "max_tokens": "8"}).headers["Location"]
    run = address.split("/")[-1]

    def sent():
        standing = site.client.get(f"/api/v1/tests/{run}").json["standing"]
        return standing is not None and standing.get("ended", 0) > 0

    until(sent)
    assert site.post(f"{address}/stop", {}).status_code == 303
    until(lambda: site.client.get(f"{address}/live").status_code == 204)
    text = site.client.get(address).text
    assert "/resume" in text
    assert site.client.get(f"/api/v1/tests/{run}").json["result"]["partial"]
    leave(site)


@pytest.mark.parametrize(
    "path", ["/api/v1/tests?limit=0", "/api/v1/tests?limit=x", "/api/v1/tests?after=" + "x" * 200, "/api/v1/tests?x=1"]
)
def test_api_refuses_what_breaks_its_rules(site, path):
    assert site.client.get(path).status_code == 400


def test_api_tells_the_list_page_by_page(site):
    for number in range(3):
        keep(site.desk.data, f"2026112{number}-1", result(run=str(number), started_at=1000.0 + number))
    first = site.client.get("/api/v1/tests?limit=2").json
    assert [one["id"] for one in first["tests"]] == ["20261122-1", "20261121-1"]
    rest = site.client.get(f"/api/v1/tests?limit=2&after={first['following']}").json
    assert ([one["id"] for one in rest["tests"]], rest["following"]) == (["20261120-1"], None)


def test_quick_looks_are_listed_by_whom_they_asked(site):
    program = (sys.executable, "-c", 'print(\'{"model": "<b>qwen3</b>"}\')')
    looks = Launches(site.desk.data, program, time.time)
    launch = looks.start(Order(id="20261121-000000-quick", kind="quick", words=()))
    until(lambda: not looks.runs(launch))
    page = site.client.get("/test").text
    assert '<a href="/test/20261121-000000-quick">&lt;b&gt;qwen3&lt;/b&gt;</a>' in page
