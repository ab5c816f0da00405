"""The client of Ollama passes the suite of all engines, on the served fake and on raw bytes; and a live one."""

from collections.abc import Iterator

import pytest

from ollascope.engines.ollama.client import Ollama, ask_version
from ollascope.engines.ollama.discovery import USUAL
from tests.contracts.engine import WiredContract
from tests.contracts.subject import chat
from tests.contracts.subjects import OLLAMA


class TestOllama(WiredContract):
    subject = OLLAMA


@pytest.fixture
def live() -> Iterator[Ollama]:
    """The Ollama of this machine, if one answers at the usual address."""
    if ask_version(USUAL).version is None:
        pytest.skip(f"no Ollama answers at {USUAL}")
    engine = Ollama(USUAL)
    yield engine
    engine.close()


@pytest.mark.live
def test_live_server_is_healthy_and_tells_its_version(live):
    health = live.health()
    assert health.state == "ok"
    assert health.version


@pytest.mark.live
@pytest.mark.slow
def test_live_server_answers_with_its_smallest_model(live):
    chatting = [model for model in live.models() if "chat" in live.capabilities(model.name).operations]
    if not chatting:
        pytest.skip("it has no model that chats")
    smallest = min(chatting, key=lambda model: model.size or 0)
    with live.stream(chat("Say one word.", smallest.name, max_tokens=8)) as stream:
        chunks = list(stream)
    assert chunks[-1].done
    assert 0 < (chunks[-1].tokens_out or 0) <= 8
    assert stream.trace.status == 200
    assert smallest.name in [model.name for model in live.loaded()]
