"""The demo engine is started only where no other engine is there or wanted."""

from dataclasses import dataclass

import pytest

from ollascope.apis.models import Model
from ollascope.engines.engine import Health
from ollascope.engines.llamacpp import wanted
from ollascope.engines.llamacpp.wanted import want_demo
from ollascope.engines.settings import Engines, OllamaAt, OpenAiAt
from ollascope.words.errors import AnswerMalformed


@dataclass
class Server:
    """What stands for the Ollama of a machine."""

    version: str | None = "0.32.15"
    listed: tuple[Model, ...] = ()
    broken: bool = False
    closed: bool = False
    backend: str = "http://127.0.0.1:11434"

    def health(self):
        return Health(state="ok" if self.version else "problem", text="Ollama answers", version=self.version)

    def models(self):
        if self.broken:
            raise AnswerMalformed("the answer is no JSON", hint="look at it")
        return self.listed

    def close(self):
        self.closed = True


@pytest.fixture(autouse=True)
def shipped(monkeypatch, tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / wanted.DEMO).write_bytes(b"")
    monkeypatch.setattr(wanted, "shipped", lambda name: tmp_path / name)
    return tmp_path


def verdict(server, settings=None, *, allowed=True):
    found = want_demo(settings or Engines(), allowed=allowed, open_=lambda _: server)
    return found.wanted, found.why


@pytest.mark.parametrize(
    ("server", "answer"),
    [
        (Server(version=None), (True, "no Ollama answers")),
        (Server(), (True, "the Ollama at http://127.0.0.1:11434 has no model")),
        (Server(listed=(Model(name="a"),)), (False, "Ollama answers")),
        (Server(broken=True), (True, "Ollama does not answer as it should: the answer is no JSON")),
    ],
)
def test_an_ollama_with_models_makes_it_superfluous(server, answer):
    assert verdict(server) == answer
    assert server.closed


@pytest.mark.parametrize(
    "settings",
    [Engines(use="fake"), Engines(ollama=OllamaAt(url="http://far")), Engines(openai=OpenAiAt(url="http://far"))],
)
def test_engine_that_is_set_is_the_only_one(settings):
    assert verdict(Server(version=None), settings)[0] is False


def test_setting_turns_it_off():
    assert verdict(Server(version=None), allowed=False) == (False, "llamacpp.demo is false")


def test_without_the_file_there_is_none(shipped):
    (shipped / "models" / wanted.DEMO).unlink()
    assert verdict(Server(version=None))[0] is False
