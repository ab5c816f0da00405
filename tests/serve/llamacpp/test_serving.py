"""The command `serve`: what it says, what it refuses, how it ends."""

import http.client
import json
import signal
import socket
import time
from contextlib import closing
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from ollascope.settings.data import MARKER, create
from tests.serve.llamacpp.rooms import failed, put, started

pytestmark = pytest.mark.usefixtures("llama")


@pytest.fixture
def data(tmp_path):
    create(tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture
def models(tmp_path):
    return tmp_path / "models"


def get(told, path):
    with urlopen(told["url"] + path, timeout=20) as answer:
        return json.loads(answer.read())


# Bad input

WRONG = "models:\n  a:\n    slot: 2\n"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda folder: None, "there is no"),
        (lambda folder: folder.mkdir(), "there is no model in"),
        (lambda folder: put(folder).joinpath("scripted.gguf").write_bytes(b"GGML"), "no GGUF file"),
        (lambda folder: put(folder).joinpath("models.yaml").write_text(WRONG), "models.yaml:3"),
    ],
    ids=["missing", "empty", "broken", "wrong listing"],
)
def test_place_that_cannot_be_served_is_one_line_and_a_hint(make, said, models, data):
    make(models)
    code, text = failed(str(models), data=data)
    assert code in {1, 2}
    assert said in text
    assert "Traceback" not in text


def test_own_folder_without_a_model_says_what_to_do(data):
    code, text = failed(data=data)
    assert code == 1
    assert "put GGUF files there, or name one: `ollascope serve MODEL.gguf`" in text


def test_file_whose_model_does_not_fit_is_refused_at_once(models, data):
    place = put(models) / "scripted.gguf"
    settings = ("--set=llamacpp.memory.budget_mib=1",)
    code, text = failed(str(place), data=data, settings=settings)
    assert code == 1
    assert "needs" in text


def test_port_that_is_taken_is_told(models, data):
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = str(other.getsockname()[1])
        code, text = failed(str(put(models)), "--port", port, data=data)
    assert code == 1
    assert "choose another with --port" in text


def test_address_that_lets_others_in_is_refused(models, data):
    code, text = failed(str(put(models)), "--host", "0.0.0.0", data=data)
    assert code == 2
    assert "lets other machines in" in text


def test_demo_and_a_place_exclude_each_other(models, data):
    assert failed("--demo", str(put(models)), data=data)[0] == 2


# What it says and does


def test_single_file_is_loaded_at_once_and_stays(models, data):
    with started(str(put(models) / "scripted.gguf"), data=data) as (_, told):
        assert told["models"] == ["scripted:latest"]
        [model] = get(told, "/api/ps")["models"]
        assert model["expires_at"].startswith("2319")


def test_models_of_a_folder_are_loaded_when_they_are_asked_for(models, data):
    with started(str(put(models, "scripted", "plain")), "--slots", "2", "--context", "512", data=data) as (_, told):
        assert told["models"] == ["plain:latest", "scripted:latest"]
        assert get(told, "/api/ps")["models"] == []
        assert get(told, "/health") == {"status": "ok"}
        ask(told, {"model": "plain", "messages": [{"role": "user", "content": "Hi"}], "stream": False})
        slots = get(told, "/slots")
        assert [slot["n_ctx"] for slot in slots] == [512, 512]
        assert get(told, "/props")["total_slots"] == 2


def ask(told, body):
    line = connection(told)
    line.request("POST", "/api/chat", json.dumps(body))
    answer = line.getresponse().read()
    line.close()
    return answer


def connection(told):
    parts = urlsplit(told["url"])
    return http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)


def test_figures_only_answer_to_reading(models, data):
    with started(str(put(models)), data=data) as (_, told):
        line = connection(told)
        line.request("DELETE", "/metrics")
        assert line.getresponse().status == 405
        line.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_it_though_an_answer_runs(number, models, data):
    with started(str(put(models)), data=data) as (process, told):
        line = connection(told)
        endless = {"model": "scripted", "messages": [{"role": "user", "content": "<|loop|>"}],
                   "options": {"num_predict": -1, "num_ctx": 4096}}  # fmt: skip
        line.request("POST", "/api/chat", json.dumps(endless))
        line.getresponse().readline()
        began = time.monotonic()
        process.send_signal(number)
        assert process.wait(timeout=20) == 0
        assert time.monotonic() - began < 20
        line.close()


def test_demo_model_is_announced_while_it_is_served(data):
    with started("--demo", data=data) as (_, told):
        assert told["demo"]
        announced = json.loads((data / "run" / "engine.json").read_text())
        assert (announced["url"], announced["demo"]) == (told["url"], True)
        assert (data / MARKER).exists(), "what others write there too must not find a stranger's folder"
    assert not (data / "run" / "engine.json").exists()
