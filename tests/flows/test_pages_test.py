"""A person measures from the dashboard: real processes, a real browser, both languages and both themes."""

import http.client
import os
import re
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from ollascope.bench.asked import Asked, Level, Load, Target
from ollascope.bench.shown import json_of
from ollascope.settings.data import create
from ollascope.words.record import dumps
from tests.bench.shown.made import result, sweep
from tests.web.browser import LOOKS, a_browser, a_page, check_access, walk

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
PATIENCE_S = 40.0
EVIL = "<img src=x onerror=document.title='taken'>\"'><script>document.title='taken'</script>"
LONG = "hf.co/somebody-with-a-long-name/a-model-whose-name-is-longer-than-any-column-could-ever-be-GGUF:Q4_K_M"


@dataclass
class Place:
    """A dashboard beside a fake model server; it can be ended and begun again."""

    data: Path
    line: tuple[str, ...]
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}"

    def begin(self):
        self.process = started(self.data, self.port, *self.line)

    def end(self):
        self.process.terminate()
        self.process.wait(PATIENCE_S)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as door:
        return door.getsockname()[1]


def started(folder, port, *words):
    """`ollascope …`, once its port answers."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("OLLASCOPE", "OLLAMA"))}
    line = [sys.executable, "-P", "-m", "ollascope", "--data", str(folder), *words]
    process = subprocess.Popen(
        line, env=kept | {"HOME": str(folder)}, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
    )
    deadline = time.monotonic() + PATIENCE_S
    while not answers(port):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return process


def answers(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        connection.request("GET", "/healthz")
        connection.getresponse().read()
    except OSError:
        return False
    finally:
        connection.close()
    return True


def keep(data, run, found):
    folder = data / "results" / run
    folder.mkdir(parents=True, mode=0o700)
    (folder / "result.json").write_text(json_of(found))
    (folder / "asked.json").write_text(dumps(found.asked))
    (folder / "calls.jsonl").write_text('{"id":"1"}\n')


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    data = tmp_path_factory.mktemp("home") / "data"
    create(data)
    evil = Asked(target=Target(url="http://127.0.0.1:9", model=LONG), load=Load(levels=(Level(users=1),)), name=EVIL)
    keep(data, "20261101-101010-steady", result(run="20261101-101010-steady"))
    keep(data, "20261101-111111-sweep", sweep())
    keep(data, "20261101-121212-evil", result(run=EVIL, asked=evil, notes=(EVIL,), demo=True))
    with ExitStack() as held:
        fake, port = free_port(), free_port()
        server = started(tmp_path_factory.mktemp("fake") / "data", fake, "fake", "--port", str(fake))
        held.callback(server.wait, PATIENCE_S)
        held.callback(server.terminate)
        told = (f"--set=addresses.dashboard={port}", f"--set=engines.ollama.url=http://127.0.0.1:{fake}", "dashboard")
        found = Place(data=data, line=told, port=port)
        found.begin()
        held.callback(found.end)
        yield found


@pytest.fixture(scope="module")
def browser():
    with a_browser() as opened:
        yield opened


def button(page, name):
    return page.get_by_role("button", name=re.compile(f"^{name}$", re.IGNORECASE))


def begin_test(page, place, **fields):
    """Fill the form and start; the address of the test's page."""
    walk(page, f"{place.address}/test/new")
    for name, value in fields.items():
        page.fill(f"#field-{name}", value)
    button(page, "start").click()
    page.wait_for_url(re.compile(r"/test/\d{8}-"))
    return page.url


def stopped(page, address):
    """End what is under way, so that the next one need not ask."""
    page.goto(address)
    if button(page, "stop").count():
        button(page, "stop").click()
        page.locator("dialog").get_by_role("button", name="stop").click()
    until_ended(page)


def until_ended(page):
    page.wait_for_selector("button:text-is('run again'), button:text-is('go on with it')", timeout=PATIENCE_S * 1000)


@pytest.mark.parametrize(("look", "width"), list(zip(LOOKS, (390, 1440, 2560, 390), strict=True)))
def test_pages_are_sound_in_every_look(place, browser, look, width):
    pair = "runs=20261101-101010-steady&runs=20261101-121212-evil"
    paths = ("", "/new?preset=spike", "/20261101-101010-steady", "/20261101-121212-evil", f"/compare?{pair}")
    with a_page(browser, *look, width) as page:
        for path in paths:
            walk(page, f"{place.address}/test{path}")
            assert page.title() != "taken"
            check_access(page)


def test_form_shows_only_what_belongs_to_the_chosen_load(place, browser):
    with a_page(browser) as page:
        walk(page, f"{place.address}/test")
        page.locator('a[href="/test/new?preset=spike"]').click()
        page.wait_for_selector("#field-peak")
        assert (page.locator("#field-peak").input_value(), page.locator("#field-users").is_visible()) == ("4", False)
        page.get_by_text("numbers of users, one after the other").click()
        assert page.locator("#field-levels").is_visible()
        assert page.locator("#field-requests").is_disabled()


def test_test_is_followed_live_stopped_and_deleted(place, browser):
    with a_page(browser) as page:
        address = begin_test(page, place, users="2", seconds="60", name="followed")
        page.wait_for_selector("#test-live svg .mark", timeout=PATIENCE_S * 1000)
        assert "followed" in page.locator("h1").inner_text()
        before = page.locator("#test-live .stat .figure").first.inner_text()
        page.wait_for_function(
            "before => document.querySelector('#test-live .stat .figure').innerText !== before", arg=before,
            timeout=PATIENCE_S * 1000,
        )  # fmt: skip
        check_access(page)
        stopped(page, address)
        assert "LIMITED" in page.locator(".report").inner_text() or "INVALID" in page.locator(".report").inner_text()
        button(page, "delete").click()
        page.locator("dialog").get_by_role("button", name="delete").click()
        page.wait_for_url(f"{place.address}/test")
        assert page.locator(f'a[href="{address.removeprefix(place.address)}"]').count() == 0


def test_test_outlives_the_dashboard_that_started_it(place, browser):
    with a_page(browser) as page:
        address = begin_test(page, place, seconds="60", name="outlives")
        page.wait_for_selector("#test-live .stat", timeout=PATIENCE_S * 1000)
        page.goto("about:blank")
        place.end()
        place.begin()
        page.goto(address)
        page.wait_for_selector("#test-live svg .mark", timeout=PATIENCE_S * 1000)
        stopped(page, address)


def test_second_test_has_to_be_meant(place, browser):
    with a_page(browser) as page:
        first = begin_test(page, place, seconds="60", name="first")
        walk(page, f"{place.address}/test")
        page.locator('button[value="one-user"]').click()
        page.get_by_text("disturbs both").wait_for()
        page.get_by_role("link", name="wait, and look at it").click()
        page.wait_for_url(first)
        stopped(page, first)


def test_result_is_reached_by_itself_and_taken_along(place, browser):
    with a_page(browser) as page:
        begin_test(page, place, seconds="3", name="short")
        until_ended(page)
        assert page.locator(".report .notice").first.inner_text().startswith(("VALID", "LIMITED", "INVALID"))
        for name in ("result as JSON", "figures as CSV", "report as HTML", "every request as JSONL"):
            with page.expect_download() as download:
                page.get_by_role("link", name=name).click()
            assert Path(download.value.path()).stat().st_size > 10
        before = page.url
        button(page, "run again").click()
        page.wait_for_url(lambda url: url != before and "/test/2" in url)
        until_ended(page)


def test_two_runs_are_put_side_by_side(place, browser):
    with a_page(browser) as page:
        walk(page, f"{place.address}/test")
        assert page.locator("#compare-button").is_disabled()
        page.check('input[value="20261101-101010-steady"]')
        page.check('input[value="20261101-111111-sweep"]')
        page.locator("#compare-button").click()
        page.get_by_text("A difference without a test is no proof.").wait_for()
        assert page.locator(".drawing svg").count() >= 2


def test_quick_look_tells_its_answer(place, browser):
    with a_page(browser) as page:
        walk(page, f"{place.address}/test")
        page.locator('button[formaction="/test/quick"]').click()
        page.wait_for_selector("#test-live .stat", timeout=PATIENCE_S * 1000)
        page.wait_for_selector(".report", timeout=100_000)
        assert "one user gets" in page.locator(".report .notice").first.inner_text().lower()
        assert page.locator(".badge.demo").count()
        page.goto(f"{place.address}/test")
        page.get_by_role("heading", name="Quick looks").wait_for()  # the list may fetch itself anew meanwhile
