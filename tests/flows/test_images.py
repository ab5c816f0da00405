"""The pictures of the README: the dashboard over the demo model, as it looks after a few minutes of use.

Each run draws them anew; `make images` keeps them in docs/images.
"""

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.flows.test_dashboard_in_browser import begin, free_port
from tests.web.browser import a_browser, a_page, walk

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs/images"
MODEL = "demo-qwen3-f16"
PATIENCE_MS = 60_000
SMALLEST = 20_000  # bytes; a page that shows nothing is smaller


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """The address of a dashboard over the demo model, and the name of a load test that ran on it."""
    data = tmp_path_factory.mktemp("home") / "data"
    with ExitStack() as held:
        port, monitor, engine = free_port(), free_port(), free_port()
        begin(held, data, engine, "serve", str(ROOT / f"models/{MODEL}.gguf"), "--port", str(engine))
        told = [f"--set=addresses.dashboard={port}", f"--set=addresses.monitor={monitor}",
                f"--set=engines.ollama.url=http://127.0.0.1:{engine}"]  # fmt: skip
        begin(held, data, monitor, *told, "monitor")
        for question in ("What is Ollascope?", "Ollascope 是什么？", "Hello", "How fast is my machine?"):
            ask(data, *told, "ask", question)
        ask(data, *told, "bench", "run", "--model", MODEL, "--concurrency", "4", "--duration", "12", "--max-tokens",
            "32", "--warm-up", "2", "--run", "shown")  # fmt: skip
        yield begin(held, data, port, *told, "dashboard")


@pytest.fixture
def images(tmp_path):
    """Where pictures go."""
    folder = IMAGES if os.environ.get("KEEP_IMAGES") else tmp_path
    folder.mkdir(exist_ok=True)
    return folder


@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("zh", "dark")])
def test_pages_are_drawn(place, images, language, theme):
    with a_browser() as browser, a_page(browser, language, theme, 1280) as page:
        page.context.add_cookies([{"name": "ollascope-everything", "value": "1", "url": place}])
        walk(page, f"{place}/")
        page.wait_for_selector("[data-part=machine] .gauge", timeout=PATIENCE_MS)
        page.wait_for_timeout(3000)  # two looks at the machine, or its gauges say nothing
        draw(page, images / f"now-{language}.png")
        walk(page, f"{place}/test/shown")
        page.wait_for_selector("svg", timeout=PATIENCE_MS)
        draw(page, images / f"test-{language}.png")
        walk(page, f"{place}/models/playground")
        page.locator("#question").fill("What is Ollascope?" if language == "en" else "Ollascope 是什么？")
        page.keyboard.press("Enter")
        page.wait_for_selector(".times", timeout=PATIENCE_MS)
        draw(page, images / f"playground-{language}.png")


def test_readme_shows_pictures_that_are_there():
    for name in ("README.md", "README.zh-CN.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        shown = [word.partition(")")[0] for word in text.split("](docs/images/")[1:]]
        assert shown
        assert all((IMAGES / image).is_file() for image in shown)


def draw(page, file):
    page.screenshot(path=file)
    assert file.stat().st_size > SMALLEST


def ask(data, *words):
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("OLLASCOPE", "OLLAMA"))}
    line = [sys.executable, "-P", "-m", "ollascope", "--data", str(data), *words]
    subprocess.run(line, env=kept | {"HOME": str(data)}, check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120)  # fmt: skip
