"""The pages about this installation: what they say, what they refuse, and that nothing secret is on them."""

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from ollascope.checks.pages.children import STATES
from ollascope.processes.identity import identify
from ollascope.processes.state import Report, Standing, write_report
from ollascope.reports.words import chinese
from ollascope.web.dashboard import make_dashboard
from tests.web.site import make_site
from tests.web.test_words import said_in_template, untranslatable

ROOT = Path(__file__).parent.parent.parent
PATIENCE_S = 20.0
EVIL = "<img src=x onerror=alert(1)>"
PAGES = ("/system", "/system/settings", "/system/data", "/system/about")
OWN = [path for path in (ROOT / "templates" / "checks").glob("*.html") if path.name != "doctor.html"]


@pytest.fixture
def site(tmp_path):
    return make_site(tmp_path)


def checked(site):
    """The answer of the API once the first round is over."""
    deadline = time.monotonic() + PATIENCE_S
    while not (said := site.client.get("/api/v1/system/checks").json)["checks"]:
        assert time.monotonic() < deadline
    return said


@pytest.mark.parametrize(
    "path",
    ["/system/about/licences/no-such", "/system/about/licences/..%2f..%2fetc", "/system/about/docs/..%2fREADME",
     "/system/about/docs/none", "/system/about/licences/pytest", "/system/nothing"],
)  # fmt: skip
def test_what_is_not_there_is_not_found(site, path):
    assert site.client.get(path).status_code == 404


def test_endless_search_is_refused(site):
    answer = site.client.get("/system/settings", query_string={"q": "x" * 201})
    assert answer.status_code == 400
    assert site.client.get("/api/v1/system/settings", query_string={"text": "x" * 201}).status_code == 400


def test_checks_are_not_run_again_without_the_token_nor_when_nothing_may_be_changed(tmp_path, site):
    assert site.client.post("/system/checks").status_code in {400, 403}
    strict = make_site(tmp_path, "dashboard.read_only=true")
    assert strict.post("/system/checks", {}).status_code == 403
    assert "/system/checks" not in strict.client.get("/system").text


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_page_answers_before_anything_is_known(site, path, language):
    site.client.set_cookie("ollascope-language", language)
    answer = site.client.get(path)
    assert answer.status_code == 200
    assert "ollascope" in answer.text.lower()


def test_searched_text_is_shown_harmlessly(site):
    text = site.client.get("/system/settings", query_string={"q": EVIL}).text
    assert EVIL not in text
    assert "&lt;img" in text


def test_search_finds_a_setting_and_all_of_them_are_there_without(site):
    found = site.client.get("/system/settings?q=calls_days").text
    assert "ledger.calls_days" in found
    assert "logs.keep_days" not in found
    keys = {each["key"] for each in site.client.get("/api/v1/system/settings").json["settings"]}
    assert keys == {entry.key for entry in site.desk.settings.entries()}
    assert all(key in site.client.get("/system/settings").text for key in keys)


def test_only_what_is_set_can_be_shown(site):
    keys = {each["key"] for each in site.client.get("/api/v1/system/settings?set=true").json["settings"]}
    assert keys == {"data.folder", "engines.ollama.url"}


def test_settings_page_changes_nothing(site):
    text = site.client.get("/system/settings").text
    own = text[text.index("<main") : text.index("</main>")]
    assert 'method="post"' not in own
    assert site.post("/system/settings", {"ledger.calls_days": "1"}).status_code == 405


def test_settings_file_that_changed_since_is_told(tmp_path):
    site = make_site(tmp_path)
    file = tmp_path / "settings.yaml"
    desk = replace(site.desk, settings_file=file)
    client = make_dashboard(desk, "127.0.0.1").app.test_client()
    assert "has changed" not in client.get("/system/settings").text
    file.write_text("ledger:\n")
    os.utime(file, (time.time() + 10, time.time() + 10))
    assert "has changed" in client.get("/system/settings").text


def test_checks_are_told_and_run_again(site):
    first = checked(site)
    assert {each["id"] for each in first["checks"]} >= {"platform", "python", "data", "ollama"}
    assert first["state"] in {"ok", "unknown", "warning", "problem"}
    assert site.post("/system/checks", {}).status_code == 303
    deadline = time.monotonic() + PATIENCE_S
    while (site.client.get("/api/v1/system/checks").json)["at"] == first["at"]:
        assert time.monotonic() < deadline
    assert site.send("POST", "/api/v1/system/checks").json == {"running": True}


def test_page_of_a_dashboard_that_was_started_alone_says_so(site):
    assert "nothing was started together" in site.client.get("/system").text
    assert site.client.get("/api/v1/system/processes").json["children"] == []


def test_processes_are_told_with_their_last_words(site):
    (site.desk.data / "run").mkdir()
    children = {"monitor": Standing(state="failed", since=1.0, reason="it ended with 1", words=("help", EVIL))}
    write_report(
        site.desk.data, Report(supervisor=identify(os.getpid(), 1.0), children=children, settled=True)
    )  # fmt: skip
    text = site.client.get("/system").text
    assert "it ended with 1" in text
    assert EVIL not in text
    assert {each["state"] for each in site.client.get("/api/v1/system/processes").json["children"]} == {
        "failed", "not running",
    }  # fmt: skip


def test_data_folder_is_measured(site):
    (site.desk.data / "logs").mkdir()
    (site.desk.data / "logs" / "a.log").write_bytes(b"x" * 4096)
    deadline = time.monotonic() + PATIENCE_S
    while not (said := site.client.get("/api/v1/system/data").json)["known"]:
        assert time.monotonic() < deadline
    assert {"name": "logs", "files": 1, "bytes": 4096}.items() <= said["places"][0].items()
    text = site.client.get("/system/data").text
    assert "4.0 KiB" in text
    assert "ledger.calls_days" in text


def test_versions_licences_and_documents_are_told(site):
    text = site.client.get("/system/about").text
    assert "Flask" in text
    assert "/system/about/docs/alerts" in text
    assert "Redistribution" in site.client.get("/system/about/licences/flask").text
    assert "alert" in site.client.get("/system/about/docs/alerts").text
    said = site.client.get("/api/v1/system/about").json
    assert {each["name"].lower() for each in said["packages"]} >= {"flask", "click"}


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.name)
def test_every_text_has_a_translation(path):
    text = path.read_text(encoding="utf-8")
    assert untranslatable(text) == []
    assert [each for each in said_in_template(text) if each not in chinese()] == []


def test_every_state_of_a_process_has_a_translation():
    assert [state for state in STATES if state not in chinese()] == []


@pytest.mark.parametrize("path", PAGES)
def test_page_is_light(site, path):
    assert len(site.client.get(path).data) < 100_000
