"""Pages: language, theme, navigation, what others bring, what goes wrong."""

import re

import pytest

from ollascope.web.table import ROOMS
from tests.web.site import make_site

SAMPLE = {"now": ROOMS["now"], "sample": "tests.web.sample:pages"}
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}</script>"


@pytest.fixture
def site(tmp_path):
    return make_site(tmp_path, rooms=SAMPLE)


def test_unknown_page_says_so_and_leads_back(site):
    answer = site.client.get("/absent")
    assert answer.status_code == 404
    assert "there is no such page" in answer.text
    assert 'href="/"' in answer.text


def test_expected_trouble_is_a_page_with_a_hint(site):
    answer = site.client.get("/sample/trouble")
    assert answer.status_code == 404
    assert "there is no model &lt;b&gt;x&lt;/b&gt;" in answer.text
    assert "ollascope models list" in answer.text


def test_bug_is_a_page_with_a_number_and_no_traceback(site, caplog):
    answer = site.client.get("/sample/bug")
    assert answer.status_code == 500
    number = re.search(r"a bug \(([0-9a-f]{8})\)", answer.text)[1]
    assert number in caplog.text
    assert "Traceback" not in answer.text
    assert "secret" not in answer.text


def test_foreign_text_is_shown_and_never_run(site):
    text = site.client.get("/sample", query_string={"name": EVIL}).text
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "{{7*7}}" in text


@pytest.mark.parametrize(
    ("asked", "tag"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.5", "zh-CN"),
        ("de,en;q=0.5,zh;q=0.3", "en"),
        ("", "en"),
        ("xx", "en"),
        ("zh-TW", "zh-CN"),
    ],
)
def test_browser_s_language_is_spoken(site, asked, tag):
    assert f'<html lang="{tag}"' in site.client.get("/", headers={"Accept-Language": asked}).text


def test_language_of_the_settings_goes_before_the_browser_s(tmp_path):
    site = make_site(tmp_path, "dashboard.language=zh")
    assert 'lang="zh-CN"' in site.client.get("/", headers={"Accept-Language": "en"}).text


def test_choices_are_remembered(site):
    for name, value in (("language", "zh"), ("theme", "dark"), ("everything", "1")):
        assert site.post("/preferences", {name: value, "next": "/sample"}).location == "/sample"
    text = site.client.get("/").text
    assert '<html lang="zh-CN" data-theme="dark">' in text
    assert "不计测试、探测和演示" in text


@pytest.mark.parametrize("fields", [{}, {"language": "xx"}, {"theme": "pink"}, {"everything": "2"}, {"other": "1"}])
def test_choice_that_is_none_is_refused(site, fields):
    assert site.post("/preferences", fields).status_code == 400


@pytest.mark.parametrize("cookie", ["", "xx", "zh; en", "\x00", "<b>"])
def test_odd_cookies_do_no_harm(site, cookie):
    for name in ("ollascope-language", "ollascope-theme", "ollascope-everything", "ollascope-8080"):
        site.client.set_cookie(name, cookie)
    assert site.client.get("/").status_code == 200


def test_navigation_names_only_entries_that_have_pages(site):
    nav = re.search(r'<nav aria-label="main navigation">.*?</nav>', site.client.get("/").text, re.DOTALL)[0]
    assert re.findall(r">(\w+)</a>", nav) == ["Now", "History"]


def test_page_without_a_tab_says_under_which_entry_it_belongs(site):
    text = site.client.get("/sample/charts").text
    assert '<a href="/sample" aria-current="true">History</a>' in text


def test_plotly_is_loaded_only_where_charts_are(site):
    assert "plotly.min.js" in site.client.get("/sample/charts").text
    assert "plotly.min.js" not in site.client.get("/sample").text


def test_first_page_of_a_new_installation_says_what_to_do_next(site):
    text = site.client.get("/").text
    for _ in range(100):
        if "Nothing has been recorded yet" in text:
            break
        text = site.client.get("/").text
    assert "ollascope ask hello" in text


def test_engine_that_does_not_answer_is_told_and_the_rest_is_shown(site):
    text = site.client.get("/").text
    for _ in range(100):
        if "no model server answers" in text:
            break
        text = site.client.get("/").text
    assert "no model server answers" in text
    assert "Machine" in text


def test_ledger_that_is_a_file_is_told(tmp_path):
    (tmp_path / "data").mkdir(mode=0o700)
    (tmp_path / "data" / "ledger").write_text("x")
    site = make_site(tmp_path)
    assert site.client.get("/").status_code == 200


def test_api_tells_the_same_figures(site):
    told = {}
    for _ in range(100):
        told = site.client.get("/api/v1/now").json
        if told["known"]:
            break
    assert told["windows"][0]["requests"] == 0
    assert told["machine"]["memory_total_bytes"] > 0
    assert site.client.get("/api/v1/alerts").json == {"alerts": [], "budgets": []}
    assert "checks" in site.client.get("/api/v1/health").json
