"""A person looks back: charts, Calls, one Call and a day, in a real browser over real files."""

import time
from contextlib import ExitStack

import pytest

from ollascope.ledger.rolling import roll_up
from ollascope.ledger.segment import Origin
from ollascope.ledger.settings import Ledger
from ollascope.ledger.writer import Writer
from ollascope.settings.data import create
from ollascope.words.call import Call
from ollascope.words.ids import Ids
from ollascope.words.sample import Sample
from tests.flows.test_dashboard_in_browser import begin, free_port
from tests.web.browser import LOOKS, a_browser, a_page, check_access, walk

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
PATIENCE_MS = 30_000
EVIL = "<img src=x onerror=document.title='taken'>\"'><script>document.title='taken'</script>"
LONG = "hf.co/an-organisation-with-a-long-name/" + "A-Model-" * 14 + "GGUF:Q4_K_M"
CHARTS = ("ttft", "requests", "total", "tpot", "tokens", "heat", "histogram", "machine")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A dashboard over two days of Calls; its address and the id of one of them."""
    data = tmp_path_factory.mktemp("home") / "data"
    create(data)
    now = time.time()
    with ExitStack() as held:
        with Writer(data / "ledger", Ledger(), Origin.here("test")) as writer:
            ids = Ids()
            for number in range(400):
                at = now - 400 * (400 - number)
                writer.call(Call(
                    id=ids.next(), sent_at=at, source="gateway", engine="ollama", model=(LONG, EVIL, "m")[number % 3],
                    outcome="timeout" if number % 40 == 0 else "ok", queue_s=0.02, prefill_s=0.1,
                    load_s=4.0 if number == 390 else 0.02, first_chunk_s=0.2 + number % 7 / 10, end_s=2.0 + number % 11,
                    tokens_in=40,
                    tokens_out=90, flags=("prompt-truncated", EVIL) if number == 399 else (),
                ))  # fmt: skip
                writer.sample(Sample(at=at, cpu_ratio=0.4, memory_available_bytes=4, memory_total_bytes=9))
            assert writer.flush()
        roll_up(data / "ledger")
        port = free_port()
        told = [f"--set=addresses.dashboard={port}", "--set=engines.ollama.url=http://127.0.0.1:9"]
        yield begin(held, data, port, *told, "dashboard")


@pytest.fixture(scope="module")
def browser():
    with a_browser() as opened:
        yield opened


def open_charts(page, address):
    walk(page, address)
    for name in CHARTS:
        page.wait_for_selector(f"#{name} .plot-container", timeout=PATIENCE_MS)


@pytest.mark.parametrize(("language", "theme"), LOOKS)
@pytest.mark.parametrize("width", [390, 1440])
def test_every_page_is_sound_in_every_look(place, browser, language, theme, width):
    with a_page(browser, language, theme, width) as page:
        open_charts(page, f"{place}/history")
        check_access(page)
        walk(page, f"{place}/history/calls")
        check_access(page)
        page.locator("tbody a").first.click()
        page.wait_for_selector(".waterfall")
        check_access(page)
        page.goto(f"{place}/history/summary?day=yesterday")
        page.wait_for_selector(".drawing svg", timeout=PATIENCE_MS)
        check_access(page)
        assert page.title() != "taken"


def test_range_and_filter_change_the_charts_and_lead_to_their_calls(place, browser):
    with a_page(browser) as page:
        open_charts(page, f"{place}/history")
        page.get_by_label("time", exact=True).select_option("6h")
        page.get_by_label("model", exact=True).select_option("m")
        page.get_by_role("button", name="show").click()
        page.wait_for_url("**range=6h**")
        page.wait_for_selector("#ttft .plot-container")
        assert page.locator("tbody .name").first.inner_text() == "m"
        page.get_by_role("link", name="these Calls").click()
        page.wait_for_url("**/history/calls?**")
        assert set(page.locator("td.name").all_inner_texts()) == {"m"}


def test_own_range_is_of_the_viewer_s_clock(place, browser):
    with a_page(browser) as page:
        walk(page, f"{place}/history/calls")
        page.get_by_label("time", exact=True).select_option("own")
        page.get_by_label("from", exact=True).fill("2026-01-01T08:00:00")
        page.get_by_role("button", name="show").click()
        page.wait_for_url("**since=1767225600**")
        assert page.get_by_label("from", exact=True).input_value().startswith("2026-01-01T08:00")
        page.get_by_role("link", name="clear").click()
        page.wait_for_url(f"{place}/history/calls")


def test_list_goes_on_page_by_page_and_back_to_its_top(place, browser):
    with a_page(browser) as page:
        walk(page, f"{place}/history/calls")
        first = page.locator("tbody a").first.get_attribute("href")
        page.get_by_role("link", name="next page").click()
        page.wait_for_url("**after=**")
        assert page.locator("tbody a").first.get_attribute("href") != first
        page.get_by_role("link", name="to the top").click()
        page.wait_for_url(f"{place}/history/calls")
        assert page.locator("tbody a").first.get_attribute("href") == first


def test_list_is_sorted_and_filtered_by_outcome_and_time_taken(place, browser):
    with a_page(browser) as page:
        walk(page, f"{place}/history/calls")
        page.get_by_label("outcome", exact=True).select_option("failed")
        page.get_by_label("Slower than").fill("3")
        page.get_by_label("order", exact=True).select_option("oldest")
        page.get_by_role("button", name="show").click()
        page.wait_for_url("**slower=3**")
        assert set(page.locator("tbody .badge.problem").all_inner_texts()) == {"timeout"}


def test_titles_of_columns_put_all_calls_in_order(place, browser):
    with a_page(browser) as page:
        walk(page, f"{place}/history/calls?outcome=ok")
        page.get_by_role("columnheader", name="total").get_by_role("link").click()
        page.wait_for_url("**order=total**")
        assert set(page.locator("tbody tr td:nth-child(5)").all_inner_texts()) == {"12 s", "11 s"}
        assert page.get_by_role("columnheader", name="total").get_attribute("aria-sort") == "descending"
        page.get_by_role("link", name="next page").click()
        page.wait_for_url("**after=**")
        assert set(page.locator("tbody tr td:nth-child(5)").all_inner_texts()) == {"11 s", "10 s"}
        page.get_by_role("columnheader", name="sent").get_by_role("link").click()
        page.wait_for_url("**order=newest**")
        assert page.get_by_role("columnheader", name="sent").get_attribute("aria-sort") == "descending"
        page.get_by_role("columnheader", name="sent").get_by_role("link").click()
        page.wait_for_url("**order=oldest**")


def test_list_is_saved_as_a_file(place, browser):
    with a_page(browser) as page:
        walk(page, f"{place}/history/calls?outcome=timeout")
        for name in ("CSV", "JSONL"):
            with page.expect_download() as saved:
                page.get_by_role("link", name=name, exact=True).click()
            assert saved.value.suggested_filename == f"calls.{name.lower()}"


def test_call_s_flags_are_explained_and_its_link_is_copied(place, browser):
    with a_page(browser) as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        walk(page, f"{place}/history/calls")
        page.locator("tbody a").first.click()
        page.get_by_text("the model read only a part of it").wait_for()
        page.get_by_role("button", name="copy the link").click()
        page.wait_for_selector(".toast")
        link = page.evaluate("navigator.clipboard.readText()")
        walk(page, link)
        assert page.title() != "taken"
        page.get_by_role("link", name="all Calls").click()
        page.wait_for_url("**/history/calls")


def test_days_are_walked_through(place, browser):
    with a_page(browser) as page:
        page.goto(f"{place}/history/summary")
        page.wait_for_selector(".report", timeout=PATIENCE_MS)
        page.locator("a[rel=prev]").click()
        page.wait_for_url("**day=**")
        page.wait_for_selector(".report", timeout=PATIENCE_MS)
        page.get_by_text("Compared with the period before").wait_for()
        page.locator("a[rel=next]").click()
        page.wait_for_selector(".report", timeout=PATIENCE_MS)
        assert page.locator("a[rel=next]").count() == 0


def test_what_happened_is_marked_and_listed(place, browser):
    with a_page(browser) as page:
        open_charts(page, f"{place}/history")
        page.get_by_text("events").click()
        page.get_by_text("in 4 s").wait_for()
        assert page.title() != "taken"


def test_charts_follow_a_change_of_theme(place, browser):
    with a_page(browser) as page:
        open_charts(page, f"{place}/history")
        page.emulate_media(color_scheme="dark")
        page.wait_for_function("getComputedStyle(document.body).backgroundColor === 'rgb(13, 17, 23)'")


@pytest.mark.parametrize("count", [0, 1])
def test_charts_of_nothing_and_of_one_call_fit_a_phone(tmp_path, browser, count):
    data = tmp_path / "data"
    create(data)
    with ExitStack() as held:
        with Writer(data / "ledger", Ledger(), Origin.here("test")) as writer:
            for _ in range(count):
                writer.call(Call(id=Ids().next(), sent_at=time.time() - 60, source="gateway", outcome="ok", model="m",
                                 engine="ollama", first_chunk_s=0.3, end_s=2.0, tokens_out=9))  # fmt: skip
            assert writer.flush()
        port = free_port()
        told = [f"--set=addresses.dashboard={port}", "--set=engines.ollama.url=http://127.0.0.1:9"]
        address = begin(held, data, port, *told, "dashboard")
        with a_page(browser, width=390) as page:
            walk(page, f"{address}/history")
            if count:
                page.wait_for_selector("#ttft .plot-container", timeout=PATIENCE_MS)
                page.wait_for_selector("#heat .ytick text", timeout=PATIENCE_MS)
                inside = page.evaluate("document.documentElement.scrollWidth")
                assert inside <= page.evaluate("document.documentElement.clientWidth")
