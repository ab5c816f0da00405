"""The server that is measured: reached, described, and looked at again."""

import socket
from dataclasses import replace

import pytest

from ollascope.bench.asked import Asked, Ends, Level, Load, Target
from ollascope.bench.result import Server
from ollascope.bench.running.asking import counter
from ollascope.bench.running.target import is_same_host, look_again, opened, port_of, reach
from ollascope.engines.settings import Engines
from ollascope.words.errors import ConnectFailed, ModelMissing
from tests.bench.crooked import MODEL, Crooked, good, whole


def asked(url, model=MODEL, **said):
    ends = Ends(first_s=0.3, idle_s=0.3)
    return Asked(target=Target(url=url, model=model, **said), load=Load(levels=(Level(users=1),)), ends=ends)


def missing(connection, _request, _number):
    whole(connection, 404, {"error": "model 'x' not found"})


def test_server_that_is_absent_is_an_error():
    wanted = asked("http://127.0.0.1:1")
    with opened(wanted, "", Engines()) as engine, pytest.raises(ConnectFailed):
        reach(engine, wanted)


def test_server_that_hangs_is_gone_on_with():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        wanted = asked(f"http://127.0.0.1:{silent.getsockname()[1]}")
        with opened(wanted, "", Engines()) as engine:
            looked = reach(engine, wanted)
    assert "did not tell its models" in looked.notes[0]
    assert looked.server.model == MODEL


def test_unknown_model_is_told_with_near_names():
    with Crooked(missing) as server:
        wanted = asked(server.url, model="m:2b")
        with opened(wanted, "", Engines()) as engine, pytest.raises(ModelMissing) as caught:
            reach(engine, wanted)
    assert MODEL in caught.value.hint


def test_model_that_is_not_listed_but_answers_is_measured_with_a_note():
    with Crooked(good) as server:
        wanted = asked(server.url, model="hidden")
        with opened(wanted, "", Engines()) as engine:
            looked = reach(engine, wanted)
    assert "does not list hidden, but answers" in looked.notes[0]


def test_server_is_described_and_a_change_is_told_afterwards():
    with Crooked(good) as server:
        wanted = asked(server.url)
        with opened(wanted, "", Engines()) as engine:
            before = reach(engine, wanted).server
            assert (before.engine, before.version, before.same_host) == ("ollama", "0.32.15", True)
            assert before.extra["digest"] == "d"
            same = look_again(engine, wanted, replace(before, pids=(7,)), (7, 8))
            assert (same.changed, same.restarted) == ((), False)
            other = replace(before, version="0.31.0", extra={"digest": "e"}, pids=(6,))
            after = look_again(engine, wanted, other, (7,))
    assert after.restarted
    assert len(after.changed) == 3
    assert "0.31.0 before and is 0.32.15" in after.changed[0]


def test_server_that_is_gone_afterwards_is_told():
    wanted = asked("http://127.0.0.1:1")
    with opened(wanted, "", Engines()) as engine:
        assert look_again(engine, wanted, Server(), ()).changed == ("the server did not answer after the run",)


def test_server_counts_the_tokens_of_a_text():
    with Crooked(good) as server:
        wanted = asked(server.url)
        with opened(wanted, "", Engines()) as engine:
            assert counter(engine, wanted)("some words") == 9
        assert server.asked[0]["options"]["num_predict"] == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://localhost", "http://[::1]:5", "http://127.9.9.9"])
def test_this_machine_is_known_by_its_addresses(url):
    assert is_same_host(url)


@pytest.mark.parametrize("url", ["http://192.0.2.1", "http://no.such.host.invalid", "http://[2001:db8::1]"])
def test_other_machines_are_not_this_one(url):
    assert not is_same_host(url)


def test_port_is_the_usual_one_of_its_scheme():
    assert [port_of(url) for url in ("http://x", "https://x", "http://x:8")] == [80, 443, 8]
