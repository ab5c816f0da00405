"""What is said about models: lists, cards, versions, orders, progress."""

import json

import pytest

from ollascope.apis.errors import refusal
from ollascope.apis.models import (
    Model,
    Order,
    Progress,
    ProgressReader,
    read_card,
    read_models,
    read_openai_model,
    read_openai_models,
    read_order,
    read_version,
    write_card,
    write_models,
    write_openai_model,
    write_openai_models,
    write_order,
    write_progress,
    write_version,
)
from ollascope.apis.routes import find
from ollascope.words.errors import (
    AnswerMalformed,
    AnswerUnfinished,
    BadUsage,
    ConnectFailed,
    LoadFailed,
    ModelMissing,
    QuantisationFailed,
    Trouble,
)
from tests.apis.transcripts import exchanges, named

RECORDED = [one for one in exchanges() if one.status == 200 and one.server.startswith("ollama") and one.body]


def recorded(action):
    return [one for one in RECORDED if (found := find(one.method, one.path)) and found.route.action == action]


def by_id(one):
    return one.id


@pytest.mark.parametrize("one", recorded("tags") + recorded("ps"), ids=by_id)
def test_list_of_models_is_the_same_there_and_back(one):
    assert json.loads(write_models(read_models(one.body))) == json.loads(one.body)


@pytest.mark.parametrize("one", [one for one in recorded("models") if "runner" not in one.name], ids=by_id)
def test_openai_list_of_models_is_the_same_there_and_back(one):
    assert write_openai_models(read_openai_models(one.body)) == one.body


@pytest.mark.parametrize("one", recorded("model"), ids=by_id)
def test_openai_model_is_the_same_there_and_back(one):
    assert write_openai_model(read_openai_model(one.body)) == one.body


@pytest.mark.parametrize("one", recorded("show"), ids=by_id)
def test_card_is_the_same_there_and_back(one):
    assert json.loads(write_card(read_card(one.body))) == json.loads(one.body)


@pytest.mark.parametrize("one", recorded("version"), ids=by_id)
def test_version_is_the_same_there_and_back(one):
    assert write_version(read_version(one.body)) == one.body


@pytest.mark.parametrize("one", recorded("pull") + recorded("create"), ids=by_id)
def test_progress_is_the_same_there_and_back(one):
    reader = ProgressReader()
    steps = reader.feed(one.body)
    steps += reader.finish() if one.name in {"pull-whole", "create-from-model"} else []
    good = b"".join(line for line in one.body.splitlines(keepends=True) if b'"error"' not in line)
    assert b"".join(map(write_progress, steps)).rstrip() == good.rstrip()


def test_model_says_what_it_takes():
    loaded = read_models(named("ollama-0.32.15", "ps-loaded").body)[0]
    assert (loaded.name, loaded.size, loaded.size_vram, loaded.context_length) == ("slow:latest", 463523020, 0, 2048)
    assert loaded.details["parameter_size"] == "207.99M"
    stored = read_models(named("ollama-0.32.15", "tags").body)[0]
    assert stored.capabilities == ("completion",)
    assert stored.expires_at is None


def test_llama_server_lists_its_model():
    [model] = read_openai_models(named("llama-server", "v1-models").body)
    assert model.name.endswith("scripted-f32.gguf")
    assert model.extra["meta"]["n_ctx"] == 1024


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"models":7}', b'{"models":[7]}', b'{"models":[{"size":"x"}]}'])
def test_list_of_a_wrong_shape_is_malformed(body):
    with pytest.raises(AnswerMalformed):
        read_models(body)


@pytest.mark.parametrize("action", ["show", "pull", "create", "copy", "delete"])
def test_recorded_orders_are_taken_or_refused_as_they_were(action):
    pool = [one for one in exchanges() if (found := find(one.method, one.path)) and found.route.action == action]
    assert pool
    for one in pool:
        assert outcome(action, one) in (one.sent, (one.status, one.body)), one.id


def outcome(action, one):
    """The order as it would be sent again, or how it is refused."""
    try:
        return json.loads(write_order(read_order(action, one.request)))
    except Trouble as trouble:
        return trouble.status, refusal("ollama", trouble).body


@pytest.mark.parametrize(
    ("action", "body", "kind", "words"),
    [
        ("show", b"{}", BadUsage, "model is required"),
        ("pull", b"", BadUsage, "missing request body"),
        ("pull", b'{"model":7}', BadUsage, "PullRequest.model of type string"),
        ("push", b'{"model":"a b"}', BadUsage, "invalid model name"),
        ("create", b'{"model":"a"}', BadUsage, "neither 'from' or 'files' was specified"),
        ("copy", b'{"source":"a"}', BadUsage, 'destination "" is invalid'),
        ("copy", b'{"destination":"a"}', BadUsage, 'source "" is invalid'),
        ("delete", b'{"model":"a b"}', ModelMissing, "not found"),
    ],
)
def test_order_that_makes_no_sense_is_refused(action, body, kind, words):
    with pytest.raises(kind, match=words):
        read_order(action, body)


def test_older_word_for_the_model_is_understood():
    assert read_order("show", b'{"name":"a"}') == Order(model="a")


def test_only_success_ends_a_pull():
    full = write_progress(Progress(status="pulling", digest="sha256:ab", total=5, completed=5))
    reader = ProgressReader()
    assert reader.feed(full)[0].completed == 5
    with pytest.raises(AnswerUnfinished):
        reader.finish()
    done = ProgressReader()
    assert done.feed(write_progress(Progress(status="success")))[0].success
    assert done.finish() == []
    with pytest.raises(AnswerMalformed, match="goes on"):
        done.feed(full)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("pull-absent", ModelMissing),
        ("pull-no-registry", ConnectFailed),
        ("create-not-gguf", LoadFailed),
        ("create-corrupt-gguf", LoadFailed),
        ("create-truncated-gguf", LoadFailed),
        ("create-absent-blob", BadUsage),
        ("create-from-absent-model", ModelMissing),
        ("create-quantize-unknown", QuantisationFailed),
        ("create-quantize-from-f32", QuantisationFailed),
    ],
)
def test_what_goes_wrong_on_the_way_is_named(name, kind):
    reader = ProgressReader()
    assert len(reader.feed(named("ollama-0.32.15", name).body)) == 1
    with pytest.raises(kind):
        reader.finish()


def test_progress_leaves_zero_out():
    step = Progress(status="pulling", digest="sha256:ab", total=5, completed=0)
    assert json.loads(write_progress(step)) == {"status": "pulling", "digest": "sha256:ab", "total": 5}


def test_model_without_a_size_is_listed_with_zero():
    assert json.loads(write_models([Model(name="a")]))["models"][0]["size"] == 0
