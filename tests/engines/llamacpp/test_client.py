"""The embedded engine's client: a connection that is cut because the process ended is a crash, any other is a cut."""

import subprocess
import sys
import time

import pytest

from ollascope.engines.llamacpp.announced import Announced, announce, find_announced, withdraw
from ollascope.engines.llamacpp.client import Embedded
from ollascope.processes.identity import identify
from ollascope.words.errors import ConnectionCut, EngineCrashed
from ollascope.words.prompt import Message, Prompt
from tests.engines.ollama.stage import said, staged, streamed

PROMPT = Prompt(model="m", messages=(Message(role="user", content="x"),))


@pytest.fixture
def other():
    """A process that may be ended."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait(10)


def announced(process, url="http://127.0.0.1:1"):
    return Announced(who=identify(process.pid, time.time()), url=url, model="m", demo=True)


def ended(process, *, dies):
    def answer(_asked, _stage):
        if dies:
            process.kill()
            process.wait(10)
        yield from streamed(said("Hel"), ends=False)

    with staged(answer) as stage:
        engine = Embedded(announced(process, stage.url))
        assert engine.name == "llamacpp"
        try:
            list(engine.stream(PROMPT))
        finally:
            engine.close()


def test_cut_by_a_crash_is_told_as_one(other):
    with pytest.raises(EngineCrashed) as caught:
        ended(other, dies=True)
    assert "ollascope up" in caught.value.hint


def test_cut_of_one_that_lives_stays_a_cut(other):
    with pytest.raises(ConnectionCut):
        ended(other, dies=False)


def test_one_that_runs_stays_announced(tmp_path, other):
    first = announced(other)
    assert announce(tmp_path, first) is None
    second = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        late = announced(second, "http://127.0.0.1:2")
        assert announce(tmp_path, late) == first
        withdraw(tmp_path, late.who)
        assert find_announced(tmp_path) == first
        other.kill()
        other.wait(10)
        assert announce(tmp_path, late) is None
        assert find_announced(tmp_path) == late
    finally:
        second.kill()
        second.wait(10)
