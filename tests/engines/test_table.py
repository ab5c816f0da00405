"""Which engine is in force, and how it is opened."""

from dataclasses import replace

import pytest

from ollascope.engines.settings import Engines, OllamaAt, OpenAiAt
from ollascope.engines.table import ENGINES, choose, open_engine
from ollascope.words.errors import BadSettings

HERE = OllamaAt(url="http://127.0.0.1:9")
THERE = OpenAiAt(url="http://127.0.0.1:8000")


def test_unknown_engine_is_told_with_the_known_ones():
    with pytest.raises(BadSettings) as caught:
        open_engine("gpt", Engines())
    assert "gpt" in caught.value.message
    assert "ollama" in caught.value.hint


@pytest.mark.parametrize(
    ("settings", "name", "why"),
    [
        (Engines(), "ollama", "looked for"),
        (Engines(ollama=HERE), "ollama", "engines.ollama.url"),
        (Engines(openai=THERE), "openai", "engines.openai.url"),
        (Engines(ollama=HERE, openai=THERE), "ollama", "engines.ollama.url"),
        (Engines(use="openai", ollama=HERE), "openai", "engines.use"),
        (Engines(use="fake"), "fake", "engines.use"),
    ],
)
def test_engine_in_force_is_chosen_and_the_reason_told(settings, name, why):
    choice = choose(settings)
    assert choice.name == name
    assert why in choice.text


def test_every_engine_of_the_table_can_be_opened():
    settings = replace(Engines(), ollama=HERE, openai=THERE)
    for name in ENGINES:
        engine = open_engine(name, settings)
        assert engine.name == name
        engine.close()
