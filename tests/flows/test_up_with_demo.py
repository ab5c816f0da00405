"""A person's first minute without Ollama: `up`, a chat with the demo model over both APIs, a crash, `down`."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ollascope.engines.llamacpp.announced import Announced, find_announced
from ollascope.engines.llamacpp.installed import find_installed
from ollascope.engines.llamacpp.wanted import demo_model, want_demo
from ollascope.engines.settings import Engines
from tests.flows.addresses import apart

COMMAND = [sys.executable, "-P", "-m", "ollascope"]
PATIENCE_S = 60.0


def until(condition, what):
    deadline = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what} did not come true"
        time.sleep(0.02)
    return found


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("home") / "data"


@pytest.fixture(scope="module")
def environ(tmp_path_factory):
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("OLLASCOPE", "OLLAMA"))}
    return kept | {"HOME": str(tmp_path_factory.mktemp("person"))}


@pytest.fixture(scope="module")
def running(data, environ):
    """`ollascope up`, until its engine has said where it is."""
    if find_installed() is None or not demo_model().is_file():
        pytest.skip("the embedded engine or its demo model is not here")
    if not want_demo(Engines(), allowed=True).wanted:
        pytest.skip("an Ollama with models answers on this machine")
    process = subprocess.Popen(
        [*COMMAND, "--data", str(data), *apart(), "up", "--no-browser"], env=environ,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        until(lambda: find_announced(data), "an announced engine")
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=30)


def engine(data) -> Announced:
    return until(lambda: find_announced(data), "an announced engine")


def connection(told: Announced) -> http.client.HTTPConnection:
    parts = urlsplit(told.url)
    return http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)


def post(told: Announced, path: str, body: dict[str, object]) -> dict[str, object]:
    line = connection(told)
    line.request("POST", path, json.dumps(body), {"content-type": "application/json"})
    answer = json.loads(line.getresponse().read())
    line.close()
    return answer


def hello(told: Announced) -> str:
    body = {"model": "demo", "messages": [{"role": "user", "content": "Hello"}], "stream": False}
    return post(told, "/api/chat", body)["message"]["content"]


def test_demo_model_answers_over_both_apis(running, data):
    told = engine(data)
    assert told.demo
    body = {"model": "demo", "messages": [{"role": "user", "content": "Hello"}], "temperature": 0}
    said = post(told, "/v1/chat/completions", body)["choices"][0]["message"]["content"]
    assert "demo model" in said
    assert hello(told)


def test_status_tells_where_the_engine_is(running, data, environ):
    told = subprocess.run(
        [*COMMAND, "--data", str(data), "status", "--json"], env=environ, capture_output=True, text=True, check=False
    )
    [child] = [each for each in json.loads(told.stdout)["children"] if each["name"] == "engine"]
    assert (child["state"], child["address"]) == ("ready", engine(data).url)


def test_announcement_is_for_its_user_only(running, data):
    engine(data)
    assert (data / "run" / "engine.json").stat().st_mode & 0o777 == 0o600


def test_crash_in_mid_answer_cuts_the_connection_and_the_next_request_is_answered_at_the_same_address(running, data):
    before = engine(data)
    line = connection(before)
    endless = {"ignore_eos": True, "num_predict": 100_000, "repeat_penalty": 1.0}
    body = {"model": "demo", "messages": [{"role": "user", "content": "Hello"}], "options": endless}
    line.request("POST", "/api/chat", json.dumps(body))
    answer = line.getresponse()
    answer.readline()
    os.kill(before.who.pid, signal.SIGSEGV)
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        answer.read()
    line.close()
    after = until(lambda: (now := find_announced(data)) and now.who != before.who and now, "another engine")
    assert after.url == before.url
    assert hello(after)


def test_down_ends_it_and_leaves_no_announcement(running, data, environ):
    told = subprocess.run(
        [*COMMAND, "--data", str(data), "down"], env=environ, capture_output=True, text=True, check=True
    )
    assert "engine" in told.stdout
    assert running.wait(timeout=30) == 0
    assert not (data / "run" / "engine.json").exists()
    said = running.stdout.read()
    assert "so the embedded engine serves the demo model" in said
    assert "DEMO" in said
