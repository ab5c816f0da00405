"""Who is measured: the address that was given, the settings, an engine inside."""

import pytest

from ollascope.bench.asked import Target
from ollascope.bench.given.said import Said
from ollascope.bench.given.target import find_target
from ollascope.settings.load import Sources, load
from ollascope.wire import SECTIONS
from ollascope.words.errors import BadSettings, BadUsage, ConnectFailed


@pytest.fixture
def settings(tmp_path):
    def make(*assignments, **environ):
        return load(SECTIONS, Sources(environ={"HOME": str(tmp_path), **environ}, assignments=assignments,
                                      data_folder=tmp_path / "data"))  # fmt: skip

    return make


def find(settings, **values):
    told = []
    return find_target(Said(values), settings, told.append)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"url": "http://me:secret@host:1", "model": "m"}, "holds a user or a password"),
        ({"url": "http://x", "api": "inside", "model": "m"}, "has no address"),
        ({"api": "inside", "engine": "ollama", "model": "m"}, "does not answer inside"),
        ({"api": "openai", "engine": "ollama", "url": "http://x", "model": "m"}, "does not speak"),
    ],
)
def test_target_that_makes_no_sense_is_refused(settings, values, words):
    with pytest.raises(BadUsage) as caught:
        find(settings(), **values)
    assert words in caught.value.message
    assert "secret" not in caught.value.message


def test_address_that_is_none_is_refused(settings):
    with pytest.raises(BadSettings):
        find(settings(), url="ftp://host", model="m")


def test_given_address_and_model_are_taken_without_asking_anybody(settings):
    assert find(settings(), url="127.0.0.1:1/", model="m").target == Target(
        url="http://127.0.0.1:1", model="m", engine="ollama"
    )
    found = find(settings(OLLASCOPE__ENGINES__OPENAI__KEY="k"), url="http://127.0.0.1:1/v1", model="m")
    assert (found.target.api, found.target.url, found.key) == ("openai", "http://127.0.0.1:1", "k")


def test_engine_of_the_settings_is_measured_where_no_address_is_given(settings):
    found = find(settings("engines.openai.url=http://127.0.0.1:1/v1"), model="m")
    assert (found.target.api, found.target.url) == ("openai", "http://127.0.0.1:1")


def test_model_that_is_not_named_needs_a_server_that_answers(settings):
    with pytest.raises(ConnectFailed):
        find(settings(), url="http://127.0.0.1:1")


def test_engine_inside_has_no_address_and_its_own_model(settings):
    target = find(settings(), api="inside").target
    assert (target.api, target.engine, target.url) == ("inside", "fake", "")
    assert target.model
