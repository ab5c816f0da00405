"""The server that a command talks to is reached, also where it has to be looked for."""

import os
import time

import pytest

from ollascope.engines.asking.place import Place, wanted
from ollascope.engines.asking.reaching import names_at_once, reach
from ollascope.engines.fake import Fake
from ollascope.engines.llamacpp.announced import Announced, announce
from ollascope.engines.ollama.discovery import USUAL, Found
from ollascope.engines.settings import Engines
from ollascope.processes.identity import identify
from ollascope.processes.state import Report, Standing, write_report
from ollascope.words.errors import BadSettings, ConnectFailed, TimedOut
from tests.contracts.fakes import fake_server
from tests.contracts.wires import HOLD, wire

NONE = Found(url=USUAL, how="default", said=("nothing answers",), hint="install it")


def nobody():
    raise BadSettings("there is no home folder", hint="set OLLASCOPE_DATA")


def test_nothing_that_answers_is_told_with_what_to_do(tmp_path):
    for data in (lambda: tmp_path, nobody):
        with pytest.raises(ConnectFailed) as caught:
            reach(wanted(Engines(), Place()), data, print, lambda: NONE)
        assert caught.value.message == "nothing answers"
        assert caught.value.hint.startswith("install it; `ollascope up` starts")


@pytest.mark.parametrize(
    ("state", "more", "said"),
    [
        ("waiting", {"held": "its library is being built"}, "its library is being built; ask again in some minutes"),
        ("waiting", {}, "ask again in a moment"), ("starting", {}, "ask again in a moment"),
        ("failed", {"reason": "no compiler"}, "`ollascope status` tells why"),
        ("resting", {}, "`ollascope status` tells why"),
    ],
)  # fmt: skip
def test_embedded_engine_that_is_on_its_way_is_told(tmp_path, state, more, said):
    me = identify(os.getpid(), time.time())
    (tmp_path / "run").mkdir()
    children = {"engine": Standing(state=state, since=time.time(), **more)}
    write_report(tmp_path, Report(supervisor=me, children=children, settled=False))
    with pytest.raises(ConnectFailed) as caught:
        reach(wanted(Engines(), Place()), lambda: tmp_path, print, lambda: NONE)
    assert said in caught.value.hint
    assert "ollascope up" not in caught.value.hint


def test_ollama_that_is_found_is_taken(tmp_path):
    told = []
    with fake_server(Fake()) as server:
        found = Found(url=server.url, how="process", version="0.32.15")
        engine = reach(wanted(Engines(), Place()), lambda: tmp_path, told.append, lambda: found)
        assert engine.backend == server.url
        engine.close()
    assert told == []


def test_embedded_engine_answers_where_no_ollama_does(tmp_path):
    told = []
    with fake_server(Fake()) as server:
        announce(tmp_path, Announced(who=identify(os.getpid(), time.time()), url=server.url, model="demo", demo=True))
        engine = reach(wanted(Engines(), Place()), lambda: tmp_path, told.append, lambda: NONE)
        assert engine.backend == server.url
        engine.close()
    assert told == [f"DEMO: no Ollama answers; the embedded engine does, at {server.url}"]


def test_engine_that_is_named_is_not_looked_for():
    engine = reach(wanted(Engines(), Place(engine="fake")), nobody, print, nobody)
    assert engine.name == "fake"
    engine.close()


def test_names_come_at_once_or_not_at_all():
    with fake_server(Fake(models=("plain", "vectors"))) as server:
        assert names_at_once(wanted(Engines(), Place(url=server.url))) == ["plain:latest", "vectors:latest"]
    with wire(lambda _: [HOLD]) as silent, pytest.raises(TimedOut):
        names_at_once(wanted(Engines(), Place(url=silent.url)))
