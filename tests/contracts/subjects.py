"""The engines under test, each on a fake of known behaviour."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from ollascope.engines.fake import Fake, FakeSource
from ollascope.engines.fake.engine import FakeEngine
from ollascope.engines.ollama.client import Ollama
from ollascope.engines.openai.client import OpenAi
from ollascope.engines.wire import Patience
from tests.contracts.fakes import fake_server
from tests.contracts.subject import Ground, Subject, Wired
from tests.contracts.wires import Asked, whole

PATIENCE = Patience(connect_s=10, first_s=20, idle_s=20, answer_s=10)


@contextmanager
def in_process(settings: Fake) -> Iterator[Ground]:
    engine = FakeEngine(FakeSource(settings))
    try:
        yield Ground(engine, engine.source)
    finally:
        engine.close()


@contextmanager
def ollama_on_the_fake(settings: Fake) -> Iterator[Ground]:
    with fake_server(settings) as server:
        engine = Ollama(server.url, PATIENCE)
        try:
            yield Ground(engine, server.source)
        finally:
            engine.close()


@contextmanager
def openai_on_the_fake(settings: Fake) -> Iterator[Ground]:
    with fake_server(settings) as server:
        engine = OpenAi(server.url + "/v1", PATIENCE)
        try:
            yield Ground(engine, server.source)
        finally:
            engine.close()


def beside_ollama(asked: Asked) -> bytes | None:
    known = {"/api/version": {"version": "0.32.15"}, "/api/ps": {"models": []}, "/api/tags": {"models": []}}
    return whole(json.dumps(known[asked.path]).encode()) if asked.path in known else None


FAKE = Subject(name="fake", serve=in_process)
OLLAMA = Subject(
    name="ollama",
    serve=ollama_on_the_fake,
    wired=Wired(lambda url: Ollama(url, PATIENCE), "ollama", beside_ollama),
)


def beside_openai(asked: Asked) -> bytes | None:
    return whole(b'{"object":"list","data":[]}') if asked.path == "/v1/models" else None


OPENAI = Subject(
    name="openai",
    serve=openai_on_the_fake,
    wired=Wired(lambda url: OpenAi(url, PATIENCE), "openai", beside_openai),
    lacks=frozenset({"orders", "timings"}),
)
