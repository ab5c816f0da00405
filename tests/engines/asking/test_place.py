"""Which server a command talks to, by its words and by the settings."""

import pytest

from ollascope.engines.asking.place import Place, is_here, wanted
from ollascope.engines.settings import Engines, OllamaAt, OpenAiAt
from ollascope.words.errors import BadUsage

OLLAMA = Engines(ollama=OllamaAt(url="http://a"))
OPENAI = Engines(openai=OpenAiAt(url="http://b"))


@pytest.mark.parametrize(
    ("place", "complaint"),
    [
        (Place(url=""), "empty"),
        (Place(url="  "), "empty"),
        (Place(engine="fake", url="http://c"), "no address"),
    ],
)
def test_address_that_makes_no_sense_is_told(place, complaint):
    with pytest.raises(BadUsage) as caught:
        wanted(Engines(), place)
    assert complaint in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("settings", "place", "name"),
    [
        (OLLAMA, Place(), "ollama"),
        (OPENAI, Place(), "openai"),
        (OLLAMA, Place(engine="openai"), "openai"),
        (Engines(use="fake"), Place(), "fake"),
        (Engines(use="fake"), Place(url="http://c"), "ollama"),
        (OLLAMA, Place(url="http://c/v1"), "openai"),
        (OLLAMA, Place(url="http://c/v1/"), "openai"),
        (OPENAI, Place(url="http://c"), "openai"),
        (OPENAI, Place(engine="ollama", url="http://c"), "ollama"),
        (OLLAMA, Place(engine="ollama", url="http://c/v1"), "ollama"),
    ],
)
def test_words_of_the_command_go_before_the_settings(settings, place, name):
    want = wanted(settings, place)
    assert want.name == name
    assert not want.found
    if place.url:
        told = want.settings.ollama.url if name == "ollama" else want.settings.openai.url
        assert told == place.url


def test_ollama_without_an_address_is_looked_for():
    assert wanted(Engines(), Place()).found
    assert wanted(OPENAI, Place(engine="ollama")).found


def test_only_a_server_of_this_machine_is_here():
    assert is_here("http://127.0.0.1:11434")
    assert is_here("http://[::1]:11434")
    assert not is_here("http://10.0.0.7:11434")
    assert not is_here("in process")
