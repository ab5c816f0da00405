"""Models as a whole, against what two real Ollamas answered: lists, cards, orders and their progress, embeddings."""

import hashlib
from contextlib import nullcontext
from pathlib import Path

import pytest

from ollascope.apis.models import Order, read_card, read_models
from ollascope.engines.metered import Metered
from ollascope.engines.ollama.client import Ollama
from ollascope.engines.wire import Patience
from ollascope.words.errors import BadUsage, FolderUnusable, LoadFailed, ModelMissing, Trouble, Unsupported
from ollascope.words.prompt import Prompt
from tests.contracts.transcripts import Exchange, exchanges, named
from tests.engines.ollama.recorded import action_of, every, meant, replayed, title
from tests.engines.ollama.stage import Asked, Stage, line, plain, staged, streamed

PATIENT = Patience(connect_s=5, first_s=10, idle_s=10, answer_s=10)
NEW, OLD = "ollama-0.32.15", "ollama-0.24.0"
GGUF = b"GGUF\x03\x00\x00\x00" + bytes(16)  # version 3, no tensors, no keys


class Opened:
    """An engine before a staged server."""

    def __init__(self, answer, **state):
        self._staged = staged(answer, **state)

    def __enter__(self) -> tuple[Ollama, Stage]:
        self.stage = self._staged.__enter__()
        self.engine = Ollama(self.stage.url, PATIENT)
        return self.engine, self.stage

    def __exit__(self, *error: object) -> None:
        self.engine.close()
        self._staged.__exit__(None, None, None)


def again(exchange: Exchange) -> Opened:
    return Opened(lambda _asked, _stage: replayed(exchange), tags=None, ps=None, version=None)


@pytest.mark.parametrize("exchange", [one for one in every("tags") if one.answer.status == 200], ids=title)
def test_models_are_the_recorded_ones(exchange):
    with again(exchange) as (engine, _):
        assert engine.models() == read_models(exchange.answer.body)


GONE = {(OLD, "ps-after-unload"): {"slow:latest"}}


@pytest.mark.parametrize("exchange", every("ps"), ids=title)
def test_models_in_memory_are_those_that_have_not_left_it(exchange):
    """Ollama 0.24 names a model that has just been unloaded, with a time that is over."""
    with again(exchange) as (engine, _):
        told, found = read_models(exchange.answer.body), engine.loaded()
    left = GONE.get((exchange.server, exchange.name), set())
    assert [model.name for model in found] == [model.name for model in told if model.name not in left]


@pytest.mark.parametrize("exchange", [one for one in every("show") if one.answer.status == 200], ids=title)
def test_card_is_the_recorded_one(exchange):
    with again(exchange) as (engine, stage):
        assert engine.show(exchange.sent["model"]) == read_card(exchange.answer.body)
        assert stage.asked[0].json() == {"model": exchange.sent["model"]}


@pytest.mark.parametrize("exchange", every("version"), ids=title)
def test_health_tells_the_version_and_what_is_in_memory(exchange):
    loaded = named(exchange.server, "ps-loaded")

    def answer(asked: Asked, _stage: Stage):
        yield from replayed(loaded if asked.path == "/api/ps" else exchange)

    with Opened(answer, ps=None, version=None) as (engine, _):
        health = engine.health()
    assert health.version == exchange.answer.events[0]["version"]
    assert health.state == "ok"
    assert "slow:latest" in health.text


def test_healthy_server_may_have_nothing_in_memory():
    with Opened(lambda _asked, _stage: [plain({})]) as (engine, _):
        health = engine.health()
    assert (health.state, health.version) == ("ok", "0.32.15")
    assert "no model is in memory" in health.text


ORDERED = [one for one in every("pull", "create") if one.name != "pull-cancelled"]


@pytest.mark.parametrize("exchange", ORDERED, ids=title)
def test_progress_is_the_recorded_one_and_only_success_ends_it_well(exchange):
    """Also those orders that fail do so by a named error with a hint."""
    sent = {"model": "m", **exchange.sent}
    order = Order(model="m", stream=sent.get("stream", True),
                  extra={key: value for key, value in sent.items() if key not in {"model", "stream"}})  # fmt: skip
    statuses, trouble = [], None
    with again(exchange) as (engine, _):
        steps = engine.pull(order) if action_of(exchange) == "pull" else engine.create(order)
        try:
            statuses.extend(step.status for step in steps)
        except Trouble as error:
            trouble = error
    events = exchange.answer.events if exchange.answer.status == 200 else []
    assert statuses == [event["status"] for event in events if "status" in event]
    assert (trouble is None) == (bool(statuses) and statuses[-1] == "success")
    if trouble:
        assert trouble.hint


def test_file_that_would_have_ended_the_server_is_refused_before_it_is_sent(tmp_path):
    """A key whose length lies: Ollama 0.24 panicked over it."""
    file = tmp_path / "bad.gguf"
    file.write_bytes(b"GGUF\x03\x00\x00\x00" + bytes(8) + b"\x01" + bytes(7) + b"\xff" * 16)
    with Opened(lambda _asked, _stage: [plain({})]) as (engine, stage):
        with pytest.raises(LoadFailed) as caught:
            list(engine.create(Order(model="m", extra={"files": {"bad.gguf": str(file)}})))
        assert stage.main() == []
    assert str(file) in caught.value.message


@pytest.mark.parametrize("path", ["absent.gguf", "."])
def test_file_that_cannot_be_read_is_named(tmp_path, path):
    with Opened(lambda _asked, _stage: [plain({})]) as (engine, stage):
        with pytest.raises(FolderUnusable):
            list(engine.create(Order(model="m", extra={"files": {"a": str(tmp_path / path)}})))
        assert stage.main() == []


def receives(asked: Asked, stage: Stage):
    """A server that keeps files, and makes a model of them."""
    if asked.method == "HEAD":
        yield b"HTTP/1.1 %d X\r\n\r\n" % (200 if "here" in stage.state else 404)
        return
    if asked.path.startswith("/api/blobs/"):
        right = asked.path.endswith(hashlib.sha256(asked.body).hexdigest())
        yield plain(b"", 201) if right else plain({"error": "digest mismatch"}, 400)
        return
    yield from streamed(line({"status": "parsing GGUF"}), line({"status": "success"}))


def whole_file(folder: Path) -> Path:
    file = folder / "model.gguf"
    file.write_bytes(GGUF)
    return file


def test_model_is_made_of_a_file_that_is_sent_first(tmp_path):
    file = whole_file(tmp_path)
    digest = f"sha256:{hashlib.sha256(GGUF).hexdigest()}"
    with Opened(receives) as (engine, stage):
        steps = list(engine.create(Order(model="m", extra={"files": {"model.gguf": str(file)}, "quantize": "q8_0"})))
        asked = stage.main()
    assert [(one.method, one.path) for one in asked] == [
        ("HEAD", f"/api/blobs/{digest}"), ("POST", f"/api/blobs/{digest}"), ("POST", "/api/create"),
    ]  # fmt: skip
    assert asked[1].body == GGUF
    assert asked[1].headers["content-length"] == str(len(GGUF))
    assert asked[2].json() == {"model": "m", "files": {"model.gguf": digest}, "quantize": "q8_0"}
    assert steps[-1].success
    assert "sending model.gguf" in [step.status for step in steps]


def test_file_that_is_there_is_not_sent_again(tmp_path):
    file = whole_file(tmp_path)
    with Opened(receives, here=1) as (engine, stage):
        stage.state["here"] = None
        steps = list(engine.create(Order(model="m", extra={"adapters": {"a.gguf": str(file)}})))
        assert [one.method for one in stage.main()] == ["HEAD", "POST"]
    assert steps[0].status == "model.gguf is there already"
    assert (steps[0].completed, steps[0].total) == (len(GGUF), len(GGUF))


def test_file_that_changes_while_it_is_sent_is_refused_by_its_digest(tmp_path):
    file = whole_file(tmp_path)
    with Opened(receives) as (engine, stage):
        steps = engine.create(Order(model="m", extra={"files": {"model.gguf": str(file)}}))

        def change(asked: Asked, stage: Stage):
            if asked.method == "HEAD":
                file.write_bytes(GGUF[:-1] + b"\x01")
            yield from receives(asked, stage)

        stage.answer = change
        with pytest.raises(Trouble) as caught:
            list(steps)
    assert "digest mismatch" in caught.value.message


def test_large_file_is_sent_with_progress(tmp_path):
    file = tmp_path / "weights.bin"
    with file.open("wb") as opened:
        opened.truncate(40 << 20)
    with Opened(receives) as (engine, _):
        steps = list(engine.create(Order(model="m", extra={"files": {"weights.bin": str(file)}})))
    reading = [step.completed for step in steps if step.status == "reading weights.bin"]
    sending = [step.completed for step in steps if step.status == "sending weights.bin"]
    assert reading == sorted(set(reading))
    assert len(reading) >= 2
    assert sending[-1] == 40 << 20
    assert all(step.total == 40 << 20 for step in steps if step.total)


def test_order_that_is_left_while_a_file_is_sent_ends_its_exchange(tmp_path):
    file = tmp_path / "weights.bin"
    with file.open("wb") as opened:
        opened.truncate(8 << 20)

    def answer(asked: Asked, stage: Stage):
        if asked.method == "HEAD":
            yield b"HTTP/1.1 404 X\r\ncontent-length: 0\r\n\r\n"
            return
        yield from stage.hang()

    with Opened(answer) as (engine, _):
        steps = engine.create(Order(model="m", extra={"files": {"weights.bin": str(file)}}))
        assert next(step for step in steps if step.status.startswith("sending"))
        steps.close()


def test_old_server_makes_models_only_by_its_own_command():
    old = Opened(lambda _asked, _stage: [plain({})], version={"version": "0.5.4"})
    with old as (engine, _), pytest.raises(Unsupported):
        engine.create(Order(model="m", extra={"from": "n"}))


def test_files_that_are_no_names_and_paths_are_refused():
    with Opened(lambda _asked, _stage: [plain({})]) as (engine, _), pytest.raises(BadUsage):
        list(engine.create(Order(model="m", extra={"files": ["a.gguf"]})))


SINGLE = [one for one in every("copy", "delete") if one.method != "HEAD"]


@pytest.mark.parametrize("exchange", SINGLE, ids=title)
def test_copy_and_delete_are_asked_as_recorded_and_refused_by_name(exchange):
    refused = pytest.raises(ModelMissing, match="not found") if exchange.answer.status == 404 else nullcontext()
    with again(exchange) as (engine, stage):
        with refused:
            if action_of(exchange) == "copy":
                engine.copy(exchange.sent["source"], exchange.sent["destination"])
            else:
                engine.delete(exchange.sent["model"])
        asked = stage.asked[0]
    assert (asked.method, asked.path, asked.json()) == (exchange.method, exchange.path, exchange.sent)


@pytest.mark.parametrize("exchange", every("embed"), ids=title)
def test_vectors_are_the_recorded_ones(exchange):
    inputs = exchange.sent["input"]
    texts = tuple(inputs) if isinstance(inputs, list) else (str(inputs),)
    with again(exchange) as (engine, _):
        prompt = Prompt(model=exchange.sent["model"], operation="embed", inputs=texts)
        if exchange.answer.status != 200:
            with pytest.raises(Trouble) as caught:
                engine.embed(prompt)
            assert caught.value.hint
            return
        found = engine.embed(prompt)
    expected = meant(exchange)[0][-1]
    assert (found.vectors, found.tokens_in) == (expected.vectors, expected.tokens_in)


@pytest.mark.parametrize("server", [NEW, OLD])
def test_text_that_was_cut_before_it_was_embedded_is_told(server):
    def flags_of(words: int) -> object:
        with again(named(server, "embed-too-long-truncated")) as (engine, _):
            prompt = Prompt(model="vectors", operation="embed", inputs=("word " * words,))
            return engine.embed(prompt).extra.get("flags")

    assert flags_of(5000) == ["prompt-truncated"]
    assert flags_of(2000) is None


def test_text_that_was_cut_before_it_was_embedded_is_in_the_call():
    calls, told = [], []
    prompt = Prompt(model="vectors", operation="embed", inputs=("word " * 5000,))
    with again(named(NEW, "embed-too-long-truncated")) as (engine, _):
        Metered(engine, calls.append, source="test", tell=told.append).embed(prompt)
    assert [call.flags for call in calls] == [("prompt-truncated",)]
    assert len(told) == 1


@pytest.mark.parametrize("server", ["ollama-0.32.15", "ollama-0.24.0"])
def test_load_and_unload_say_nothing(server):
    with again(named(server, "generate-empty-prompt-loads")) as (engine, stage):
        engine.load("scripted", keep_alive="5m", context=1024)
        assert stage.asked[0].json() == {
            "model": "scripted", "stream": False, "keep_alive": "5m", "options": {"num_ctx": 1024},
        }  # fmt: skip
    with again(named(server, "unload")) as (engine, stage):
        engine.unload("slow")
        assert stage.asked[0].json() == {"model": "slow", "stream": False, "keep_alive": 0}


def test_embedding_model_is_loaded_by_the_route_it_knows():
    def answer(asked: Asked, _stage: Stage):
        known = asked.path == "/api/embed"
        yield plain({"embeddings": []}) if known else plain({"error": '"v" does not support generate'}, 400)

    with Opened(answer) as (engine, stage):
        engine.load("v", keep_alive=-1)
        assert [(one.path, one.json()) for one in stage.main()][1] == (
            "/api/embed", {"model": "v", "input": [], "keep_alive": -1},
        )  # fmt: skip


def test_capabilities_of_a_model_are_those_of_its_card():
    with again(named(NEW, "show")) as (engine, _):
        found = engine.capabilities("scripted")
    assert found.operations == {"chat", "generate"}
    assert (found.tools, found.thinking, found.images) == (True, True, False)
    assert found.context_length == 4096


def test_all_recorded_orders_were_replayed():
    assert len(ORDERED) > 30
    assert {one.server for one in ORDERED} == {"ollama-0.32.15", "ollama-0.24.0"}
    assert len(exchanges(NEW)) == 232
