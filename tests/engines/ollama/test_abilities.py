"""What a server and its models can do, by version and by card; what is not known is none."""

import pytest

from ollascope.apis.models import Card, read_card
from ollascope.engines.ollama.abilities import ORDERS, abilities_of_model, abilities_of_server, context_of, told_orders
from ollascope.engines.ollama.versions import read_version
from tests.contracts.transcripts import named


def server(text: str | None):
    return abilities_of_server(text, read_version(text))


@pytest.mark.parametrize(("text", "thinking", "logprobs", "schema"), [
    ("0.32.15", True, True, True), ("0.12.10", True, False, True), ("0.8.0", False, False, True),
    ("0.4.7", False, False, False), ("0.0.0", None, None, None), (None, None, None, None),
])  # fmt: skip
def test_server_has_what_its_version_has(text, thinking, logprobs, schema):
    found = server(text)
    assert (found.thinking, found.logprobs, found.schema) == (thinking, logprobs, schema)
    assert found.source == (f"version {text}" if text else "")


@pytest.mark.parametrize("version", ["ollama-0.32.15", "ollama-0.24.0"])
def test_recorded_models_have_what_their_cards_say(version):
    scripted = abilities_of_model(read_card(named(version, "show").answer.body), server("0.32.15"))
    bare = abilities_of_model(read_card(named(version, "show-bare").answer.body), server("0.32.15"))
    assert (scripted.tools, scripted.thinking, scripted.images, scripted.context_length) == (True, True, False, 4096)
    assert (bare.tools, bare.thinking) == (False, False)
    assert scripted.operations == {"chat", "generate"}


def test_embedding_model_only_embeds():
    found = abilities_of_model(Card(capabilities=("embedding",)), server("0.32.15"))
    assert (found.operations, found.schema, found.logprobs) == ({"embed"}, False, False)


@pytest.mark.parametrize(
    ("status", "body"),
    [(404, b"404 page not found"), (200, b"<html>"), (200, b"[]"), (200, b'{"orders": "all"}'), (200, b"{}"),
     (401, b'{"orders": []}')],
)  # fmt: skip
def test_server_that_tells_no_orders_can_do_all(status, body):
    assert told_orders(status, body) == ORDERS


def test_server_can_do_what_it_tells_and_nothing_that_is_unknown():
    assert told_orders(200, b'{"orders": ["show", "load", 3, "fly"]}') == {"show", "load"}


def test_server_that_is_too_old_for_files_makes_no_models():
    assert "create" not in server("0.4.7").orders
    assert server("0.5.5").orders == server(None).orders == ORDERS


def test_card_without_capabilities_tells_nothing():
    found = abilities_of_model(Card(), server("0.6.0"))
    assert (found.operations, found.tools, found.images) == ({"chat", "generate"}, None, None)


def test_model_can_no_more_than_its_server():
    assert abilities_of_model(Card(capabilities=("completion", "thinking")), server("0.8.0")).thinking is False


@pytest.mark.parametrize("info", [{}, {"general.architecture": 3}, {"general.architecture": "x"},
                                  {"general.architecture": "x", "x.context_length": True}])  # fmt: skip
def test_context_that_is_not_told_is_none(info):
    assert context_of(info) is None
