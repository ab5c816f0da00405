"""Which model answers where none was named."""

import json

import pytest

from ollascope.engines.asking.picking import pick_model
from ollascope.engines.fake import Fake
from ollascope.engines.fake.engine import FakeEngine
from ollascope.engines.fake.source import FakeSource
from ollascope.engines.ollama.client import Ollama
from ollascope.engines.openai.client import OpenAi
from ollascope.words.errors import ModelMissing
from ollascope.words.prompt import Prompt
from tests.contracts.wires import whole, wire


def engine_with(*names):
    return FakeEngine(FakeSource(Fake(models=names)))


def ollama_with(tags, loaded=(), cards=None):
    """An Ollama whose lists are these."""

    def script(asked):
        if asked.path == "/api/show":
            return [whole(json.dumps(cards[json.loads(asked.body)["model"]]).encode())]
        said = {
            "/api/tags": {"models": tags},
            "/api/ps": {"models": list(loaded)},
            "/api/version": {"version": "0.24.0"},
        }
        if asked.path not in said:
            return [whole(b"404 page not found", 404, "text/plain")]
        return [whole(json.dumps(said[asked.path]).encode())]

    return wire(script)


@pytest.mark.parametrize(("names", "what"), [((), "has no model"), (("vectors", "my-embed"), "that can chat")])
def test_no_model_that_can_chat_is_told(names, what):
    with pytest.raises(ModelMissing) as caught:
        pick_model(engine_with(*names))
    assert what in caught.value.message
    assert "ollascope models" in caught.value.hint


def test_model_in_memory_goes_first():
    engine = engine_with("scripted", "plain", "vectors")
    engine.embed(Prompt(model="vectors", operation="embed", inputs=("hi",)))
    engine.load("plain")
    picked = pick_model(engine)
    assert (picked.model, picked.why) == ("plain:latest", "it is in memory")


def test_smallest_that_can_chat_is_taken():
    tags = [
        {"name": "big", "size": 900, "capabilities": ["completion"]},
        {"name": "vectors", "size": 1, "capabilities": ["embedding"]},
        {"name": "small", "size": 100, "capabilities": ["completion", "tools"]},
    ]
    with ollama_with(tags) as server:
        engine = Ollama(server.url)
        assert pick_model(engine).model == "small"
        assert "smallest" in pick_model(engine).why
        engine.close()


def test_model_that_another_host_runs_is_not_taken_unasked():
    far = {"name": "far:cloud", "size": 1, "remote_host": "https://example.com", "capabilities": ["completion"]}
    near = {"name": "near", "size": 100, "capabilities": ["completion"]}
    with ollama_with([far, near], loaded=[{"name": "far:cloud", "size": 1}]) as server:
        engine = Ollama(server.url)
        picked = pick_model(engine)
        assert (picked.model, picked.why) == ("near", "it is the only one here")
        engine.close()
    with ollama_with([far]) as server:
        engine = Ollama(server.url)
        with pytest.raises(ModelMissing):
            pick_model(engine)
        engine.close()


def test_older_server_is_asked_what_a_model_can():
    tags = [{"name": "one", "size": 1}, {"name": "two", "size": 2}]
    cards = {"one": {"capabilities": ["embedding"]}, "two": {"capabilities": ["completion"]}}
    with ollama_with(tags, cards=cards) as server:
        engine = Ollama(server.url)
        assert pick_model(engine).model == "two"
        engine.close()


def test_server_that_does_not_tell_what_is_in_memory_has_its_first_model_taken():
    listed = {"data": [{"id": "a-model", "owned_by": "someone"}]}
    with wire(lambda _: [whole(json.dumps(listed).encode())]) as server:
        engine = OpenAi(server.url)
        assert pick_model(engine).model == "a-model"
        engine.close()


def test_server_that_cannot_pull_is_to_be_started_with_a_model():
    with wire(lambda _: [whole(b'{"object":"list","data":null}')]) as server:
        engine = OpenAi(server.url)
        with pytest.raises(ModelMissing) as caught:
            pick_model(engine)
        engine.close()
    assert caught.value.hint == "start it with a model"
