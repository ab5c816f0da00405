"""Names that are near are found, and hints fit what was asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.engines.ollama.mistakes import bare_name, explained, nearest
from ollascope.words.errors import ConnectFailed, EngineCrashed, ModelMissing, ModelTrouble, Unsupported

NAMES = ("llama3.2:1b", "llama3.2:latest", "qwen3:0.6b", "qwen3:8b", "nomic-embed-text:latest", "me/poet:latest")


@pytest.mark.parametrize(("model", "first"), [
    ("qwen3", "qwen3:0.6b"), ("qwen3:4b", "qwen3:0.6b"), ("lama3.2", "llama3.2:latest"),
    ("LLAMA3.2", "llama3.2:latest"),
    ("nomic-embed", "nomic-embed-text:latest"), ("poet", "me/poet:latest"), ("me/poem", "me/poet:latest"),
])  # fmt: skip
def test_near_names_are_found(model, first):
    assert first in nearest(model, NAMES)


def test_nothing_near_is_nothing():
    assert nearest("gpt-5", NAMES) == ()


@given(st.text(max_size=20), st.lists(st.text(max_size=20), max_size=5))
def test_near_names_are_among_those_there(model, names):
    found = nearest(model, names)
    assert set(found) <= set(names)
    assert len(found) <= 3


@pytest.mark.parametrize(("name", "bare"), [
    ("llama3.2:latest", "llama3.2"), ("registry.ollama.ai/library/Llama3.2", "llama3.2"),
    ("hf.co/a/b:Q4", "hf.co/a/b:q4"),
])  # fmt: skip
def test_bare_name_is_what_counts(name, bare):
    assert bare_name(name) == bare


def missing_names():
    return NAMES


def test_missing_model_keeps_the_status_of_its_answer():
    trouble = explained(ModelMissing("model 'qwen3' not found", hint="x", status=400), "qwen3", "order", missing_names)
    assert (trouble.status, trouble.hint) == (400, "did you mean qwen3:0.6b, qwen3:8b?")


def test_registry_that_leaves_is_no_crash_of_the_server():
    found = explained(EngineCrashed("read tcp: connection reset by peer", hint="x"), "m", "pull", missing_names)
    assert isinstance(found, ConnectFailed)
    assert "same command" in found.hint


def test_pull_that_fails_oddly_can_be_resumed():
    found = explained(
        ModelTrouble("digest mismatch, file must be downloaded again", hint="x"), "m", "pull", missing_names
    )
    assert "same command" in found.hint


def test_model_for_a_newer_server_asks_for_an_update():
    text = "412: The model you are attempting to pull requires a newer version of Ollama."
    found = explained(ModelTrouble(text, hint="x"), "m", "pull", missing_names)
    assert isinstance(found, Unsupported)
    assert "update" in found.hint


def test_other_troubles_stay_what_they_are():
    trouble = ConnectFailed("nothing answers at http://x: connection refused", hint="start it")
    assert explained(trouble, "m", "pull", missing_names) is trouble
    assert explained(trouble, "m", "ask", missing_names) is trouble
