"""Every recorded exchange of two real Ollamas, replayed: the same Chunks however it is cut, the same requests again."""

from dataclasses import replace

import pytest

from ollascope.apis.formats import read_request
from ollascope.engines.ollama.client import Ollama
from ollascope.engines.wire import Patience
from ollascope.engines.wire import exchange as wire
from ollascope.words.errors import ConnectionCut, NetworkTrouble, Trouble
from ollascope.words.prompt import Prompt
from tests.contracts.transcripts import Exchange, exchanges, lengthened
from tests.engines.ollama.recorded import ANSWERS, action_of, collected, every, meant, replayed, title
from tests.engines.ollama.stage import plain, staged

PATIENT = Patience(connect_s=5, first_s=10, idle_s=10, answer_s=10)
CUTS = (1, 7, 1 << 16)  # bytes that are taken from the socket at once
LONG = 50_000
SPOKEN = [one for one in every(*ANSWERS) if one.answer.status is not None]


def prompt_of(exchange: Exchange) -> Prompt | None:
    """What was asked; none where it was wrong on purpose."""
    try:
        return read_request("ollama", action_of(exchange), exchange.body)
    except Trouble:
        return None


def again(exchange: Exchange) -> Prompt:
    """A wrong question is replaced by a right one: what is compared is how the answer is read."""
    return prompt_of(exchange) or read_request("ollama", action_of(exchange), b'{"model":"m"}')


ASKED = [
    one for one in every(*ANSWERS, "embed") if isinstance(one.sent, dict) and "model" in one.sent and prompt_of(one)
]


def heard(exchange: Exchange, most: int, monkeypatch):
    monkeypatch.setattr(wire, "MOST_READ", most)
    with staged(lambda _asked, _stage: replayed(exchange)) as stage:
        engine = Ollama(stage.url, PATIENT)
        engine.watch.note(())
        with engine.stream(again(exchange)) as stream:
            chunks, trouble = collected(stream)
            status = stream.trace.status
        engine.close()
    return [replace(chunk, queue_s=None) for chunk in chunks], trouble, status


@pytest.mark.parametrize("exchange", SPOKEN, ids=title)
def test_answer_is_the_same_however_it_is_cut(exchange, monkeypatch):
    if exchange.answer.status != 200:
        _, trouble, status = heard(exchange, CUTS[0], monkeypatch)
        assert status == exchange.answer.status
        assert trouble is not None
        assert trouble.hint
        return
    chunks, ends = meant(exchange)
    small = len(exchange.answer.body) < LONG
    for most in CUTS if small else (211, 1009, CUTS[-1]):
        got, trouble, status = heard(exchange, most, monkeypatch)
        assert status == 200
        assert got == chunks
        if exchange.end == "complete":
            assert (type(trouble) if trouble else None) is ends
        else:
            assert isinstance(trouble, ConnectionCut)


@pytest.mark.parametrize("exchange", [one for one in every(*ANSWERS) if one.answer.status is None], ids=title)
def test_answer_that_never_began_is_a_network_trouble(exchange, monkeypatch):
    chunks, trouble, _ = heard(exchange, CUTS[-1], monkeypatch)
    assert chunks == []
    assert isinstance(trouble, NetworkTrouble)


@pytest.mark.slow
@pytest.mark.parametrize("exchange", [one for one in SPOKEN if len(one.answer.body) > LONG], ids=title)
def test_longest_answers_are_the_same_at_some_hundred_cuts(exchange, monkeypatch):
    chunks, _ = meant(exchange)
    for most in range(257, len(exchange.answer.body), 577):
        assert heard(exchange, most, monkeypatch)[0] == chunks


def test_some_answers_are_long():
    assert len([one for one in SPOKEN if len(one.answer.body) > LONG]) >= 2


def same_request(recorded: object, ours: object) -> bool:
    """Equal but for what is the default anyway."""
    recorded, ours = dict(recorded), dict(ours)
    for value in (recorded, ours):
        if value.get("stream") is True:
            del value["stream"]
        if isinstance(value.get("input"), list) and len(value["input"]) == 1:
            value["input"] = value["input"][0]
    if recorded.get("top_logprobs") == 0:
        del recorded["top_logprobs"]
    return recorded == ours


@pytest.mark.parametrize("exchange", ASKED, ids=title)
def test_request_is_the_recorded_one(exchange):
    prompt = prompt_of(exchange)
    with staged(lambda _asked, _stage: [plain(b"", 500)]) as stage:
        engine = Ollama(stage.url, PATIENT)
        engine.watch.note(())
        with pytest.raises(Trouble):
            engine.embed(prompt) if prompt.operation == "embed" else list(engine.stream(prompt))
        engine.close()
        asked = stage.main()[0]
    assert (asked.method, asked.path) == (exchange.method, exchange.path)
    assert asked.headers["content-type"] == "application/json"
    assert read_request("ollama", action_of(exchange), asked.body) == prompt
    assert same_request({key: lengthened(value) for key, value in exchange.sent.items()}, asked.json())


def test_every_version_was_replayed():
    assert {one.server for one in SPOKEN} == {"ollama-0.32.15", "ollama-0.24.0"}
    assert len(SPOKEN) > 150
    assert len([one for server in ("ollama-0.32.15", "ollama-0.24.0") for one in exchanges(server)]) == 449
    assert len(ASKED) > 130
