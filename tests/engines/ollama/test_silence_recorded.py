"""What two real Ollamas did in silence, told by their recorded answers: all of it, and nothing that did not happen."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from ollascope.apis.formats import read_request
from ollascope.apis.models import read_models
from ollascope.engines.ollama.client import Ollama
from ollascope.engines.wire import Patience
from ollascope.words.errors import Trouble
from tests.contracts.transcripts import Exchange, named
from tests.engines.ollama.recorded import ANSWERS, action_of, collected, every, replayed, title
from tests.engines.ollama.stage import staged

PATIENT = Patience(connect_s=5, first_s=10, idle_s=10, answer_s=10)
TRAINED = 4096  # the recorded models' longest context
SET = {"plain": TRAINED, "bare": TRAINED}  # for the others their Modelfile says 2048

NEW: Mapping[str, set[str]] = {
    "chat-schema-forced": {"format-missed"},
    "chat-schema-forced-think-true": {"format-missed"},
    "chat-tool-unknown": {"tool-lost"},
    "chat-600-messages-too-long": {"waited"},
    "chat-too-long-truncated": {"waited"},
    "prompt-too-long-truncated": {"prompt-truncated"},
    "context-end-shift": {"context-shifted"},
    "context-end-no-shift": {"context-exhausted"},
    "huge-num-ctx": {"context-clamped"},
    "error-unknown-option": {"option-ignored"},
    "generate-think-false": {"think-ignored"},
    "after-cancel-in-prefill": {"waited"},
    **{f"queue-loaded-{number}": {"waited"} for number in (3, 4, 5, 6)},
    "queue-unloaded-3": {"waited"},
}
OLD: Mapping[str, set[str]] = {
    "chat-schema-forced": {"format-missed"},
    "chat-schema-forced-plain": {"format-missed"},  # filled up with tabs to the limit
    "chat-schema-forced-think-false": {"format-missed"},
    "chat-tool-unknown": {"tool-lost"},
    "chat-too-long-truncated": {"waited"},
    "prompt-too-long-truncated": {"prompt-truncated", "context-shifted"},  # cut to all of the context, then answered
    "context-end-shift": {"context-shifted"},
    "context-end-no-shift": {"context-exhausted"},
    "huge-num-ctx": {"context-clamped"},
    "error-unknown-option": {"option-ignored"},
    "generate-think-false": {"think-ignored"},
    **{f"queue-loaded-{number}": {"waited"} for number in range(2, 7)},
    **{f"queue-unloaded-{number}": {"waited"} for number in (2, 3, 5, 6)},
}
DONE: Mapping[str, Mapping[str, set[str]]] = {"ollama-0.32.15": NEW, "ollama-0.24.0": OLD}


def in_memory(exchange: Exchange, context: int | None = None) -> dict[str, Any]:
    """What `ps` told: the recorded answer, of the model that was asked and with the context it had."""
    model = exchange.sent["model"]
    asked = (exchange.sent.get("options") or {}).get("num_ctx", SET.get(model.partition(":")[0], 2048))
    entry = named(exchange.server, "ps-loaded").answer.events[0]["models"][0]
    told = {**entry, "name": model, "expires_at": "2126-11-21T02:01:01.430239032Z"}
    return {"models": [{**told, "context_length": context or min(asked, TRAINED)}]}


def answered(exchange: Exchange, before: dict[str, Any] | None = None):
    version = {"version": exchange.server.removeprefix("ollama-")}
    with staged(lambda _asked, _stage: replayed(exchange), ps=in_memory(exchange), version=version) as stage:
        engine = Ollama(stage.url, PATIENT)
        if before is not None:
            engine.watch.note(read_models(json.dumps(before).encode()))
        with engine.stream(read_request("ollama", action_of(exchange), exchange.body)) as stream:
            collected(stream)
        engine.close()
    return stream.trace


def test_image_that_a_blind_model_was_sent_is_told():
    """Ollama 0.24 takes it without a word; later ones refuse it."""
    server = "ollama-0.24.0"
    exchange, card = named(server, "generate-images-unsupported"), named(server, "show")

    def answer(asked, _stage):
        return replayed(card if asked.path == "/api/show" else exchange)

    with staged(answer, ps=in_memory(exchange)) as stage:
        engine = Ollama(stage.url, PATIENT)
        for _ in range(2):
            with engine.stream(read_request("ollama", "generate", exchange.body)) as stream:
                list(stream)
            assert stream.trace.flags == ("option-ignored",)
            assert "cannot see" in stream.trace.notes[0]
        engine.close()
        assert [asked.path for asked in stage.main()] == ["/api/generate", "/api/show", "/api/generate"]


def is_told(exchange: Exchange) -> bool:
    try:
        read_request("ollama", action_of(exchange), exchange.body)
    except Trouble:
        return False
    return exchange.answer.status == 200 and exchange.end == "complete" and "model" in exchange.sent


@pytest.mark.parametrize("exchange", [one for one in every(*ANSWERS) if is_told(one)], ids=title)
def test_what_was_done_in_silence_is_told_and_nothing_else(exchange):
    trace = answered(exchange)
    loads = {"reloaded"}  # whether it was in memory before is another test's
    assert set(trace.flags) - loads == DONE[exchange.server].get(exchange.name, set())
    assert len(trace.notes) >= len(trace.flags)


def test_every_silence_that_is_expected_was_replayed():
    for server, names in DONE.items():
        assert {one.name for one in every(*ANSWERS) if one.server == server and is_told(one)} >= set(names)


@pytest.mark.parametrize("server", DONE)
def test_model_loaded_again_for_another_context_is_told(server):
    exchange = named(server, "reload-by-num-ctx")
    trace = answered(exchange, in_memory(exchange, 2048))
    assert trace.load_cause == "context-changed"
    assert "reloaded" in trace.flags
    assert "1024 tokens instead of 2048" in trace.notes[0]


@pytest.mark.parametrize("server", DONE)
def test_model_that_was_not_in_memory_was_cold(server):
    trace = answered(named(server, "load-cold-slow-model"), {"models": []})
    assert (trace.load_cause, trace.flags) == ("cold", ())


@pytest.mark.parametrize("server", DONE)
def test_model_that_was_there_has_no_cause_to_be_loaded(server):
    exchange = named(server, "generate-warm-whole")
    assert answered(exchange, in_memory(exchange)).load_cause is None


@pytest.mark.parametrize("server", DONE)
def test_chat_that_fills_the_context_is_told_as_a_guess(server):
    """The oldest messages were left out, but a chat that just fits would look the same: no flag."""
    trace = answered(named(server, "chat-too-long-truncated"))
    assert "prompt-truncated" not in trace.flags
    assert any("may have been left out" in note for note in trace.notes)


@pytest.mark.parametrize(("number", "wait_s"), [(1, 0.003), (2, 0.349), (3, 0.636), (4, 0.881), (5, 1.133), (6, 1.383)])
def test_wait_for_the_only_slot_is_what_was_hidden(number, wait_s):
    exchange = named("ollama-0.32.15", f"queue-loaded-{number}")
    with staged(lambda _asked, _stage: replayed(exchange)) as stage:
        engine = Ollama(stage.url, PATIENT)
        with engine.stream(read_request("ollama", "generate", exchange.body)) as stream:
            last = list(stream)[-1]
        engine.close()
    assert last.queue_s == pytest.approx(wait_s, abs=0.001)
    assert last.tokens_cached is None  # this version does not tell, so no speed of reading can be told
