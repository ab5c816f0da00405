"""Pages in a real browser: Debian's Chromium through Playwright, with axe-core."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
LOOKS = [(language, theme) for language in ("en", "zh") for theme in ("light", "dark")]
SERIOUS = {"serious", "critical"}
TAGS = {"en": "en-GB", "zh": "zh-CN"}


@contextmanager
def a_browser() -> Iterator[Browser]:
    """Chromium for some tests; skipped where there is none."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def a_page(browser: Browser, language: str = "en", theme: str = "light", width: int = 1440) -> Iterator[Page]:
    """A page that notes what goes wrong on it; at the end nothing may have."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=theme, locale=TAGS[language], timezone_id="Asia/Shanghai"
    )  # fmt: skip
    page = context.new_page()
    wrong, hosts = [], set()
    page.on("console", lambda said: wrong.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda asked: hosts.add(urlsplit(asked.url).hostname))
    yield page
    context.close()
    assert wrong == [], wrong
    assert hosts - {"127.0.0.1", None} == set()


def walk(page: Page, address: str) -> None:
    """Open a page and check that it fits its window."""
    answer = page.goto(address, wait_until="load")
    assert answer is not None
    assert answer.ok, f"{address} answers {answer.status}"
    inside, window = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert inside <= window, f"{address} is wider than its window"


def check_access(page: Page) -> None:
    """No serious complaint of axe-core."""
    found = Axe().run(page).response["violations"]
    serious = {
        each["id"]: [node["html"][:200] for node in each["nodes"]] for each in found if each["impact"] in SERIOUS
    }
    assert serious == {}
