"""A person looks after an installation in the browser: checks, alerts, objectives, logs, settings, data, about."""

import json
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from ollascope.monitor.alerts.keeping import Keeping, save_value
from ollascope.monitor.alerts.state import Alarms, Held, key_of
from ollascope.monitor.objectives import Tallies, Tally
from ollascope.settings.data import create
from ollascope.words.clock import utc_text
from tests.flows.test_dashboard_in_browser import begin, free_port
from tests.web.browser import LOOKS, a_browser, a_page, check_access, walk

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
PATIENCE_MS = 30_000
EVIL = "<img src=x onerror=document.title='taken'>\"'><script>document.title='taken'</script>"
PAGES = ("", "/alerts", "/objectives", "/logs", "/settings", "/data", "/about")
RULES = """
rules:
  - name: slow-answers
    when: ttft p95 > 3 s
channels:
  - name: log
    kind: command
    command: [/bin/true]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A dashboard and the data folder that it looks at."""

    address: str
    data: Path

    def log(self, message, level="info", **more):
        """Let a process say something."""
        said = {"time": utc_text(time.time()), "level": level, "room": "monitor", "message": message, **more}
        with (self.data / "logs" / "engine.log").open("a") as file:
            file.write(json.dumps(said) + "\n")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A dashboard over alerts, objectives and logs."""
    data = tmp_path_factory.mktemp("home") / "data"
    create(data)
    now = time.time()
    held = Held(id="1", name=EVIL, kind="threshold", severity="critical", standing="firing", since=now - 90, seen=now,
                fired_at=now - 60, labels={"model": "x" * 120}, reason=EVIL, hint="see `ollascope top`")  # fmt: skip
    Keeping(data / "alerts").keep(Alarms(held={key_of(held.name, held.labels): held}))
    Keeping(data / "alerts").remember([held], 100)
    hours = tuple((now // 3600 * 3600 - 3600 * back, 100, back % 4) for back in range(50, -1, -1))
    tallies = Tallies(of={"ttft p95 < 2 s": Tally(hours=hours)}, seen=now)
    save_value(data / "alerts" / "objectives.json", tallies)
    (data / "logs").mkdir()
    rules = data.parent / "rules.yaml"
    rules.write_text(RULES)
    port = free_port()
    told = [f"--set=addresses.dashboard={port}", "--set=engines.ollama.url=http://127.0.0.1:9"]
    told += [f"--set=alerts.file={rules}", "--set=objectives.targets=ttft p95 < 2 s"]
    with ExitStack() as held_open:
        place = Place(address=begin(held_open, data, port, *told, "dashboard") + "/system", data=data)
        for number in range(130):
            place.log(f"{EVIL} {number};", model=EVIL)
        place.log("it failed", "error", traceback="Traceback\n  File x", request="01JDREQUEST")
        yield place


@pytest.fixture(scope="module")
def browser():
    with a_browser() as opened:
        yield opened


@pytest.mark.parametrize(("language", "theme"), LOOKS)
@pytest.mark.parametrize("width", [390, 1440, 2560])
def test_pages_are_sound_in_every_look(place, browser, language, theme, width):
    with a_page(browser, language, theme, width) as page:
        for path in PAGES:
            walk(page, f"{place.address}{path}")
            if width != 2560:
                check_access(page)
            assert page.title() != "taken"


def test_checks_are_run_again(place, browser):
    with a_page(browser) as page:
        walk(page, place.address)
        page.wait_for_selector(".checks li:nth-child(10)", timeout=PATIENCE_MS)
        page.locator(".checks summary").first.click()
        page.locator(".checks details[open] dt").first.wait_for()
        before = page.locator("h1 ~ p time").get_attribute("datetime")
        page.get_by_role("button", name="check again").click()
        later = "before => { const at = document.querySelector('h1 ~ p time'); return at && at.dateTime !== before; }"
        page.wait_for_function(later, arg=before, timeout=PATIENCE_MS)


def test_alert_is_silenced_with_a_reason_and_told_of_again(place, browser):
    with a_page(browser) as page:
        walk(page, f"{place.address}/alerts")
        page.get_by_role("link", name="silence…").click()
        page.wait_for_selector("#silence[open]")
        assert page.locator("#field-match").input_value().splitlines()[1].startswith("model=")
        page.locator("#field-for").fill("2h")
        page.locator("#field-why").fill(EVIL)
        page.get_by_role("button", name="add the silence").click()
        page.locator("[data-part=standing] .badge", has_text="silenced").wait_for(timeout=PATIENCE_MS)
        check_access(page)
        page.get_by_role("button", name="end", exact=True).click()
        page.get_by_text("No silence holds.").wait_for()
        assert page.title() != "taken"


def test_silence_that_makes_no_sense_is_told_and_nothing_is_lost(place, browser):
    page = browser.new_page()  # on its own: browsers call a refused form an error of the page
    page.goto(f"{place.address}/alerts")
    page.locator("#silence summary").click()
    page.locator("#field-match").fill("slow*")
    page.locator("#field-for").fill("soon")
    page.get_by_role("button", name="add the silence").click()
    page.get_by_text("the silence was not added").wait_for()
    assert page.locator("#field-match").input_value() == "slow*"
    page.context.close()


def test_channel_is_tried_after_a_question(place, browser):
    with a_page(browser) as page:
        walk(page, f"{place.address}/alerts")
        page.get_by_role("button", name="test", exact=True).click()
        page.get_by_role("dialog").get_by_role("button", name="test").click()
        page.get_by_text("delivered").wait_for(timeout=PATIENCE_MS)


def test_logs_are_searched_paged_and_followed(place, browser):
    with a_page(browser) as page:
        walk(page, f"{place.address}/logs")
        page.get_by_role("link", name="older lines").click()
        page.wait_for_selector("#lines li")
        assert "0;" in page.locator("#lines li").last.inner_text()
        page.get_by_role("link", name="the newest lines").click()
        page.locator("#field-level").select_option("error")
        page.wait_for_url("**level=error**")
        assert page.locator("#lines li").count() == 1
        page.locator("#lines summary").click()
        page.get_by_text("File x").wait_for()
        page.get_by_role("link", name="request=01JDREQUEST").click()
        page.wait_for_url("**request=01JDREQUEST**")
        walk(page, f"{place.address}/logs?level=error")
        button = page.locator("#follow")
        button.click()
        assert button.get_attribute("aria-pressed") == "true"
        page.wait_for_selector("#live-state.on")
        place.log("something new", "error")
        page.locator("#lines li", has_text="something new").wait_for(timeout=PATIENCE_MS)
        button.click()
        assert button.get_attribute("aria-pressed") == "false"
        assert page.title() != "taken"


def test_setting_is_found_and_its_command_copied(place, browser):
    with a_page(browser) as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        walk(page, f"{place.address}/settings")
        page.locator("#field-q").fill("calls_days")
        page.get_by_role("button", name="find").click()
        page.wait_for_url("**q=calls_days**")
        page.locator(".settings summary", has_text="ledger.calls_days").click()
        page.locator(".copied").first.click()
        page.wait_for_selector(".toast")
        assert page.evaluate("navigator.clipboard.readText()") == "ollascope --set ledger.calls_days=90 up"
        page.get_by_role("link", name="show all").click()
        page.get_by_label("only what is not the default").check()
        page.get_by_role("button", name="find").click()
        page.wait_for_url("**set=1**")
        assert page.locator(".settings li:not(.set)").count() == 0


def test_tab_that_is_shown_is_within_a_narrow_window(place, browser):
    with a_page(browser, width=390) as page:
        for path in PAGES:
            walk(page, f"{place.address}{path}")
            box = page.locator(".tabs [aria-current]").bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 390


def test_document_is_shown_as_it_is_meant_and_leads_to_others(place, browser):
    with a_page(browser) as page:
        walk(page, f"{place.address}/about")
        page.get_by_role("link", name="The dashboard", exact=True).click()
        page.locator(".words table").first.wait_for()
        assert page.get_by_role("heading", name="The dashboard").count() == 1
        check_access(page)
        page.locator(".words").get_by_role("link", name="Models", exact=True).click()
        page.get_by_role("heading", name="Models in the dashboard").wait_for()
        page.get_by_role("link", name="back").click()
        page.wait_for_url("**/system/about")


def test_data_and_licences_are_read(place, browser):
    with a_page(browser) as page:
        walk(page, f"{place.address}/data")
        page.locator("td.name", has_text="logs").wait_for(timeout=PATIENCE_MS)
        page.get_by_role("link", name="ledger.calls_days").click()
        page.wait_for_url("**q=ledger.calls_days")
        walk(page, f"{place.address}/about")
        page.locator("a[href='/system/about/licences/Flask']").click()
        page.get_by_text("Redistribution").first.wait_for()
        check_access(page)
        page.get_by_role("link", name="back").click()
        page.wait_for_url("**/system/about")
