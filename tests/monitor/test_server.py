"""The model server as the monitor sees it: down, back again, silent about its memory, never there at all."""

import socket
from dataclasses import replace

import pytest

from ollascope.apis.models import Model
from ollascope.engines.asking.reaching import survey
from ollascope.engines.fake import Fake
from ollascope.engines.ollama.client import Ollama
from ollascope.engines.settings import Engines, OllamaAt
from ollascope.monitor.board import Board, Server
from ollascope.monitor.exposition.gauges import Moment
from ollascope.monitor.exposition.metrics import Exposition
from ollascope.monitor.server import Looking, looking
from ollascope.words.alerts import AlertKind
from ollascope.words.clock import Clock
from tests.contracts.fakes import fake_server

AT = 1_763_726_400.0


class Desk:
    """One monitor's look at a server, and what its page says of it."""

    def __init__(self, data, url="", **said):
        self.board, self.data = Board(), data
        engines = Engines(ollama=OllamaAt(url=url)) if url else Engines()
        self.means = Looking(data=data, engines=engines, every_s=15, clock=Clock(wall=lambda: AT), **said)
        self.task = looking(self.means, self.board)

    def look(self):
        self.task.run()
        return [(condition.kind, condition.active) for condition in self.board.conditions]

    def page(self, later=0.0):
        moment = Moment(at=AT + later, server=self.board.server, conditions=self.board.conditions)
        lines = Exposition(self.data / "ledger").page(moment).decode().splitlines()
        return [line.removeprefix("ollascope_") for line in lines if "backend=" in line and "condition" not in line]


@pytest.fixture
def nobody():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # not listening: whoever connects is refused
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


def test_server_that_was_named_and_does_not_answer_is_down(data, nobody):
    desk = Desk(data, nobody)
    assert desk.look() == [(AlertKind.BACKEND_DOWN, True)]
    assert desk.page() == [f'backend_up{{backend="{nobody}"}} 0']


def test_where_nobody_was_named_and_nobody_answers_nothing_is_told(data):
    if survey().answers:
        pytest.skip("an Ollama answers on this machine")
    desk = Desk(data)
    assert desk.look() == []
    assert desk.page() == []


def test_models_in_memory_are_on_the_page_with_what_they_take(data):
    with fake_server(Fake(ttft_s=0, gap_s=0)) as server:
        engine = Ollama(server.url)
        engine.load("scripted")
        engine.close()
        desk = Desk(data, server.url)
        assert desk.look() == [(AlertKind.BACKEND_DOWN, False)]
        page = "\n".join(desk.page())
    place = f'{{backend="{server.url}",model="scripted:latest"}}'
    assert f'backend_up{{backend="{server.url}"}} 1' in page
    assert f'kind="ollama",version="{desk.board.server.version}"}} 1' in page
    assert f"model_loaded{place} 1" in page
    assert f"model_size_bytes{place} " in page
    assert f"model_expiry_timestamp_seconds{place} " in page


def test_looking_loads_nothing_and_keeps_nothing_in_memory(data):
    with fake_server(Fake(ttft_s=0, gap_s=0)) as server:
        desk = Desk(data, server.url)
        desk.look()
        assert desk.board.server.models == ()


def test_server_that_leaves_is_down_and_its_models_are_gone(data, nobody):
    desk = Desk(data, nobody)
    with fake_server(Fake(ttft_s=0, gap_s=0)) as server:
        desk.means = replace(desk.means, engines=Engines(ollama=OllamaAt(url=server.url)))
        looking(desk.means, desk.board).run()
        assert desk.board.server.answers
    looking(desk.means, desk.board).run()
    assert (desk.board.server.answers, desk.board.server.models) == (False, None)
    (condition,) = desk.board.conditions
    assert (condition.active, condition.for_s) == (True, 60.0)


def test_old_look_says_nothing_of_this_moment(data, nobody):
    desk = Desk(data, nobody, alarms=False)
    assert desk.look() == []
    assert desk.page(later=600) == []


def test_endless_names_make_no_endless_labels(data):
    desk = Desk(data)
    models = tuple(Model(name=f"m{number}" + "x" * 300, size=1) for number in range(3))
    desk.board.server = Server(at=AT, backend="b", kind="ollama", models=models)
    assert 'model_size_bytes{backend="b",model="other"} 1' in desk.page()
    assert max(map(len, desk.page())) < 150
