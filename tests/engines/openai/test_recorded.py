"""Recorded answers of a llama-server and of two Ollamas' /v1, replayed: the same Chunks however they are cut."""

import pytest

from ollascope.apis.formats import answer_reader, read_request
from ollascope.apis.routes import find
from ollascope.engines.openai.client import OpenAi
from ollascope.engines.wire import Patience
from ollascope.engines.wire import exchange as wire
from ollascope.words.errors import Trouble
from ollascope.words.prompt import Prompt
from tests.contracts.transcripts import exchanges
from tests.engines.ollama.recorded import collected, replayed, title
from tests.engines.ollama.stage import staged

PATIENT = Patience(connect_s=5, first_s=10, idle_s=10, answer_s=10)
SERVERS = ("llama-server", "ollama-0.32.15", "ollama-0.24.0")


def action_of(exchange):
    found = find(exchange.method, exchange.path)
    return found.route.action if found and found.route.api == "openai" else None


SPOKEN = [
    exchange
    for server in SERVERS
    for exchange in exchanges(server)
    if exchange.method == "POST" and action_of(exchange) in {"chat", "generate"} and exchange.answer.status is not None
]


def prompt_of(exchange):
    """What was asked; where it was wrong on purpose, something right: how the answer is read is compared."""
    try:
        return read_request("openai", action_of(exchange), exchange.body)
    except Trouble:
        return Prompt(model="m", operation=action_of(exchange), text="x")


def meant(exchange):
    reader = answer_reader("openai", action_of(exchange), exchange.answer.header("content-type"))
    chunks = []
    try:
        chunks += reader.feed(exchange.answer.body)
        chunks += reader.finish()
    except Trouble as trouble:
        return chunks, type(trouble)
    return chunks, None


@pytest.mark.parametrize("exchange", SPOKEN, ids=title)
@pytest.mark.parametrize("most", [1, 13, 1 << 16])
def test_answer_is_the_same_however_it_is_cut(exchange, most, monkeypatch):
    if len(exchange.answer.body) > 50_000 and most == 1:
        most = 211
    monkeypatch.setattr(wire, "MOST_READ", most)
    with staged(lambda asked, _: [] if asked.method == "GET" else replayed(exchange)) as stage:
        engine = OpenAi(stage.url, PATIENT)
        with engine.stream(prompt_of(exchange)) as stream:
            chunks, trouble = collected(stream)
            status = stream.trace.status
        engine.close()
    assert status == exchange.answer.status
    if status != 200:
        assert chunks == []
        assert trouble is not None
        assert trouble.hint
        return
    expected, ends = meant(exchange)
    assert chunks == expected
    if exchange.end == "complete":
        assert (type(trouble) if trouble else None) is ends
    else:
        assert trouble is not None


def test_there_is_something_to_replay():
    assert len(SPOKEN) > 60
