"""A person looks at models, orders what can be ordered, and talks with them: real processes, a real browser."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from urllib.parse import quote

import pytest

from ollascope.engines.llamacpp.installed import find_installed
from ollascope.ledger.reading import read_rows
from ollascope.ledger.segment import Origin
from ollascope.ledger.select import Where
from ollascope.ledger.settings import Ledger
from ollascope.ledger.writer import Writer
from ollascope.registry.gguf.scripted import write_scripted
from ollascope.settings.data import create
from ollascope.words.call import Call
from ollascope.words.ids import Ids
from tests.web.browser import LOOKS, a_browser, a_page, check_access, walk

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
PATIENCE_S = 30.0
LONG = "a-very-" + "long-" * 12 + "name:latest"
PAGES = ["/models", "/models?find=plain", "/models/about?name=plain:latest", "/models/create", "/models/playground"]
MARKDOWN = """# Title <b>x</b>
**bold** *it* `code <i>` [good](https://example.org/x) [bad](javascript:document.title='taken')
<img src=x onerror="document.title='taken'"><script>document.title='taken'</script>
![picture](https://example.org/y.png)

- one
  that goes on
  - deeper
1. first

| a | b |
|---|---|
| 1 | <svg onload="document.title='taken'"> |

```python
def f(x):  # says </code><script>document.title='taken'</script>
    return "text" + str(42)
```
"""
SHOW = """async text => {
    const own = document.querySelector('script[src$="playground.js"]').src;
    const { show } = await import(own.replace("playground.js", "markdown.js"));
    const place = document.createElement("div");
    place.id = "shown";
    document.querySelector("#pane-a .talk").append(place);
    for (let end = 1; end <= text.length; end += 7) show(place, text.slice(0, end), "copy");
    show(place, text, "copy");
}"""


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
    while not answers(port):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return f"http://127.0.0.1:{port}"


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


def truth(fake):
    """What the fake knows of its requests."""
    connection = http.client.HTTPConnection(fake.removeprefix("http://"), timeout=PATIENCE_S)
    try:
        connection.request("GET", "/fake/truth")
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def record(data):
    ids, now = Ids(), time.time()
    with Writer(data / "ledger", Ledger(), Origin.here("test")) as writer:
        for number in range(60):
            writer.call(
                Call(
                    id=ids.next(), sent_at=now - number * 1200, source="gateway", outcome="ok", engine="ollama",
                    model="plain", first_chunk_s=0.2 + number % 7 / 20, end_s=3.0, tokens_out=60, tokens_in=9,
                )
            )  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A dashboard beside a fake server: its address, that of the fake, and the data folder."""
    data = tmp_path_factory.mktemp("home") / "data"
    create(data)
    record(data)
    (data / "models").mkdir(mode=0o700)
    write_scripted(data / "models" / "own.gguf")
    with ExitStack() as held:
        fake, port = free_port(), free_port()
        models = f"scripted,plain,bare,vectors,{LONG}"
        told = [f"--set=fake.models={models}", "fake", "--port", str(fake)]
        where = begin(held, tmp_path_factory.mktemp("fake") / "data", fake, *told)
        chosen = [f"--set=addresses.dashboard={port}", f"--set=engines.ollama.url={where}"]
        yield begin(held, data, port, *chosen, "dashboard"), where, data


@contextmanager
def beside_a_real_server(folder, *, own):
    """A dashboard beside `ollascope serve`: over its own folder of models, or over one file."""
    if find_installed() is None:
        pytest.skip("llama-cpp-python is not installed")
    data = folder / "data"
    create(data)
    models = data / "models" if own else folder / "elsewhere"
    models.mkdir(mode=0o700)
    write_scripted(models / "tiny.gguf")
    engine, port = free_port(), free_port()
    with ExitStack() as held:
        what = [] if own else [str(models / "tiny.gguf")]
        where = begin(held, data, engine, "serve", *what, "--port", str(engine))
        chosen = [f"--set=addresses.dashboard={port}", f"--set=engines.ollama.url={where}"]
        yield begin(held, data, port, *chosen, "dashboard")


@pytest.fixture(scope="module")
def browser():
    with a_browser() as opened:
        yield opened


@pytest.mark.parametrize(("language", "theme"), LOOKS)
@pytest.mark.parametrize("width", [390, 2560])
def test_pages_are_sound_in_every_look(place, browser, language, theme, width):
    address, _, _ = place
    with a_page(browser, language, theme, width) as page:
        for path in (*PAGES, f"/models/about?name={quote(LONG)}"):
            walk(page, address + path)
            if "about" not in path:
                page.locator("main").get_by_text("scripted" if "find" not in path else "plain").first.wait_for(
                    state="attached"
                )
            check_access(page)


def test_model_is_brought_loaded_unloaded_and_removed(place, browser):
    address, _, _ = place
    with a_page(browser) as page:
        walk(page, f"{address}/models")
        page.get_by_role("button", name="get a model").click()
        page.get_by_label("name", exact=True).fill("brought:1b")
        page.get_by_role("button", name="get it").click()
        row = page.locator("[data-part=list] tr", has_text="brought:1b")
        row.wait_for()
        page.locator(".toast", has_text="brought:1b").wait_for()
        row.get_by_role("button", name="load").click()
        held = page.locator("[data-part=memory] tr", has_text="brought:1b")
        held.wait_for()
        held.get_by_role("button", name="unload").click()
        held.wait_for(state="detached")
        row.get_by_role("link", name="brought:1b", exact=True).click()
        page.get_by_role("button", name="delete").click()
        sure = page.locator("#delete").get_by_role("button", name="delete")
        assert sure.is_disabled()
        page.get_by_label("type its name to confirm").fill("brought")
        assert sure.is_disabled()
        page.get_by_label("type its name to confirm").fill("brought:1b")
        sure.click()
        page.wait_for_url("**/models")
        row.wait_for(state="detached")


def test_models_are_made_in_three_ways_and_a_path_is_refused(place, browser):
    address, _, _ = place
    with a_page(browser) as page:
        walk(page, f"{address}/models/create")
        forms = page.locator("form[data-send]")
        for number, name in enumerate(("from-model", "from-file", "from-text")):
            form = forms.nth(number)
            form.locator("[name=model]").fill(name)
            if number == 2:
                form.locator("[name=modelfile]").fill("FROM plain\nSYSTEM Be brief.")
            form.get_by_role("button", name="make it").click()
            page.locator(".works li[data-state=done]", has_text=name).wait_for()
        walk(page, f"{address}/models/about?name=from-text")
        page.locator("summary", has_text="system").click()
        page.get_by_text("Be brief.").first.wait_for()


def test_order_that_fails_says_why(place, browser):
    address, _, _ = place
    with a_page(browser) as page:
        walk(page, f"{address}/models")
        page.get_by_role("button", name="get a model").click()
        page.get_by_label("name", exact=True).fill("absent")
        page.get_by_role("button", name="get it").click()
        failed = page.locator(".works li[data-state=failed]", has_text="absent")
        failed.wait_for()
        assert failed.inner_text()


def test_name_is_given_once_more(place, browser):
    address, _, _ = place
    with a_page(browser) as page:
        walk(page, f"{address}/models/about?name=bare:latest")
        page.get_by_role("button", name="one more name").click()
        page.locator("#copy").get_by_label("name", exact=True).fill("second-name")
        page.get_by_role("button", name="give it").click()
        page.wait_for_url("**/models")
        page.locator("[data-part=list] tr", has_text="second-name").wait_for()


def test_server_of_one_file_offers_only_what_it_can(tmp_path, browser):
    with beside_a_real_server(tmp_path, own=False) as address, a_page(browser) as page:
        walk(page, f"{address}/models")
        page.get_by_text("it gets no models from elsewhere").wait_for()
        row = page.locator("[data-part=list] tr", has_text="tiny")
        row.wait_for()
        offered = {name: page.get_by_role("button", name=name).count() for name in ("get a model", "delete")}
        assert offered == {"get a model": 0, "delete": 0}
        assert page.get_by_role("link", name="make a model").count() == 0
        page.locator("[data-part=memory]").get_by_role("button", name="unload").click()
        row.get_by_role("button", name="load").click()
        page.locator(".works li[data-state=done]", has_text="loaded").last.wait_for()
        row.get_by_role("link", name="tiny:latest", exact=True).click()
        page.locator("[data-opens=load]").wait_for()
        assert page.locator("[data-opens=copy], [data-opens=delete], a[href^='/models/create']").count() == 0
        walk(page, f"{address}/models/create")
        page.get_by_text("this server cannot make models").wait_for()
        assert page.locator("form[data-send]").count() == 0
        check_access(page)


def test_server_of_its_own_folder_carries_out_all_that_is_offered(tmp_path, browser):
    with beside_a_real_server(tmp_path, own=True) as address, a_page(browser) as page:
        walk(page, f"{address}/models/about?name=tiny:latest")
        page.get_by_role("button", name="one more name").click()
        page.locator("#copy").get_by_label("name", exact=True).fill("other")
        page.get_by_role("button", name="give it").click()
        page.wait_for_url("**/models")
        row = page.locator("[data-part=list] tr", has_text="other")
        row.get_by_role("button", name="load").click()
        held = page.locator("[data-part=memory] tr", has_text="other")
        held.get_by_role("button", name="unload").click()
        held.wait_for(state="detached")
        walk(page, f"{address}/models/about?name=other")
        page.locator("[data-opens=load]").click()
        page.locator("#load").get_by_label("context").fill("512")
        page.locator("#load").get_by_role("button", name="load").click()
        page.locator(".works li[data-state=done]", has_text="loaded").first.wait_for()
        page.locator("[data-opens=delete]").click()
        page.get_by_label("type its name to confirm").fill("other")
        page.locator("#delete").get_by_role("button", name="delete").click()
        page.wait_for_url("**/models")
        row.wait_for(state="detached")
        assert page.locator(".works li[data-state=failed]").count() == 0


def test_speed_is_drawn_and_told_as_a_table(place, browser):
    address, _, _ = place
    with a_page(browser) as page:
        walk(page, f"{address}/models/about?name=plain:latest")
        page.locator("#rates .main-svg").first.wait_for()
        hours = page.evaluate("JSON.parse(document.querySelector('#rates .chart-data').textContent).data[0].x")
        cells = page.locator("#speed tbody time").all_text_contents()
        assert hours[-1][11:16] in cells[-1]  # both in the viewer's zone
        page.get_by_role("link", name="30 days").click()
        page.wait_for_url("**span=month**")
        page.locator("summary", has_text="the same as a table").click()
        assert page.locator("#speed tbody tr").count() >= 1


def test_conversation_is_streamed_timed_and_recorded_without_its_text(place, browser):
    address, _, data = place
    with a_page(browser) as page:
        walk(page, f"{address}/models/playground?model=scripted:latest")
        page.get_by_label("question").fill("What do you think? <|think|>")
        page.keyboard.press("Enter")
        answer = page.locator("#pane-a .turn.answered").first
        answer.locator(".times").wait_for()
        assert "Forty-two" in answer.inner_text()
        assert not answer.locator("details.thoughts").evaluate("one => one.open")
        answer.locator("details.thoughts summary").click()
        assert "Let me think" in answer.locator("details.thoughts").inner_text()
        assert answer.locator(".badge.demo").count() == 1
        page.get_by_label("question").fill("and now?")
        page.get_by_role("button", name="send").click()
        page.locator("#pane-a .times").nth(1).wait_for()
        check_access(page)
        assert page.evaluate("[localStorage.length, sessionStorage.length, location.search]") == [
            0, 0, "?model=scripted:latest"
        ]  # fmt: skip
        page.reload()
        assert page.locator("#pane-a .turn").count() == 0
    files = [path for path in data.rglob("*") if path.is_file() and path.suffix != ".gguf"]  # which holds its script
    kept = b"".join(path.read_bytes() for path in files)
    assert b"Forty" not in kept
    assert b"What do you think" not in kept


def test_answer_that_is_stopped_stops_the_model(place, browser):
    address, fake, data = place
    before = len(truth(fake)["requests"])
    with a_page(browser) as page:
        walk(page, f"{address}/models/playground?model=scripted:latest")
        page.get_by_label("question").fill("count <|loop|>")
        page.keyboard.press("Enter")
        page.locator("#pane-a .turn.answered .words", has_text="three").wait_for()
        page.get_by_role("button", name="stop").click()
        page.locator("#pane-a .times").wait_for()
        assert "stopped" in page.locator("#pane-a .under").inner_text()
        assert page.locator("#stop").is_hidden()
    wait_until(lambda: any(one["outcome"] == "cancelled" for one in truth(fake)["requests"][before:]))
    wait_until(lambda: [call.outcome for call in calls_of(data)].count("cancelled") >= 1)


def test_tab_that_is_closed_stops_the_model(place, browser):
    address, _, data = place
    before = [call.outcome for call in calls_of(data)].count("cancelled")
    with a_page(browser) as page:
        walk(page, f"{address}/models/playground?model=scripted:latest")
        page.get_by_label("question").fill("count <|loop|>")
        page.keyboard.press("Enter")
        page.locator("#pane-a .turn.answered .words", has_text="three").wait_for()
    wait_until(lambda: [call.outcome for call in calls_of(data)].count("cancelled") > before)


def test_two_models_answer_the_same_question(place, browser):
    address, _, _ = place
    with a_page(browser) as page:
        walk(page, f"{address}/models/playground")
        page.get_by_role("checkbox", name="two models").check()
        page.get_by_label("question").fill("hello")
        for order in ("turns", "together"):
            page.locator("#parameters summary").click()
            page.locator("#order").select_option(order)
            page.locator("#parameters summary").click()
            page.get_by_label("question").fill("hello")
            page.keyboard.press("Enter")
            count = 1 if order == "turns" else 2
            for side in ("a", "b"):
                page.locator(f"#pane-{side} .times").nth(count - 1).wait_for()
        assert page.locator("#model-a").input_value() != page.locator("#model-b").input_value()
        page.get_by_role("button", name="new conversation").click()
        assert page.locator(".turn").count() == 0


def test_parameters_are_sent(place, browser):
    address, _, _ = place
    with a_page(browser) as page:
        walk(page, f"{address}/models/playground?model=plain:latest")
        page.locator("#parameters summary").click()
        page.get_by_label("most tokens").fill("3")
        page.get_by_label("question").fill("hello")
        page.get_by_role("button", name="send").click()
        page.locator("#pane-a .times").wait_for()
        assert "3 tokens out" in page.locator("#pane-a .under").inner_text()


def test_question_is_copied_as_curl_and_as_python(place, browser):
    address, fake, _ = place
    with a_page(browser) as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        walk(page, f"{address}/models/playground?model=plain:latest")
        page.get_by_label("question").fill("it's me")
        page.get_by_role("button", name="copy as curl").click()
        page.locator(".toast").wait_for()
        assert page.evaluate("navigator.clipboard.readText()").startswith(f"curl -N {fake}/api/chat")
        page.get_by_role("button", name="copy as Python").click()
        page.locator(".toast").nth(1).wait_for()
        compile(page.evaluate("navigator.clipboard.readText()"), "snippet", "exec")


def test_what_a_model_says_is_shown_and_never_run(place, browser):
    address, _, _ = place
    with a_page(browser) as page:
        walk(page, f"{address}/models/playground")
        page.evaluate(SHOW, MARKDOWN)
        shown = page.locator("#shown")
        assert shown.locator("img, script, svg, iframe, i, b").count() == 0
        assert [one.get_attribute("href") for one in shown.locator("a").all()] == [
            "https://example.org/x", "https://example.org/y.png"
        ]  # fmt: skip
        assert shown.locator("strong").inner_text() == "bold"
        assert shown.locator("ul ul li").inner_text() == "deeper"
        assert shown.locator("ul li").first.inner_text().startswith("one that goes on")
        assert shown.locator("ol li").inner_text() == "first"
        assert shown.locator("td").count() == 2
        assert shown.locator(".t-keyword").first.inner_text() == "def"
        assert "</code><script>" in shown.locator("pre").inner_text()
        page.wait_for_timeout(50)
        assert page.title() != "taken"


def calls_of(data):
    return [call for call in read_rows(data / "ledger", Where()) if call.source == "playground"]


def wait_until(claim):
    deadline = time.monotonic() + PATIENCE_S
    while not claim():
        assert time.monotonic() < deadline
        time.sleep(0.05)
