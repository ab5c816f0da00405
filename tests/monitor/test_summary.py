"""`ollascope summary`: what counts is counted once, and what is not known is not told."""

import json
import re

import pytest

from ollascope.ledger.rolling import roll_up
from ollascope.ledger.select import COUNTED
from ollascope.ledger.summary import Question, summarise
from ollascope.monitor.alerts.keeping import Keeping
from ollascope.monitor.past.span import DAY_S, Span
from ollascope.monitor.summary import MOST_BUCKETS, SLOWEST, Asked, step_of, take_account
from tests.monitor.alerts.held import firing
from tests.monitor.conftest import DAY, NOON

SPAN = Span(since=NOON - DAY_S / 2, until=NOON + DAY_S / 2, name=DAY)


def account(ledger, **said):
    return take_account(ledger, Asked(span=SPAN, **said))


@pytest.mark.parametrize(
    "words",
    [("--day", "nonsense"), ("--day", "2999-01-01"), ("--last", "soon"), ("--day", "today", "--last", "1h"),
     ("--lang", "xx"), ("--html", "")],
)  # fmt: skip
def test_nonsense_is_refused_in_one_line(say, words):
    code, out, err = say("summary", *words)
    assert code == 2
    assert out == ""
    assert err.startswith("ollascope: ")


def test_nothing_recorded_at_all_is_said_and_fine(say, data):
    code, out, _ = say("summary")
    assert code == 0
    assert "nothing was recorded" in out
    assert not data.exists()


def test_nothing_recorded_is_nothing_in_json(facts):
    told = facts("summary", "--day", DAY)
    assert (told["requests"], told["outcomes"], told["metrics"], told["slowest"]) == (0, {}, {}, [])
    assert told["tokens_in"] is None


def test_ledger_that_cannot_be_read_is_named(say, data, ledger):
    data.mkdir()
    ledger.write_text("not a folder")
    code, _, err = say("summary")
    assert code == 1
    assert "ledger" in err


def test_page_that_cannot_be_written_is_named(say, tmp_path, write, make_call):
    write(make_call())
    code, _, err = say("summary", "--day", DAY, "--html", str(tmp_path / "none" / "page.html"))
    assert code == 1
    assert "page.html" in err


def test_damaged_lines_are_left_out_and_told(say, ledger, write, make_call):
    write(make_call(), make_call())
    segment = next((ledger / DAY).glob("calls-*.jsonl"))
    segment.write_bytes(segment.read_bytes() + b"{ nonsense\n")
    code, out, _ = say("summary", "--day", DAY)
    assert code == 0
    assert "1 records cannot be read" in out


def test_sums_that_are_no_database_do_not_hide_the_calls(facts, ledger, write, make_call):
    write(make_call())
    (ledger / "rollups.sqlite3").write_bytes(b"no database, but long enough to be taken for one" * 100)
    assert facts("summary", "--day", DAY)["requests"] == 1


def test_one_call_a_day_has_no_percentiles_beyond_its_own(facts, say, write, make_call):
    write(make_call(first_chunk_s=0.25))
    told = facts("summary", "--day", DAY)
    assert told["metrics"]["ttft_s"]["p50"] == 0.25
    assert "p95" not in told["metrics"]["ttft_s"]
    _, out, _ = say("summary", "--day", DAY)
    assert "are left out" in out
    assert "not measured" in out


def test_errors_are_told_by_their_code(facts, write, make_call):
    write(make_call(), make_call(outcome="timeout", first_chunk_s=None, end_s=None), make_call(outcome="timeout"))
    assert facts("summary", "--day", DAY)["outcomes"] == {"ok": 1, "timeout": 2}


def test_only_what_counts_is_counted_unless_all_is_asked_for(facts, write, make_call):
    write(make_call(), make_call(source="bench"), make_call(source="probe"), make_call(model="demo:latest"),
          make_call(parent="call-000000"))  # fmt: skip
    told = facts("summary", "--day", DAY)
    assert (told["requests"], told["left_out"], told["demo"]) == (1, 3, False)
    told = facts("summary", "--day", DAY, "--all")
    assert (told["requests"], told["left_out"], told["demo"]) == (4, 0, True)


@pytest.mark.parametrize(
    "said", [{"engine": "fake", "model": "mine"}, {"engine": "ollama", "model": "scripted:latest"}]
)
@pytest.mark.parametrize("summed", [False, True])
def test_fake_server_does_not_count_and_wears_its_badge(facts, say, ledger, write, make_call, said, summed):
    write(make_call(), make_call(**said), make_call(**said))
    if summed:
        roll_up(ledger)
    told = facts("summary", "--day", DAY)
    assert (told["requests"], told["left_out"], told["demo"]) == (1, 2, False)
    told = facts("summary", "--day", DAY, "--all")
    assert (told["requests"], told["demo"]) == (3, True)
    _, out, _ = say("summary", "--day", DAY, "--all")
    assert "DEMO" in out
    _, out, _ = say("summary", "--day", DAY)
    assert "2 requests of tests, probes and demos are not counted; --all counts them" in out


def test_alerts_that_fired_meanwhile_are_told(say, facts, data, write, make_call):
    write(make_call(model="m:1b"))
    others = firing("other", at=NOON, labels={"model": "other:7b"})
    Keeping(data / "alerts").remember([firing("slow", "critical", NOON, hint="look at it"), others], most=10)
    _, out, _ = say("summary", "--day", DAY)
    assert "slow is slow; look at it" in out
    assert [alert["name"] for alert in facts("summary", "--day", DAY)["alerts"]] == ["slow", "other"]
    assert [alert["name"] for alert in facts("summary", "--day", DAY, "--model", "m:1b")["alerts"]] == ["slow"]
    assert facts("summary", "--day", "2025-11-23")["alerts"] == []


def test_whoever_has_only_demo_requests_learns_how_to_see_them(say, write, make_call):
    write(make_call(model="demo"))
    _, out, _ = say("summary", "--day", DAY)
    assert "--all counts them" in out
    _, out, _ = say("summary", "--day", DAY, "--all")
    assert "DEMO" in out


def test_model_without_requests_is_answered_with_those_that_have_some(say, write, make_call):
    write(make_call(model="llama3.2:1b"), make_call(model="qwen3:0.6b"))
    code, out, _ = say("summary", "--day", DAY, "--model", "llama3.2")
    assert code == 0
    assert "llama3.2:1b, qwen3:0.6b" in out


def test_model_alone_is_counted(facts, write, make_call):
    write(make_call(), make_call(), make_call(model="other"))
    assert facts("summary", "--day", DAY, "--model", "m:1b")["requests"] == 2


def test_several_models_are_told_one_by_one(ledger, write, make_call):
    write(make_call(), make_call(), make_call(model="other"), make_call(model=None))
    found = account(ledger).models
    assert {name: one.requests for name, one in found.items()} == {"m:1b": 2, "other": 1, "": 1}


def test_slowest_are_the_slowest_first(ledger, write, make_call):
    write(*(make_call(end_s=float(number * 7 % 40)) for number in range(40)), make_call(end_s=None))
    assert [call.end_s for call in account(ledger).slowest] == [float(39 - number) for number in range(SLOWEST)]


def test_day_is_compared_with_the_day_before(facts, write, make_call):
    write(make_call(), make_call(), make_call(sent_at=NOON - DAY_S))
    assert facts("summary", "--day", DAY)["before"]["requests"] == 1


def test_last_hour_leaves_older_ones_out(facts, write, make_call, now):
    write(make_call(sent_at=now - 600), make_call(sent_at=now - 4000))
    told = facts("summary", "--last", "1h")
    assert (told["requests"], told["before"]["requests"]) == (1, 1)


def test_pieces_of_time_add_up_to_the_whole(ledger, write, make_call):
    write(*(make_call(sent_at=NOON + 977 * number, outcome="ok" if number % 3 else "timeout") for number in range(40)))
    found = account(ledger)
    assert sum(one.requests for one in found.buckets) == found.summary.requests == 40
    assert sum(one.failed for one in found.buckets) == 14
    assert len(found.buckets) <= MOST_BUCKETS


@pytest.mark.parametrize("length", [60, 3600, 86_400, 30 * 86_400, 4000 * 86_400])
def test_no_time_is_too_long_to_be_drawn(length):
    assert length / step_of(Span(since=0, until=length)) <= MOST_BUCKETS


def test_machine_is_told_where_it_was_measured(facts, say, write, make_call, make_sample, gpu):
    write(make_call(), make_sample(NOON), make_sample(NOON + 5, cpu_ratio=0.7, gpus=(gpu,)))
    machine = facts("summary", "--day", DAY)["machine"]
    assert machine["samples"] == 2
    assert machine["cpu_ratio"]["most"] == 0.7
    _, out, _ = say("summary", "--day", DAY)
    assert "GPU 0 (A card): in use" in out


def test_machine_that_was_not_measured_is_not_invented(say, write, make_call):
    write(make_call())
    _, out, _ = say("summary", "--day", DAY)
    assert "the machine was not measured" in out


def test_calls_that_are_not_rolled_up_yet_count(ledger, write, make_call):
    write(make_call(), make_call())
    roll_up(ledger)
    write(make_call())
    assert account(ledger).summary.requests == 3
    assert not account(ledger).from_sums


def test_calls_that_are_gone_are_told_from_their_sums(ledger, write, make_call):
    write(*(make_call(sent_at=NOON + 60 * number) for number in range(90)))
    roll_up(ledger)
    for segment in (ledger / DAY).glob("calls-*"):
        segment.unlink()
    found = account(ledger)
    assert found.from_sums
    assert found.summary == summarise(ledger, Question(where=found.asked.where(SPAN)))[()]
    assert sum(one.requests for one in found.buckets) == 90
    assert found.models["m:1b"].requests == 90
    assert found.asked.counted == COUNTED


def test_page_opens_offline_and_holds_its_charts(say, tmp_path, write, make_call):
    write(*(make_call(sent_at=NOON + 300 * number) for number in range(60)))
    page = tmp_path / "page.html"
    code, out, err = say("summary", "--day", DAY, "--html", str(page))
    assert (code, out) == (0, "")
    assert str(page) in err
    text = page.read_text()
    assert text.count("<svg") == 3
    assert re.search(r'(src|href)="https?:', text) is None


def test_page_escapes_what_clients_call_a_model(say, tmp_path, write, make_call):
    write(make_call(model="<script>alert(1)</script>"), make_call(model="a\x1b[2J"))
    page = tmp_path / "page.html"
    say("summary", "--day", DAY, "--html", str(page))
    assert "<script>alert" not in page.read_text()
    _, out, _ = say("summary", "--day", DAY)
    assert "\x1b" not in out


def test_page_and_json_can_be_had_together(say, tmp_path, write, make_call):
    write(make_call())
    _, out, _ = say("summary", "--day", DAY, "--json", "--html", str(tmp_path / "page.html"))
    assert json.loads(out)["requests"] == 1


def test_chinese_page_has_no_english_headings(say, tmp_path, write, make_call, make_sample):
    write(make_call(), make_call(model="b"), make_sample(NOON))
    code, out, _ = say("summary", "--day", DAY, "--lang", "zh")
    assert code == 0
    assert "摘要" in out
    assert not {"requests", "Outcomes", "Machine", "not measured", "reading"} & set(re.split(r"\s{2,}|\n", out))


def test_reading_changes_nothing_in_the_ledger(say, ledger, write, make_call):
    write(make_call())
    before = sorted((path.name, path.stat().st_size) for path in ledger.rglob("*"))
    say("summary", "--day", DAY)
    assert sorted((path.name, path.stat().st_size) for path in ledger.rglob("*")) == before
