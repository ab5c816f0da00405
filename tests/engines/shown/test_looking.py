"""Older servers tell some facts only model by model: they are asked, but not for long."""

import json

from ollascope.engines.ollama.client import Ollama
from ollascope.engines.shown.looking import in_memory, look_at
from tests.contracts.wires import whole, wire

CARD = {"capabilities": ["completion"], "model_info": {"general.architecture": "q", "q.context_length": 4096}}
TAGS = {"models": [{"name": "old", "size": 1}, {"name": "gone", "size": 1}]}


def old(asked):
    if asked.path == "/api/show":
        model = json.loads(asked.body)["model"]
        return [whole(b'{"error":"model not found"}', 404) if model == "gone" else whole(json.dumps(CARD).encode())]
    return [whole(json.dumps(TAGS if asked.path == "/api/tags" else {"version": "0.9.0"}).encode())]


def test_what_the_list_leaves_out_is_asked():
    with wire(old) as server:
        engine = Ollama(server.url)
        first, second = look_at(engine, engine.models(), lambda: 0.0)
        engine.close()
    assert (first.context, first.can) == (4096, ("completion",))
    assert (second.context, second.can) == (None, ())


def test_a_long_list_is_not_asked_to_its_end():
    instants = iter((0.0, 1.0, 3.0))
    with wire(old) as server:
        engine = Ollama(server.url)
        first, second = look_at(engine, engine.models(), lambda: next(instants))
        engine.close()
        assert len(server.to("/api/show")) == 1
    assert (first.context, second.context) == (4096, None)


LOADED = {"models": [{"name": "m", "size": 100, "size_vram": 62, "context_length": 2048}]}


def busy(asked):
    return [whole(json.dumps(LOADED if asked.path == "/api/ps" else {"version": "0.32.15"}).encode())]


def machine(folder, environ, runner=""):
    """A machine with an `ollama serve`, and its runner."""
    for pid, parent, words in ((42, 1, "/usr/bin/ollama serve"), (43, 42, runner)):
        if words:
            place = folder / "proc" / str(pid)
            place.mkdir(parents=True)
            (place / "cmdline").write_bytes(words.replace(" ", "\0").encode() + b"\0")
            (place / "stat").write_text(f"{pid} (ollama) S {parent} {' '.join(['0'] * 50)}")
    (folder / "proc/42/environ").write_bytes(environ.encode())
    return folder


def parallel_of(environ, tmp_path, runner=""):
    with wire(busy) as server:
        engine = Ollama(server.url)
        environ = environ.replace("HERE", server.url.removeprefix("http://"))
        (one,) = in_memory(engine, 0.0, machine(tmp_path, environ, runner))
        engine.close()
    assert (one.name, one.place, one.context) == ("m", "62% GPU, 38% CPU", 2048)
    return one.parallel


def test_requests_at_once_are_those_of_the_servers_own_runner(tmp_path):
    runner = "/usr/lib/ollama/llama-server --port 1 -c 8192 -np 4"
    assert parallel_of("OLLAMA_HOST=HERE\0", tmp_path, runner) == 4


def test_requests_at_once_may_be_known_from_what_the_server_was_started_with(tmp_path):
    assert parallel_of("OLLAMA_HOST=HERE\0OLLAMA_NUM_PARALLEL=8\0", tmp_path) == 8


def test_processes_of_another_server_say_nothing_of_this_one(tmp_path):
    runner = "/usr/lib/ollama/llama-server --port 1 -c 8192 -np 4"
    assert parallel_of("OLLAMA_HOST=127.0.0.1:9\0OLLAMA_NUM_PARALLEL=8\0", tmp_path, runner) is None
