"""What the tests of model files share: models to read and a real engine to try them on."""

import os
from importlib.util import find_spec

import pytest

from ollascope.registry.gguf.random import PRESETS, write_random
from ollascope.registry.gguf.scripted import write_scripted


@pytest.fixture(scope="session")
def scripted(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "scripted.gguf"
    write_scripted(path)
    return path


@pytest.fixture(scope="session")
def untrained(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "tiny.gguf"
    write_random(path, **PRESETS["tiny"])
    return path


@pytest.fixture(scope="session")
def load():
    """Opens a model file in llama.cpp, one thread: `with load(path) as model`."""
    if find_spec("llama_cpp") is None and os.environ.get("CI"):
        pytest.fail("llama-cpp-python is missing, and CI must try the models on a real engine")
    llama_cpp = pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed: the extra `llamacpp`")

    class Model:
        def __init__(self, path, **more):
            self.path, self.more = path, more

        def __enter__(self):
            self.model = llama_cpp.Llama(
                str(self.path), n_ctx=1024, n_threads=1, n_threads_batch=1, verbose=False, **self.more
            )
            return self.model

        def __exit__(self, *_):
            self.model.close()

    return Model


@pytest.fixture(scope="session")
def ask():
    """The greedy answer of an open model to one question, and why it ended."""

    def ask(model, question, **more):
        messages = [{"role": "user", "content": question}]
        options = {"max_tokens": 200, "temperature": 0} | more
        answer = model.create_chat_completion(messages, **options)["choices"][0]
        return answer["message"]["content"], answer["finish_reason"]

    return ask
