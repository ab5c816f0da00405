"""Who can be tested: only what the settings name; a run is repeated only where it was measured."""

import pytest

from ollascope.bench.asked import Target
from ollascope.bench.pages.backends import Backend, again_by, check_target, choices, configured, look
from ollascope.engines.settings import Engines, OllamaAt, OpenAiAt
from ollascope.settings.load import Sources, load
from ollascope.wire import SECTIONS
from ollascope.words.errors import BadUsage

BOTH = Engines(ollama=OllamaAt(url="http://127.0.0.1:1"), openai=OpenAiAt(url="http://127.0.0.1:2"))


def test_engine_that_is_not_set_up_is_refused():
    with pytest.raises(BadUsage, match="model:"):
        check_target(Target(url="", model="m", engine="openai"), Engines())
    with pytest.raises(BadUsage):
        check_target(Target(url="", model="m", engine="http://evil"), BOTH)
    check_target(Target(url="", model=""), Engines())
    check_target(Target(url="", model="m", engine="openai"), BOTH)


def test_engine_in_force_comes_first_and_others_only_with_an_address():
    assert configured(Engines()) == ("ollama",)
    assert configured(BOTH) == ("ollama", "openai")
    assert configured(Engines(use="fake")) == ("fake",)


@pytest.mark.parametrize(
    ("url", "api", "engine"),
    [
        ("http://127.0.0.1:1", "ollama", "ollama"), ("http://127.0.0.1:1/", "ollama", "ollama"),
        ("http://127.0.0.1:2", "openai", "openai"), ("http://127.0.0.1:1", "openai", None),
        ("http://10.0.0.1:1", "ollama", None), ("", "ollama", None),
    ],
)  # fmt: skip
def test_run_is_repeated_where_it_was_measured(url, api, engine):
    backends = (
        Backend(engine="ollama", address="http://127.0.0.1:1"),
        Backend(engine="openai", address="http://127.0.0.1:2"),
    )
    assert again_by(Target(url=url, model="m", api=api), backends) == engine


def test_server_that_does_not_answer_is_told_with_its_address(tmp_path):
    settings = load(SECTIONS, Sources(data_folder=tmp_path, assignments=("engines.ollama.url=http://127.0.0.1:9",)))
    found = look(settings)
    assert [(one.engine, one.address, bool(one.trouble)) for one in found] == [("ollama", "http://127.0.0.1:9", True)]
    assert choices(found) == {}


def test_fake_engine_has_its_models(tmp_path):
    found = look(load(SECTIONS, Sources(data_folder=tmp_path, assignments=("engines.use=fake",))))
    assert found[0].models
    assert found[0].demo
    assert all(each.startswith("fake/") for models in choices(found).values() for each in models)
