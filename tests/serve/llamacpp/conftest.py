"""Real models for the embedded engine's tests: small files of known answers, written once a session."""

import os
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from ollascope.registry.gguf.random import PRESETS, write_random
from ollascope.registry.gguf.scripted import write_scripted
from ollascope.serve.llamacpp.slots.opening import open_model
from ollascope.serve.llamacpp.wish import Load, Loaded

Open = Callable[..., Loaded]


@pytest.fixture(scope="session")
def llama() -> None:
    """Tests that need the library skip where it is not built; a run that counts must have it."""
    if find_spec("llama_cpp") is None:
        if os.environ.get("CI"):
            pytest.fail("llama_cpp is not installed, and CI must test the embedded engine")
        pytest.skip("llama_cpp is not installed")


@pytest.fixture(scope="session")
def scripted(llama: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Says what its story says."""
    return _scripted(tmp_path_factory.mktemp("models") / "scripted.gguf")


@pytest.fixture(scope="session")
def vectors(llama: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Makes vectors whose numbers are known."""
    return _scripted(tmp_path_factory.mktemp("models") / "vectors.gguf", pooling="mean")


@pytest.fixture(scope="session")
def untrained(llama: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two layers of attention over random numbers: each token depends on all before it, no answer ends by itself."""
    path = tmp_path_factory.mktemp("models") / "untrained.gguf"
    write_random(path, **PRESETS["tiny"])
    return path


@pytest.fixture(scope="session")
def slow(llama: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two million parameters: a long prompt takes long enough to be interrupted."""
    path = tmp_path_factory.mktemp("models") / "slow.gguf"
    write_random(path, **PRESETS["2m"])
    return path


@pytest.fixture
def opened() -> Iterator[Open]:
    """Open a model on one thread; it is closed after the test."""
    models: list[Loaded] = []

    def open_(path: Path, **load: object) -> Loaded:
        asked: dict[str, object] = {"context": 512, "slots": 2, "threads": 1} | load
        models.append(open_model(path, Load(**asked)))  # type: ignore[arg-type]
        return models[-1]

    yield open_
    for model in models:
        model.close()


def _scripted(path: Path, pooling: str | None = None) -> Path:
    write_scripted(path, weights="f32", pooling=pooling)
    return path
