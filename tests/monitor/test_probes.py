"""Known questions asked of a fake server: what is told, what is remembered, what is never kept."""

import json
import socket
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from ollascope.engines.fake.settings import Answering, Failing, Fake
from ollascope.engines.ollama.client import Ollama
from ollascope.engines.settings import Engines, OllamaAt, OpenAiAt
from ollascope.engines.wire import Patience
from ollascope.monitor.board import Board
from ollascope.monitor.exposition.gauges import Moment
from ollascope.monitor.exposition.metrics import Exposition
from ollascope.monitor.loop import Loop
from ollascope.monitor.probing.judging import TOLD_S, Heard, conditions_of, listen
from ollascope.monitor.probing.settings import Probes
from ollascope.monitor.probing.state import FORGOTTEN_S, Answers, Known, Place, remembered
from ollascope.monitor.probing.task import FILE, Probing, probing
from ollascope.words.alerts import AlertKind
from ollascope.words.clock import Clock
from ollascope.words.errors import Unsupported
from tests.contracts.fakes import fake_server
from tests.monitor.conftest import NOON

QUICK = Fake(ttft_s=0, gap_s=0, models=("plain", "bare", "vectors"))
CHANGED, FAILED, DOWN = AlertKind.ANSWER_CHANGED, AlertKind.PROBE_FAILED, AlertKind.BACKEND_DOWN


@pytest.fixture
def server():
    with fake_server(QUICK) as running:
        yield running


@pytest.fixture
def load(server):
    """Bring a model of the fake into memory, as a user would."""

    def loading(*models):
        with_patience = Ollama(server.url, Patience())
        for model in models:
            with_patience.load(model)
        with_patience.close()

    return loading


class Desk:
    """The task over a data folder, at a server, and what it leaves."""

    def __init__(self, data, engines, **said):
        self.board, self.calls, self.now, self.data = Board(), [], NOON, data
        probes = replace(Probes(enabled=True, timeout_s=5.0), **said)
        self.means = Probing(data=data, engines=engines, probes=probes, sink=self.calls.append,
                             clock=Clock(wall=lambda: self.now))  # fmt: skip
        self.task = probing(self.means, self.board)

    def turn(self):
        self.task.run()
        return self.told()

    def told(self):
        return {condition.kind: condition.active for condition in self.board.conditions}

    def condition(self, kind):
        (found,) = [condition for condition in self.board.conditions if condition.kind is kind]
        return found

    def page(self):
        moment = Moment(at=self.now, conditions=self.board.conditions)
        return Exposition(self.data / "ledger").page(moment).decode()


@pytest.fixture
def desk(data, server):
    def make(url=server.url, **said):
        return Desk(data, Engines(ollama=OllamaAt(url=url)), **said)

    return make


def say_otherwise(server, **said):
    """The fake is another from here on, at the same address."""
    server.source.settings = replace(server.source.settings, **said)


def test_server_that_does_not_answer_is_down(desk):
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # not listening: whoever connects is refused
        url = f"http://127.0.0.1:{held.getsockname()[1]}"
        made = desk(url=url)
        assert made.turn() == {DOWN: True}
    assert made.condition(DOWN).labels == {"backend": url}
    assert 'ollascope_backend_up{backend="' + url + '"} 0' in made.page()


def test_server_that_comes_back_is_not_down(data, desk, server, load):
    load("plain")
    made = desk()
    (data / FILE).parent.mkdir()
    (data / FILE).write_text(json.dumps({"backend": server.url, "down": "it is off"}))
    made = desk()
    assert made.told() == {DOWN: True}  # what was known before a restart is told at once
    assert made.turn() == {DOWN: False, FAILED: False, CHANGED: False}


def test_damaged_memory_begins_anew(data, desk, load):
    load("plain")
    data.mkdir()
    (data / FILE).write_text('{"known": [')
    assert desk().turn() == {DOWN: False, FAILED: False, CHANGED: False}
    assert json.loads((data / FILE).read_text())["known"]


@pytest.mark.parametrize("kind", ["status", "line", "cut", "garbage", "unfinished"])
def test_failing_answer_is_a_failed_probe_and_no_changed_answer(desk, server, load, kind):
    load("plain")
    made = desk()
    made.turn()
    say_otherwise(server, failures=Failing(kind=kind, after=0))
    assert made.turn() == {DOWN: False, FAILED: True, CHANGED: False}
    assert made.condition(FAILED).hint
    assert made.calls[-1].outcome != "ok"
    say_otherwise(server, failures=Failing())
    assert made.turn() == {DOWN: False, FAILED: False, CHANGED: False}


def test_model_that_says_nothing_in_time_fails(desk, server, load):
    load("plain")
    say_otherwise(server, failures=Failing(kind="stall", after=0))
    made = desk(timeout_s=0.3)
    assert made.turn() == {DOWN: False, FAILED: True}
    assert "0.3" in made.condition(FAILED).reason


def test_answer_that_drips_beyond_its_time_fails(desk, server, load):
    load("plain")
    say_otherwise(server, gap_s=0.12)
    made = desk(timeout_s=0.3)
    assert made.turn() == {DOWN: False, FAILED: True}
    assert "did not end its answer within 0.3 s" in made.condition(FAILED).reason


def odd_server(requests):
    """A server that has one model in memory, which says nothing, and that listens no more after so many requests."""

    class Odd(BaseHTTPRequestHandler):
        def do_GET(self):
            nonlocal requests
            requests -= 1
            if not requests:
                self.server.socket.close()
            said = {"models": [{"name": "m:1b", "model": "m:1b"}], "model": "m:1b", "done": True, "version": "0.32.15",
                    "message": {"role": "assistant", "content": ""}, "done_reason": "stop"}  # fmt: skip
            self.send_response(200)
            self.send_header("Content-Type", "application/x-ndjson" if self.path == "/api/chat" else "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(said).encode() + b"\n")

        do_POST = do_GET  # noqa: N815 - the name http.server wants

        def log_message(self, *_):
            pass

    return HTTPServer(("127.0.0.1", 0), Odd)


@pytest.mark.parametrize(("requests", "told"), [(100, {DOWN: False, FAILED: True}), (2, {DOWN: True})])
def test_answer_without_a_word_fails_and_server_that_leaves_is_down(desk, requests, told):
    server = odd_server(requests)

    def serve():
        left = requests
        while left and server.fileno() >= 0:
            server.handle_request()
            left -= 1

    server.timeout = 0.5
    threading.Thread(target=serve, daemon=True).start()
    made = desk(url=f"http://127.0.0.1:{server.server_port}", model="m:1b")
    try:
        assert made.turn() == told
        assert [call.source for call in made.calls] == ["probe"]
        assert not told.get(FAILED) or "without a word" in made.condition(FAILED).reason
    finally:
        server.server_close()


def test_server_that_hides_its_memory_needs_a_name(data, server):
    made = Desk(data, Engines(use="openai", openai=OpenAiAt(url=server.url)))
    with pytest.raises(Unsupported) as caught:
        made.task.run()
    assert "probes.model" in caught.value.hint
    named = Desk(data, Engines(use="openai", openai=OpenAiAt(url=server.url)), model="plain")
    assert named.turn() == {DOWN: False, FAILED: False, CHANGED: False}


def test_nothing_in_memory_is_not_asked(desk):
    made = desk()
    assert made.turn() == {DOWN: False}
    assert made.calls == []


def test_named_model_out_of_memory_is_not_loaded(desk, server, load):
    load("bare")
    made = desk(model="plain")
    assert made.turn() == {DOWN: False}
    engine = Ollama(server.url, Patience())
    assert [model.name.partition(":")[0] for model in engine.loaded()] == ["bare"]
    engine.close()


def test_models_in_memory_that_chat_are_asked(desk, load):
    load("plain", "bare", "vectors")
    made = desk()
    made.turn()
    assert {call.model.partition(":")[0] for call in made.calls} == {"plain", "bare"}


def test_probe_is_a_call_of_its_own_source(desk, server, load):
    load("plain")
    made = desk()
    made.turn()
    assert {(call.source, call.outcome, call.backend) for call in made.calls} == {("probe", "ok", server.url)}


def test_same_answer_costs_one_request(desk, load):
    load("plain")
    made = desk()
    made.turn()
    assert len(made.calls) == 2  # learnt from two
    assert made.turn()[CHANGED] is False
    assert len(made.calls) == 3


def test_another_answer_is_asked_again_and_told(desk, server, load):
    load("plain")
    made = desk()
    made.turn()
    say_otherwise(server, answer=Answering(tokens=5))
    assert made.turn() == {DOWN: False, FAILED: False, CHANGED: True}
    assert len(made.calls) == 4
    told = made.condition(CHANGED)
    assert "the model or its quantisation changed" in told.reason
    assert "its digest is the same" in told.reason
    assert told.labels["model"].startswith("plain")
    assert 'ollascope_probe_output_match{probe="known-answer"' in made.page()


def test_change_is_told_for_a_day_across_a_restart_and_then_is_usual(desk, server, load):
    load("plain")
    made = desk()
    made.turn()
    say_otherwise(server, answer=Answering(tokens=5))
    made.turn()
    again = desk()
    assert again.told()[CHANGED] is True
    assert again.turn()[CHANGED] is True
    again.now += TOLD_S + 1
    assert again.turn()[CHANGED] is False


def test_other_question_is_another_answer(desk, load):
    load("plain")
    desk().turn()
    asked = desk(prompt="Something else <|emoji|>")
    assert asked.turn() == {DOWN: False, FAILED: False, CHANGED: False}


def test_no_text_is_kept(data, desk, server, load):
    load("plain")
    made = desk(prompt="violin <|zh|>", max_tokens=64)
    made.turn()
    kept = "".join(path.read_text() for path in data.rglob("*") if path.is_file())
    assert server.url in kept
    assert "violin" not in kept + str(made.calls) + str(made.board.conditions)
    assert "世" not in kept + str(made.calls) + str(made.board.conditions)


def test_memory_that_cannot_be_written_is_a_failed_task_that_still_tells(tmp_path, server, load):
    load("plain")
    (tmp_path / "file").write_text("")
    made = Desk(tmp_path / "file", Engines(ollama=OllamaAt(url=server.url)))
    loop = Loop([made.task], threading.Event())
    loop.turn(made.task)
    assert "cannot be written" in loop.courses()["probes"].trouble
    assert made.told() == {DOWN: False, FAILED: False, CHANGED: False}  # it is told all the same


PLACE = Place(backend="http://b", model="m:1b", settings="s")
KNOWN = Known(backend="http://b", model="m:1b", settings="s", asked_at=NOON, answers=("a",), digest="sha256:1" * 2,
              since=NOON)  # fmt: skip


def heard(*answers, digest=KNOWN.digest):
    """Asked once more than there are answers is an error."""
    left = iter(answers)
    return Heard(place=PLACE, digest=digest, at=NOON + 600, ask=lambda: next(left))


def match(known):
    (found,) = [one for one in conditions_of(Answers(known={"k": known}), NOON + 600) if one.kind is CHANGED]
    return found


def test_answer_that_differs_once_is_no_change():
    known = listen(KNOWN, heard("b", "a"))
    assert (match(known).active, known.answers) == (False, ("a", "b"))
    assert "one differed" in match(known).reason
    assert "one differed" not in match(listen(known, heard("b"))).reason


def test_two_new_answers_that_differ_cannot_be_told():
    known = listen(KNOWN, heard("b", "c"))
    assert (match(known).active, known.answers) == (None, ("a",))
    assert "does not answer the same question alike" in match(known).reason


def test_new_digest_with_new_answers_is_a_change_however_they_differ():
    known = listen(KNOWN, heard("b", "c", digest="sha256:2"))
    assert match(known).active is True
    assert "its digest is 2, not 1" in match(known).reason


def test_new_digest_with_the_known_answer_is_no_change():
    known = listen(KNOWN, heard("a", digest="sha256:2"))
    assert (match(known).active, known.digest) == (False, "sha256:2")


def test_change_without_digests_says_so():
    known = listen(replace(KNOWN, digest=None), heard("b", "b", digest=None))
    assert "tells no digest" in match(known).reason


def test_failure_of_one_that_is_not_asked_any_more_cannot_be_told():
    failed = replace(KNOWN, failure="it broke")
    told = {one.kind: one.active for one in conditions_of(Answers(known={"k": failed}, asked=("k",)), NOON)}
    assert told[FAILED] is True
    gone = {one.kind: one.active for one in conditions_of(Answers(known={"k": failed}), NOON)}
    assert gone[FAILED] is None


def test_what_nobody_asked_for_long_is_forgotten():
    answers = Answers(known={"k": KNOWN})
    assert remembered(answers, NOON + FORGOTTEN_S - 1)
    assert not remembered(answers, NOON + FORGOTTEN_S)
