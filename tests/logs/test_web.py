"""The page of logs: search by level, process, text and time, page by page, foreign text harmless."""

import json

import pytest

from ollascope.words.clock import Clock, utc_text
from tests.web.site import make_site

NOW = 1_790_000_000.0
EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture
def site(tmp_path):
    return make_site(tmp_path, clock=Clock(wall=lambda: NOW))


def write(site, name, *lines):
    folder = site.desk.data / "logs"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.log").write_text("".join(json.dumps(line) + "\n" for line in lines))


def line(ago, message, level="info", **more):
    return {"time": utc_text(NOW - ago), "level": level, "room": "web", "message": message, **more}


@pytest.mark.parametrize(
    "query",
    ["since=yesterday", "level=loud", "before=x", "before=inf", "before=nan", "skip=-1",
     "skip=x", "skip=99999999999", f"text={'x' * 201}", "since=0001-01-01T00:00"],
)  # fmt: skip
def test_nonsense_is_told_and_nothing_breaks(site, query):
    write(site, "web", line(1, "hello"))
    assert site.client.get(f"/system/logs?{query}").status_code == 400


@pytest.mark.parametrize("query", ["until=99999999999999d", "before=1e300", "before=-1e300", "since=99999999999999d"])
def test_time_beyond_every_calendar_does_no_harm(site, query):
    write(site, "web", line(1, "hello"), {**line(1, "far"), "time": "9999-12-31T23:59:59-14:00"})
    assert site.client.get(f"/system/logs?{query}").status_code == 200


@pytest.mark.parametrize("query", ["level=loud", "before=x", "limit=0", "limit=1001", "skip=-1", "nothing=1"])
def test_api_refuses_nonsense(site, query):
    assert site.client.get(f"/api/v1/logs?{query}").status_code == 400


@pytest.mark.parametrize("language", ["en", "zh"])
def test_without_logs_the_page_says_so(site, language):
    site.client.set_cookie("ollascope-language", language)
    answer = site.client.get("/system/logs")
    assert answer.status_code == 200
    assert ("there are no logs yet" in answer.text) == (language == "en")


def test_files_without_a_line_are_no_logs_yet_unless_something_was_searched_for(site):
    write(site, "web")
    assert "there are no logs yet" in site.client.get("/system/logs").text
    assert "no line is like that" in site.client.get("/system/logs?text=hello").text


def test_lines_are_shown_newest_first_and_harmlessly(site):
    write(site, "web", line(5, EVIL, model=EVIL), line(2, "second", traceback=f"Traceback\n{EVIL}"))
    text = site.client.get("/system/logs").text
    assert EVIL not in text
    assert text.index("second") < text.index("&lt;img")


def test_search_is_kept_in_the_form(site):
    write(site, "web", line(5, "one", level="error"), line(2, "two"))
    text = site.client.get("/system/logs?level=error&process=web&text=ONE&since=1h").text
    assert '<option value="error" selected>' in text
    assert 'value="ONE"' in text
    assert ">one" in text
    assert ">two" not in text


def test_bad_time_leaves_the_form_as_it_was(site):
    answer = site.client.get("/system/logs?since=soon&text=kept")
    assert 'value="soon"' in answer.text
    assert 'value="kept"' in answer.text


def test_older_lines_are_on_the_next_page(site):
    write(site, "web", *(line(300 - number, f"line-{number};") for number in range(250)))
    seen, query = [], {"limit": "100"}
    while query:
        said = site.client.get("/api/v1/logs", query_string=query).json
        seen += [each["message"] for each in said["lines"]]
        query = said["next"] and {"limit": "100", **said["next"]}
    assert seen == [f"line-{number};" for number in range(249, -1, -1)]
    text = site.client.get("/system/logs").text
    assert "line-150;" in text
    assert "line-149;" not in text
    assert "older lines" in text


def test_request_leads_to_all_that_was_said_of_it(site):
    write(site, "web", line(5, "about one", request="01JD"), line(2, "about another", request="01JE"))
    assert "/system/logs?request=01JD" in site.client.get("/system/logs").text
    said = site.client.get("/api/v1/logs?request=01JD").json
    assert [each["message"] for each in said["lines"]] == ["about one"]


def test_chosen_folder_is_the_one_that_is_read(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "web.log").write_text(json.dumps(line(1, "from elsewhere")) + "\n")
    site = make_site(tmp_path, f"logs.folder={elsewhere}", clock=Clock(wall=lambda: NOW))
    assert "from elsewhere" in site.client.get("/system/logs").text


def test_followers_hear_when_a_line_is_added(site):
    write(site, "web", line(5, "one"))
    before = site.client.get("/api/v1/live/poll?topics=logs").json
    write(site, "web", line(5, "one"), line(2, "two"))
    site.made.hub.close()
    assert "logs" in before["news"]
