"""Macros and charts in a real browser: nothing that the policy forbids, nothing that foreign text could run."""

import threading

import pytest
from werkzeug.serving import make_server

from ollascope.web.table import ROOMS
from tests.web.browser import a_browser, a_page, check_access, walk
from tests.web.site import make_site

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]
EVIL = "</script><script>document.title='taken'</script><img src=x onerror=document.title='taken'>\"'`{{7*7}}"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    site = make_site(tmp_path_factory.mktemp("site"), rooms={**ROOMS, "sample": "tests.web.sample:pages"})
    server = make_server("127.0.0.1", 0, site.made.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    site.made.close()
    server.shutdown()
    thread.join(20)
    server.server_close()


@pytest.fixture(scope="module")
def browser():
    with a_browser() as opened:
        yield opened


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_charts_are_drawn_under_the_policy(address, browser, theme, width):
    with a_page(browser, "en", theme, width) as page:
        walk(page, f"{address}/sample/charts")
        page.wait_for_function("document.querySelectorAll('.js-plotly-plot .main-svg').length >= 3")
        ink = page.evaluate("getComputedStyle(document.querySelector('.xtick text')).fill")
        assert ink == ("rgb(154, 166, 179)" if theme == "dark" else "rgb(87, 97, 109)")
        check_access(page)


@pytest.mark.parametrize("path", ["/sample", "/sample/charts"])
def test_foreign_text_never_runs(address, browser, path):
    with a_page(browser) as page:
        page.goto(f"{address}{path}")
        page.goto(page.url + "?" + page.evaluate("text => new URLSearchParams({name: text}).toString()", EVIL))
        page.wait_for_timeout(300)
        assert page.title() != "taken"


def test_change_asks_first_and_is_made_when_confirmed(address, browser):
    with a_page(browser) as page:
        walk(page, f"{address}/sample?name=Change")
        page.get_by_role("button", name="Change", exact=True).click()
        page.get_by_role("dialog").get_by_role("button", name="close").click()
        assert page.url.endswith("name=Change")
        page.get_by_role("button", name="Change", exact=True).click()
        page.get_by_role("dialog").get_by_role("button", name="Change").click()
        page.wait_for_url(f"{address}/sample")


def test_dialog_opens_and_closes_by_keyboard(address, browser):
    with a_page(browser) as page:
        walk(page, f"{address}/sample?name=More")
        page.get_by_role("button", name="More …").press("Enter")
        page.get_by_role("dialog").wait_for()
        check_access(page)
        page.keyboard.press("Escape")
        assert page.get_by_role("dialog").count() == 0
