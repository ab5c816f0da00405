"""The monitor's tasks, each by hand: what they leave in the data folder."""

import re
import threading

import pytest

from ollascope.host.thresholds import Host
from ollascope.ledger.reading import read_calls, read_samples
from ollascope.ledger.rollups import has_rollups
from ollascope.ledger.sealed.sealing import upkeep
from ollascope.ledger.settings import Ledger
from ollascope.ledger.writer import Writer
from ollascope.logs.reading import OllamaSource
from ollascope.monitor.board import Board
from ollascope.monitor.exposition.gauges import Moment
from ollascope.monitor.exposition.metrics import Exposition
from ollascope.monitor.loop import Loop
from ollascope.monitor.past.daily import page_of
from ollascope.monitor.past.span import DAY_S
from ollascope.monitor.probing.settings import Probes
from ollascope.monitor.settings import Monitor
from ollascope.monitor.tasks import Tools, metrics_page, tasks_of
from ollascope.words.clock import Clock
from tests.logs.recorded import OLLAMA_032, log_lines, read_log
from tests.monitor.conftest import DAY, NOON, ORIGIN


@pytest.fixture
def writer(ledger):
    with Writer(ledger, Ledger(flush_ms=1), ORIGIN) as writer:
        yield writer


@pytest.fixture
def tasks(data, writer):
    """The tasks by their names, over these settings."""
    data.mkdir()
    made = []

    def make(**said):
        facts = {
            "data": data, "monitor": Monitor(), "host": Host(), "keeping": Ledger(), "ollama": OllamaSource(),
            "backend": None, "writer": writer,
            "exposition": Exposition(data / "ledger"), "make_page": lambda day, path: path.write_text(day),
        }  # fmt: skip
        made.extend(tasks_of(Tools(**{**facts, **said})))
        return {task.name: task for task in made}

    yield make
    for task in made:
        if task.close:
            task.close()


def test_machine_is_sampled_into_the_ledger(tasks, ledger, writer):
    tasks()["sample"].run()
    assert writer.flush()
    (sample,) = read_samples(ledger)
    assert sample.memory_total_bytes > 0


def test_nothing_recorded_is_nothing_to_sum(tasks, data):
    found = tasks()
    found["sums"].run()
    found["totals"].run()
    assert not (data / "ledger").exists()


def test_metrics_are_those_of_calls_and_machine(data, write, writer, make_call):
    write(make_call())
    tools = Tools(
        data=data, monitor=Monitor(), host=Host(), keeping=Ledger(), ollama=OllamaSource(), backend=None, writer=writer,
        exposition=Exposition(data / "ledger"), make_page=lambda *_: None,
    )  # fmt: skip
    for task in tasks_of(tools):
        if task.name in {"sample", "totals"}:
            task.run()
    page = metrics_page(tools).body.decode()
    assert re.search(r"^ollascope_gateway_requests_total\{.*\} 1$", page, re.MULTILINE)
    assert "ollascope_host_memory_available_bytes" in page


def test_calls_that_are_given_up_were_counted(tasks, ledger, write, make_call):
    write(make_call(), make_call())
    exposition = Exposition(ledger)
    now = NOON + 100 * DAY_S
    tasks(keeping=Ledger(calls_days=1), clock=Clock(wall=lambda: now), exposition=exposition)["upkeep"].run()
    assert not (ledger / DAY).exists()
    assert b"} 2" in exposition.page(Moment(at=now))


def test_new_calls_are_summed(tasks, ledger, write, make_call):
    write(make_call())
    tasks()["sums"].run()
    assert has_rollups(ledger)


def test_finished_files_are_compressed_and_old_ones_given_up(tasks, ledger, write, make_call):
    now = NOON + 100 * DAY_S
    write(make_call(), make_call(sent_at=now - DAY_S))
    tasks(keeping=Ledger(calls_days=90), clock=Clock(wall=lambda: now))["upkeep"].run()
    assert [path.suffix for path in ledger.glob("*/calls-*")] == [".gz"]
    assert not (ledger / DAY).exists()


def test_ledger_that_another_looks_after_is_a_failure_that_passes(tasks, ledger, write, make_call):
    write(make_call())
    task = tasks()["upkeep"]
    loop = Loop([task], threading.Event())
    with upkeep(ledger):
        loop.turn(task)
        assert "looked after" in loop.courses()["upkeep"].trouble
    loop.turn(task)
    assert loop.courses()["upkeep"].failures == 0


def test_pages_are_written_for_days_that_are_over(tasks, data, write, make_call):
    write(make_call())
    tasks(clock=Clock(wall=lambda: NOON + DAY_S))["daily"].run()
    assert page_of(data / "summaries", DAY).read_text() == DAY


def test_pages_may_be_switched_off(tasks):
    assert "daily" not in tasks(monitor=Monitor(daily=False))


def test_log_of_an_ollama_is_followed_only_where_one_is_named(tasks):
    assert "ollama-log" not in tasks()


def test_requests_in_the_log_of_an_ollama_become_calls_once(tasks, tmp_path, ledger, writer):
    log = tmp_path / "server.log"
    log.write_text("begun\n")
    task = tasks(ollama=OllamaSource(file=log))["ollama-log"]
    task.run()
    with log.open("a") as file:
        file.writelines(line + "\n" for line in log_lines(OLLAMA_032))
        file.write('[GIN] 2030/11/21 - 01:55:54 | 200 | 1ms | 127.0.0.1 | POST "/api/chat"\n')
    for _ in range(3):
        task.run()
    assert writer.flush()
    found = list(read_calls(ledger))
    assert len(found) == len({call.id for call in found}) == len(read_log(OLLAMA_032))
    assert {call.source for call in found} == {"ollama-log"}


def test_log_that_cannot_be_opened_is_tried_again(tasks, tmp_path):
    (tmp_path / "server.log").mkdir()
    task = tasks(ollama=OllamaSource(file=tmp_path / "server.log"))["ollama-log"]
    loop = Loop([task], threading.Event())
    loop.turn(task)
    assert loop.courses()["ollama-log"].failures == 1
    (tmp_path / "server.log").rmdir()
    (tmp_path / "server.log").write_text("")
    loop.turn(task)
    assert loop.courses()["ollama-log"].failures == 0


def test_known_questions_are_asked_only_where_that_is_wanted(tasks):
    assert "probes" not in tasks()
    assert tasks(probes=Probes(enabled=True, every_s=42))["probes"].every_s == 42


def test_scores_of_anomalies_are_on_the_page(data, writer):
    board = Board()
    board.scores = {("ttft", "m:1b", "http://b"): (4.5, True)}
    tools = Tools(
        data=data, monitor=Monitor(), host=Host(), keeping=Ledger(), ollama=OllamaSource(), backend=None, writer=writer,
        exposition=Exposition(data / "ledger"), make_page=lambda *_: None, board=board,
    )  # fmt: skip
    page = metrics_page(tools).body.decode()
    assert re.search(r'^ollascope_anomaly_score\{signal="ttft",.*\} 4.5$', page, re.MULTILINE)
    assert re.search(r'^ollascope_anomaly_active\{signal="ttft",.*\} 1', page, re.MULTILINE)
