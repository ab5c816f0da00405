"""What the client learns of a server beside its answers, and what it says where the API has no way."""

import json

import pytest

from ollascope.apis.models import Order
from ollascope.engines.address import bare
from ollascope.engines.openai.client import OpenAi
from ollascope.engines.wire import Patience
from ollascope.words.errors import AccessDenied, ModelMissing, Unsupported
from ollascope.words.prompt import Message, Prompt
from ollascope.words.setting import Secret
from tests.contracts.transcripts import exchanges
from tests.engines.ollama.recorded import replayed
from tests.engines.ollama.stage import plain, staged, streamed

PATIENT = Patience(connect_s=5, first_s=10, idle_s=10, answer_s=10)
RECORDED = {exchange.path: exchange for exchange in exchanges("llama-server") if exchange.method == "GET"}
MODEL = "/models/scripted-f32.gguf"


def llama_server(asked, _stage):
    return replayed(RECORDED[asked.path]) if asked.path in RECORDED else [plain({"error": {"message": "no"}}, 404)]


def listed(*models):
    return plain({"object": "list", "data": list(models)})


@pytest.fixture
def recorded():
    with staged(llama_server) as stage:
        engine = OpenAi(stage.url + "/v1/", PATIENT)
        yield engine, stage
        engine.close()


def test_address_may_end_in_v1():
    assert bare("http://h:1/v1/") == bare("http://h:1/v1") == bare("http://h:1") == "http://h:1"


def test_recorded_llama_server_is_known_and_healthy(recorded):
    engine, _ = recorded
    health = engine.health()
    assert health.state == "ok"
    assert "llama-server" in health.text
    assert MODEL in health.text
    assert [model.name for model in engine.loaded()] == [MODEL]
    assert engine.capabilities(MODEL).context_length == 4096


def test_card_holds_template_and_facts(recorded):
    engine, _ = recorded
    card = engine.show(MODEL)
    assert card.template
    assert card.model_info["meta"]["n_params"] == 1323648


def test_counters_and_slots_are_read_and_health_leaves_slots_alone(recorded):
    engine, stage = recorded
    engine.health()
    assert "/slots" not in [asked.path for asked in stage.asked]
    counters, slots = engine.counters(), engine.slots()
    assert counters is not None
    assert counters.server == "llamacpp"
    assert slots is not None
    assert slots.count == 2


def test_wrong_model_is_told_with_the_near_one(recorded):
    engine, _ = recorded
    with pytest.raises(ModelMissing) as caught:
        engine.show("/models/scripted-f16.gguf")
    assert MODEL in caught.value.hint


def test_router_tells_which_models_are_loaded():
    models = [{"id": "a", "status": {"value": "loaded"}}, {"id": "b", "status": {"value": "unloaded"}}]
    with staged(lambda *_: [listed(*models)]) as stage:
        assert [model.name for model in OpenAi(stage.url, PATIENT).loaded()] == ["a"]


def test_unknown_server_does_not_say_what_is_in_memory():
    with staged(lambda *_: [listed({"id": "a"})]) as stage, pytest.raises(Unsupported):
        OpenAi(stage.url, PATIENT).loaded()


def test_server_without_models_is_a_warning():
    with staged(lambda *_: [plain({"object": "list", "data": None})]) as stage:
        health = OpenAi(stage.url, PATIENT).health()
    assert (health.state, health.hint) == ("warning", "start it with a model")


def test_nobody_there_is_a_finding_and_no_error():
    health = OpenAi("http://127.0.0.1:9", PATIENT).health()
    assert health.state == "problem"
    assert "127.0.0.1:9" in health.text
    assert health.hint


def test_key_is_sent_and_shown_nowhere():
    with staged(lambda *_: [listed({"id": "a"})]) as stage:
        engine = OpenAi(stage.url, PATIENT, key=Secret("sk-very-secret"))
        assert engine.health().state == "ok"
        assert stage.asked[0].headers["authorization"] == "Bearer sk-very-secret"
        assert "secret" not in repr(engine.health()) + engine.backend


def test_wrong_key_says_where_the_key_is_set():
    refusal = plain({"error": {"message": "Invalid API Key", "type": "authentication_error"}}, 401)
    with staged(lambda *_: [refusal]) as stage:
        engine = OpenAi(stage.url, PATIENT)
        assert "OLLASCOPE__ENGINES__OPENAI__KEY" in engine.health().hint
        with pytest.raises(AccessDenied) as caught:
            list(engine.stream(Prompt(model="m", messages=(Message(role="user", content="x"),))))
        assert "OLLASCOPE__ENGINES__OPENAI__KEY" in caught.value.hint


@pytest.mark.parametrize(
    "order",
    [lambda engine: engine.load("m"), lambda engine: engine.unload("m"), lambda engine: engine.copy("m", "n"),
     lambda engine: engine.delete("m"), lambda engine: engine.pull(Order(model="m")),
     lambda engine: engine.create(Order(model="m"))],
)  # fmt: skip
def test_what_the_api_has_no_way_for_is_unsupported(order):
    with pytest.raises(Unsupported):
        order(OpenAi("http://127.0.0.1:9", PATIENT))


def event(**choice):
    return (
        b"data: "
        + json.dumps({"choices": [{"index": 0, **choice}], "usage": {"completion_tokens": 3}}).encode()
        + b"\n\n"
    )


def told(prompt, *pieces):
    with staged(lambda *_: streamed(*pieces, b"data: [DONE]\n\n", kind="text/event-stream")) as stage:
        engine = OpenAi(stage.url, PATIENT)
        with engine.stream(prompt) as stream:
            list(stream)
        engine.close()
    return stream.trace.flags


def ask(**said):
    return Prompt(model="m", messages=(Message(role="user", content="x"),), **said)


def test_what_was_done_in_silence_is_flagged():
    good = event(delta={"content": '{"a": 1}'}), event(delta={}, finish_reason="stop")
    assert told(ask(format="json"), *good) == ()
    assert told(ask(options={"num_ctx": 9}), *good) == ("option-ignored",)
    prose = event(delta={"content": "Sure!"}), event(delta={}, finish_reason="stop")
    assert told(ask(format="json"), *prose) == ("format-missed",)
    assert told(ask(), *prose) == ()
    full = event(delta={"content": "Sure"}), event(delta={}, finish_reason="length")
    assert told(ask(max_tokens=50), *full) == ("context-exhausted",)
    assert told(ask(max_tokens=3), *full) == ()
