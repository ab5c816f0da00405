"""Section `engines`, and the variable of Ollama that is an alias of one of its settings."""

import pytest

from ollascope.engines.settings import Engines
from ollascope.settings.load import Sources, load
from ollascope.words.errors import BadSettings

SECTIONS = {"engines": "ollascope.engines.settings:Engines"}


def loaded(*assignments, **environ):
    return load(SECTIONS, Sources(environ=environ, assignments=assignments))


@pytest.mark.parametrize(
    "assignment",
    ["engines.use=gpt", "engines.patience.connect_s=0", "engines.retries.attempts=0", "engines.retries.budget=2",
     "engines.openai.key=abc"],
)  # fmt: skip
def test_value_without_sense_is_refused(assignment):
    with pytest.raises(BadSettings):
        loaded(assignment)


def test_address_of_ollama_comes_from_its_own_variable():
    settings = loaded(OLLAMA_HOST="0.0.0.0:99")
    assert settings.of(Engines).ollama.url == "0.0.0.0:99"
    (entry,) = [one for one in settings.entries() if one.key == "engines.ollama.url"]
    assert str(entry.origin) == "environment OLLAMA_HOST"


def test_empty_variable_of_ollama_is_none():
    assert loaded(OLLAMA_HOST="").of(Engines).ollama.url is None


def test_our_own_variable_and_a_flag_go_before_the_one_of_ollama():
    ours = {"OLLASCOPE__ENGINES__OLLAMA__URL": "http://ours:1", "OLLAMA_HOST": "theirs:2"}
    assert loaded(**ours).of(Engines).ollama.url == "http://ours:1"
    assert loaded("engines.ollama.url=http://flag:3", **ours).of(Engines).ollama.url == "http://flag:3"


def test_variable_of_ollama_is_taken_from_this_process(monkeypatch):
    monkeypatch.setenv("OLLAMA_HOST", "here:4")
    assert load(SECTIONS, Sources.of_process()).of(Engines).ollama.url == "here:4"


def test_password_in_the_address_is_not_shown():
    settings = loaded(OLLAMA_HOST="http://me:hunter2-word@host:1")
    assert all("hunter2" not in entry.value for entry in settings.entries())


def test_key_comes_from_the_environment_and_is_not_shown():
    settings = loaded(OLLASCOPE__ENGINES__OPENAI__KEY="sk-123")
    assert settings.of(Engines).openai.key.reveal() == "sk-123"
    assert all("sk-123" not in entry.value for entry in settings.entries())
