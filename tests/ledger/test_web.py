"""The pages of History: bad input first, then what they show of real files."""

import csv
import io
import re
import time
from html import unescape

import orjson
import pytest

from ollascope.engines.flags import FLAGS
from ollascope.ledger.codec import encode
from ollascope.ledger.rolling import roll_up
from ollascope.ledger.segment import Origin, day_of, segment_name
from ollascope.ledger.settings import Ledger
from ollascope.ledger.writer import Writer
from ollascope.reports.words import chinese
from ollascope.words.call import Call
from ollascope.words.clock import Clock, utc_text
from ollascope.words.ids import Ids
from ollascope.words.sample import Process, Sample
from tests.web.site import make_site

NOW = 1_795_262_400.0  # 2026-11-21T12:00:00Z
ROOMS = {"ledger": "ollascope.ledger.web:pages"}
EVIL = "<img src=x onerror=alert(1)>\"'</script><script>alert(1)</script>"


@pytest.fixture
def site(tmp_path):
    return make_site(tmp_path, rooms=ROOMS, clock=Clock(wall=lambda: NOW))


@pytest.fixture
def ledger(site):
    return site.desk.data / "ledger"


def a_call(at, **said):
    usual = {"source": "gateway", "engine": "ollama", "model": "qwen3:8b", "outcome": "ok", "queue_s": 0.05,
             "load_s": 0.02, "prefill_s": 0.2, "first_chunk_s": 0.3, "end_s": 2.0, "tokens_in": 50,
             "tokens_out": 80}  # fmt: skip
    return Call(id=Ids(wall=lambda: at).next(), sent_at=at, **(usual | said))


def record(ledger, *records):
    with Writer(ledger, Ledger(), Origin.here("test")) as writer:
        for one in records:
            writer.call(one) if isinstance(one, Call) else writer.sample(one)
        assert writer.flush()


def ids_of(page):
    return re.findall(r'href="/history/calls/([^"?]+)\?at=', page.text)


@pytest.mark.parametrize("path", ["/history", "/history/calls", "/history/summary", "/api/v1/history", "/api/v1/calls"])
def test_empty_ledger_is_no_failure(site, path):
    assert site.client.get(path).status_code == 200


@pytest.mark.parametrize("query", [
    "range=zz", "since=yesterday", "until=1e999", "since=20&until=10", "slower=abc", "slower=-1", "slower=nan",
    "order=size", "after=x", "after=nan~", "order=total&after=5~x", "model=" + "x" * 501, "since=-5",
    "until=2026-13-41",
])  # fmt: skip
def test_nonsense_is_refused_with_one_line(site, query):
    for path in ("/history/calls", "/history/calls.csv", "/api/v1/calls"):
        if "after=" in query and path.endswith("csv"):
            continue
        answer = site.client.get(f"{path}?{query}")
        assert answer.status_code == 400, path
        assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    "query", ["range=zz", "range=own&since=9e9", "range=own&since=1&until=1795262400", "model=" + "x" * 501]
)
def test_nonsense_about_charts_is_refused(site, query):
    assert site.client.get(f"/history?{query}").status_code == 400


@pytest.mark.parametrize(("ago_s", "chosen"), [(600, "1h"), (7200, "6h"), (30_000, "24h"), (90_000, "24h")])
def test_charts_begin_with_the_time_that_was_recorded(site, ledger, ago_s, chosen):
    path = (
        ledger
        / day_of(NOW - ago_s)
        / segment_name("calls", day_of(NOW - ago_s), Ids(wall=lambda: NOW - ago_s).next(), Origin.here("test"))
    )
    path.parent.mkdir(parents=True)
    path.write_bytes(encode(a_call(NOW - ago_s)))
    assert f'<option value="{chosen}" selected>' in site.client.get("/history").text


def test_files_that_somebody_renamed_do_not_disturb_the_charts(site, ledger):
    record(ledger, a_call(NOW - 60))
    path = next(ledger.glob("*/calls-*"))
    path.rename(path.with_name("calls-mine.jsonl"))
    assert site.client.get("/history").status_code == 200


def test_list_and_api_are_put_in_order_by_a_value(site, ledger):
    calls = [a_call(NOW - number, end_s=float(number * 7 % 60), tokens_out=None) for number in range(1, 60)]
    record(ledger, *calls)
    first = site.client.get("/api/v1/calls?order=total&limit=40").get_json()
    last = site.client.get(
        "/api/v1/calls", query_string={"order": "total", "limit": 40, "after": first["next"]}
    ).get_json()
    told = [call["end_s"] for call in (*first["calls"], *last["calls"])]
    assert told == sorted((call.end_s for call in calls), reverse=True)
    assert (first["whole"], last["next"]) == (True, None)
    page = site.client.get("/history/calls?order=tokens-out").text
    assert "no such Calls" in page or "no Calls yet" in page


@pytest.mark.parametrize("day", ["nonsense", "2026-02-30", "2030-01-01", "1960-01-01", "<script>"])
def test_day_that_is_none_is_refused(site, day):
    assert site.client.get("/history/summary", query_string={"day": day}).status_code == 400


@pytest.mark.parametrize("path", ["/history/calls/nobody", "/history/calls/a/b",
                                  "/history/calls/" + "x" * 600,
                                  "/history/calls/%00?at=nan", "/history/calls/x?at=abc",
                                  "/api/v1/calls/nobody"])  # fmt: skip
def test_call_that_is_not_there_is_not_found(site, path):
    assert site.client.get(path).status_code == 404


def test_program_that_asks_for_nothing_there_is_led_to_what_there_is(site):
    for path in ("/api/v1/calls/nobody", "/api/v1/nothing"):
        assert "openapi.json" in site.client.get(path).json["error"]["hint"]


def test_ledger_that_is_a_file_is_told(site, ledger):
    ledger.write_text("")
    for path in ("/history", "/history/calls", "/history/summary"):
        assert site.client.get(path).status_code in {200, 500}
        assert "bug" not in site.client.get(path).text


def test_foreign_text_is_shown_harmlessly(site, ledger):
    call = a_call(NOW - 60, model=EVIL, source=EVIL, outcome=EVIL, note=EVIL, flags=(EVIL,), load_s=5.0)
    record(ledger, call)
    roll_up(ledger)
    paths = ["/history", "/history/calls", f"/history/calls/{call.id}", "/history/summary"]
    for path in [*paths, "/history/calls?" + "model=%3Cscript%3Ealert(1)%3C/script%3E"]:
        page = site.client.get(path)
        assert page.status_code == 200, path
        assert "<img src=x" not in page.text, path
        assert "<script>alert" not in page.text, path


def test_list_has_the_newest_first_and_goes_on_page_by_page(site, ledger):
    calls = [a_call(NOW - 1000 + number) for number in range(120)]
    record(ledger, *calls)
    found, address = [], "/history/calls"
    while address:
        page = site.client.get(address)
        found += ids_of(page)
        more = re.search(r'rel="next" href="([^"]+)"', page.text)
        address = unescape(more[1]) if more else None
    assert found == [call.id for call in reversed(calls)]


@pytest.mark.parametrize(("query", "meant"), [
    ("model=b", {2}), ("outcome=timeout", {1}), ("outcome=failed", {1}), ("slower=5", {3}), ("range=1h", {0, 1, 2, 3}),
    ("source=log", {4}), ("since=1795255100&until=1795255300&range=own", {4}), ("engine=none", set()),
])  # fmt: skip
@pytest.mark.parametrize("summed", [False, True])
def test_filters_leave_what_is_meant(site, ledger, query, meant, summed):
    calls = [a_call(NOW - 100), a_call(NOW - 90, outcome="timeout"), a_call(NOW - 80, model="b"),
             a_call(NOW - 70, end_s=9.0), a_call(NOW - 7200, source="log")]  # fmt: skip
    record(ledger, *calls)
    if summed:
        roll_up(ledger)
    assert set(ids_of(site.client.get(f"/history/calls?{query}"))) == {calls[number].id for number in meant}


def test_tests_and_demos_are_left_out_until_the_switch_is_set(site, ledger):
    record(ledger, a_call(NOW - 9), a_call(NOW - 8, source="bench"), a_call(NOW - 7, model="demo:latest"))
    assert len(ids_of(site.client.get("/history/calls"))) == 1
    assert "DEMO" not in site.client.get("/history/calls").text
    assert "not counted: 2" in site.client.get("/history?range=1h").text
    site.post("/preferences", {"everything": "1", "next": "/history"})
    page = site.client.get("/history/calls")
    assert len(ids_of(page)) == 3
    assert "DEMO" in page.text
    assert "DEMO" in site.client.get("/history?range=1h").text


def test_one_call_tells_where_its_time_went_and_what_its_flags_mean(site, ledger):
    call = a_call(NOW - 60, flags=("prompt-truncated", "invented-later"), first_answer_s=0.9, load_cause="evicted")
    record(ledger, call)
    page = site.client.get(f"/history/calls/{call.id}")
    for told in (FLAGS["prompt-truncated"], "invented later", "waiting in the queue", "loading the model", "thinking",
                 "reading the prompt", "writing the answer", "another model had pushed it out", call.id):  # fmt: skip
        assert told in page.text
    assert "None" not in page.text
    told = site.client.get(f"/api/v1/calls/{call.id}").get_json()
    assert told["meant"][0] == FLAGS["prompt-truncated"]
    assert told["metrics"]["ttft_s"] == 0.3


def test_call_of_which_nothing_was_measured_has_a_page(site, ledger):
    call = Call(id="bare", sent_at=NOW - 5, source="log", outcome="connect-failed")
    record(ledger, call)
    page = site.client.get(f"/history/calls/bare?at={call.sent_at!r}")
    assert page.status_code == 200
    assert "no times were measured" in page.text
    assert "not measured" in page.text


def test_call_with_an_odd_id_is_linked_and_found(site, ledger):
    record(ledger, a_call(NOW - 5, note="odd").__class__(id="a/b c?&ü", sent_at=NOW - 5, source="log", outcome="ok"))
    (link,) = re.findall(r'href="(/history/calls/[^"]+at=[^"]+)"', site.client.get("/history/calls").text)
    assert site.client.get(unescape(link)).status_code == 200


def test_exports_hold_what_the_list_shows(site, ledger):
    calls = [a_call(NOW - 100 + number, model="=1+1" if number == 3 else "m") for number in range(7)]
    record(ledger, *calls, a_call(NOW - 200, source="bench"))
    rows = list(csv.DictReader(io.StringIO(export(site, "/history/calls.csv?range=1h"))))
    assert [row["id"] for row in rows] == [call.id for call in reversed(calls)]
    assert rows[3]["model"] == "'=1+1"
    lines = export(site, "/history/calls.jsonl?model=m").splitlines()
    assert [orjson.loads(line)["id"] for line in lines] == [call.id for call in reversed(calls) if call.model == "m"]
    assert site.client.get("/history/calls.xml").status_code == 404


def test_exports_are_as_many_as_there_are_threads_for(site, ledger):
    record(ledger, *(a_call(NOW - number) for number in range(9)))
    held = [site.client.get("/history/calls.jsonl", buffered=False) for _ in range(2)]
    assert site.client.get("/history/calls.jsonl").status_code == 429
    for answer in held:
        answer.close()
    assert site.client.get("/history/calls.jsonl").status_code == 200


def test_charts_count_summed_and_new_requests_once_each(site, ledger):
    record(
        ledger, *(a_call(NOW - 1800 + number, outcome="timeout" if number % 5 == 0 else "ok") for number in range(50))
    )
    roll_up(ledger)
    record(ledger, *(a_call(NOW - 60 + number) for number in range(10)))
    told = site.client.get("/api/v1/history?range=1h").get_json()
    assert sum(told["requests"]) == told["now"]["requests"] == 60
    assert sum(told["failed"]) == 10
    assert told["missing"] == 0
    assert told["percentiles"]["ttft_s"]["p50"][-1] == pytest.approx(0.3, rel=0.01)
    assert sum(map(sum, told["heat"]["ttft_s"]["counts"])) <= 60
    assert sum(told["histogram"]["total_s"]["counts"]) == 60
    assert len(told["at"]) == len(told["requests"])
    page = site.client.get("/history?range=1h")
    assert "16.7 %" in page.text


def test_charts_compare_with_the_time_before(site, ledger):
    record(
        ledger,
        *(a_call(NOW - 5400 + number) for number in range(20)),
        *(a_call(NOW - 900 + number) for number in range(30)),
    )
    told = site.client.get("/api/v1/history?range=1h").get_json()
    assert (told["now"]["requests"], told["before"]["requests"]) == (30, 20)
    assert "before: 20 (+50 %)" in site.client.get("/history?range=1h").text


@pytest.mark.parametrize(("query", "count"), [("model=b", 1), ("engine=vllm", 1), ("source=log", 1), ("model=none", 0)])
def test_charts_are_filtered(site, ledger, query, count):
    record(
        ledger,
        a_call(NOW - 50),
        a_call(NOW - 40, model="b"),
        a_call(NOW - 30, engine="vllm"),
        a_call(NOW - 20, source="log"),
    )
    told = site.client.get(f"/api/v1/history?range=1h&{query}").get_json()
    assert told["now"]["requests"] == count


def test_loads_restarts_and_the_machine_stand_on_the_same_axis(site, ledger):
    servers = [Process(role="server", pid=1)] * 60 + [Process(role="server", pid=2)] * 60
    samples = [
        Sample(at=NOW - 600 + 5 * number, cpu_ratio=0.25, memory_available_bytes=25, memory_total_bytes=100,
               processes=(server,)) for number, server in enumerate(servers)
    ]  # fmt: skip
    record(ledger, a_call(NOW - 300, load_s=7.5, end_s=12.0), *samples)
    told = site.client.get("/api/v1/history?range=1h").get_json()
    assert [(event["kind"], event["at"]) for event in told["events"]] == [("load", NOW - 300), ("restart", NOW - 300)]
    assert "7.5 s" in told["events"][0]["text"]
    readings = told["machine"]["readings"]
    assert {value for value in readings["cpu_ratio"] if value is not None} == {0.25}
    assert {value for value in readings["memory_ratio"] if value is not None} == {0.75}
    assert told["machine"]["at"][0] == told["at"][0]


@pytest.mark.parametrize("name", ["1h", "6h", "24h", "7d", "30d"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_range_has_its_page_in_both_languages(site, ledger, name, language):
    record(ledger, a_call(NOW - 50))
    page = site.client.get(f"/history?range={name}", headers={"Accept-Language": language})
    assert page.status_code == 200
    assert ("历史" in page.text) == (language == "zh")


def test_day_is_reported_and_compared_with_the_day_before(site, ledger):
    record(
        ledger,
        *(a_call(NOW - 86_400 + number) for number in range(40)),
        *(a_call(NOW - 2 * 86_400 + number) for number in range(20)),
    )
    day = day_of(NOW - 86_400)
    page = eventually(lambda: site.client.get(f"/history/summary?day={day}"), "Latency and speed")
    assert "Compared with the period before" in page.text
    assert f"/history/summary?day={day_of(NOW - 2 * 86_400)}" in page.text
    assert f"/history/summary?day={day_of(NOW)}" in page.text
    assert "/history/calls/" in page.text


def test_today_has_no_next_day(site):
    page = eventually(lambda: site.client.get("/history/summary"), "nothing was recorded")
    assert 'rel="next"' not in page.text


def test_long_day_comes_from_its_sums(site, ledger, monkeypatch):
    monkeypatch.setattr("ollascope.monitor.history.daily.FEW", 10)
    start = NOW - NOW % 86_400 - 86_400
    calls = [a_call(start + 10 * number, end_s=2.0 + number / 100, model="ab"[number % 2]) for number in range(400)]
    record(ledger, *calls)
    roll_up(ledger)
    page = eventually(lambda: site.client.get(f"/history/summary?day={day_of(start)}"), "Slowest requests")
    assert "400" in page.text
    assert calls[-1].id in page.text
    assert "By model" in page.text


def test_summary_speaks_as_a_page_and_not_as_a_command(site, ledger):
    long = "a-model-" * 40
    call = a_call(NOW - 86_400, model=long)
    record(ledger, call, a_call(NOW - 86_400, source="bench"))
    page = eventually(lambda: site.client.get(f"/history/summary?day={day_of(call.sent_at)}"), "Slowest requests").text
    assert "the switch above counts them" in page
    assert "--all" not in page
    assert "ttft_s" not in page
    assert f'<span class="long" title="{long}">' in page
    assert page.count(f'datetime="{utc_text(call.sent_at)[:19]}') >= 1


def test_flags_are_told_in_chinese_too():
    assert [text for text in FLAGS.values() if text not in chinese()] == []


def export(site, address):
    """All of a file, as a browser keeps it."""
    with site.client.get(address) as answer:
        assert answer.status_code == 200
        assert "attachment" in answer.headers["Content-Disposition"]
        return answer.text


def eventually(ask, text):
    deadline = time.monotonic() + 20
    while text not in (page := ask()).text:
        assert page.status_code == 200
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return page
