"""A person opens the dashboard: real processes, a real browser, both languages and both themes."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from ollascope.ledger.segment import Origin
from ollascope.ledger.settings import Ledger
from ollascope.ledger.writer import Writer
from ollascope.settings.data import create
from ollascope.words.call import Call
from ollascope.words.ids import Ids
from tests.web.browser import LOOKS, a_browser, a_page, check_access, walk

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
PATIENCE_S = 30.0
EVIL = "<img src=x onerror=document.title='taken'>\"'><script>document.title='taken'</script>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A dashboard, one beside it that has no seat for streams, and a way to record one more Call."""

    address: str
    crowded: str
    add: Callable[[], object]


def a_call(ids, at, **said):
    usual = {"source": "gateway", "api": "ollama", "operation": "chat", "engine": "ollama", "model": "qwen3:8b"}
    usual |= {"stream": True, "outcome": "ok", "first_chunk_s": 0.3, "end_s": 2.0, "tokens_in": 50, "tokens_out": 80}
    return Call(id=ids.next(), sent_at=at - 2.0, **(usual | said))


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as door:
        return door.getsockname()[1]


def begin(held, folder, port, *words):
    """Start `ollascope …` and wait until its port answers."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("OLLASCOPE", "OLLAMA"))}
    line = [sys.executable, "-P", "-m", "ollascope", "--data", str(folder), *words]
    process = subprocess.Popen(
        line, env=kept | {"HOME": str(folder)}, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
    )
    held.callback(process.wait, PATIENCE_S)
    held.callback(process.terminate)
    deadline = time.monotonic() + PATIENCE_S
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        try:
            connection.request("GET", "/healthz")
            connection.getresponse().read()
            return f"http://127.0.0.1:{port}"
        except OSError:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        finally:
            connection.close()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Dashboards over some Calls, beside a fake model server."""
    data = tmp_path_factory.mktemp("home") / "data"
    create(data)
    ids = Ids()
    with ExitStack() as held:
        writer = held.enter_context(Writer(data / "ledger", Ledger(), Origin.here("test")))
        for number in range(40):
            writer.call(a_call(ids, time.time() - number * 20, outcome="timeout" if number == 3 else "ok"))
        writer.call(a_call(ids, time.time(), model=EVIL, outcome="timeout"))
        assert writer.flush()
        fake, port = free_port(), free_port()
        begin(held, tmp_path_factory.mktemp("fake") / "data", fake, "fake", "--port", str(fake))
        told = [f"--set=addresses.dashboard={port}", f"--set=engines.ollama.url=http://127.0.0.1:{fake}"]
        second = free_port()
        crowded = ["--set=dashboard.streams=0", f"--set=addresses.dashboard={second}", told[1]]
        yield Place(
            address=begin(held, data, port, *told, "dashboard"),
            crowded=begin(held, data, second, *crowded, "dashboard"),
            add=lambda: (writer.call(a_call(ids, time.time())), writer.flush()),
        )


@pytest.fixture(scope="module")
def browser():
    with a_browser() as opened:
        yield opened


@pytest.mark.parametrize(("language", "theme"), LOOKS)
@pytest.mark.parametrize("width", [390, 1440, 2560])
def test_first_page_is_sound_in_every_look(place, browser, language, theme, width):
    address = place.address
    with a_page(browser, language, theme, width) as page:
        walk(page, f"{address}/")
        page.wait_for_selector("[data-part=machine] .gauge", timeout=PATIENCE_S * 1000)
        assert page.locator("html").get_attribute("lang") == ("zh-CN" if language == "zh" else "en")
        dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(13, 17, 23)"
        assert dark == (theme == "dark")
        check_access(page)


@pytest.mark.parametrize("crowded", [False, True], ids=["by events", "by polling"])
def test_figures_change_when_a_call_ends_and_nothing_is_loaded_anew(place, browser, crowded):
    with a_page(browser) as page:
        walk(page, f"{place.crowded if crowded else place.address}/")
        page.wait_for_selector("#live-state.on")
        before = page.locator("[data-part=figures] .stat .note").first.inner_text()
        place.add()
        page.wait_for_function(
            "before => document.querySelector('[data-part=figures] .stat .note').innerText !== before", arg=before,
            timeout=PATIENCE_S * 1000,
        )  # fmt: skip


def test_page_that_is_hidden_asks_for_nothing(place, browser):
    address = place.address
    with a_page(browser) as page:
        walk(page, f"{address}/")
        page.wait_for_selector("#live-state.on")
        page.evaluate("""() => {
            Object.defineProperty(document, "hidden", { get: () => true, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }""")
        assert page.locator("#live-state").inner_text().lower() == "paused"
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.wait_for_timeout(50)
        assert asked == []
        page.evaluate("""() => {
            delete document.hidden;
            document.dispatchEvent(new Event("visibilitychange"));
        }""")
        page.wait_for_selector("#live-state.on")


def test_language_and_theme_are_chosen_and_remembered(place, browser):
    address = place.address
    with a_page(browser) as page:
        walk(page, f"{address}/")
        page.get_by_role("button", name="中文").click()
        page.wait_for_selector("html[lang=zh-CN]")
        page.locator("#theme-form button").click()
        page.wait_for_selector("html[data-theme=light]")
        page.locator("#theme-form button").click()
        page.wait_for_selector("html[data-theme=dark]")
        walk(page, f"{address}/")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(13, 17, 23)"
        assert "现在" in page.title()


def test_tests_and_demos_are_counted_by_one_switch(place, browser):
    address = place.address
    with a_page(browser) as page:
        walk(page, f"{address}/")
        page.get_by_role("button", name="count tests, probes and demos too").click()
        page.get_by_role("button", name="leave tests, probes and demos out").wait_for()


def test_foreign_names_do_not_run(place, browser):
    address = place.address
    with a_page(browser) as page:
        walk(page, f"{address}/")
        page.wait_for_selector("[data-part=models]")
        assert page.title() != "taken"
        page.goto(f"{address}/api/v1/now")
        assert page.title() != "taken"


def test_page_is_used_by_keyboard(place, browser):
    address = place.address
    with a_page(browser) as page:
        walk(page, f"{address}/")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"


def test_command_is_copied(place, browser):
    address = place.address
    with a_page(browser) as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        walk(page, f"{address}/")
        page.locator("[data-copy]").first.click()
        page.wait_for_selector(".toast")
        assert page.evaluate("navigator.clipboard.readText()") == page.locator("[data-copy]").first.get_attribute(
            "data-copy"
        )


def test_times_are_of_the_viewer_s_zone(place, browser):
    address = place.address
    with a_page(browser) as page:
        walk(page, f"{address}/")
        shown = page.evaluate("""async () => {
            const own = document.querySelector('script[src$="page.js"]').src;
            const { dress } = await import(own.replace("page.js", "times.js"));
            const place = document.createElement("div");
            place.innerHTML = '<time datetime="2026-11-21T08:00:00Z" data-form="clock"></time>';
            dress(place);
            return place.textContent;
        }""")
        assert shown == "16:00:00"
