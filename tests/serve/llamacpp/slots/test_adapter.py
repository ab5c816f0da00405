"""A LoRA adapter chosen at load: what it changes is known, at full scale and at none."""

import numpy as np
import pytest

from ollascope.registry.gguf.scripted import story
from ollascope.registry.gguf.write import Tensor, write_gguf
from ollascope.words.errors import LoadFailed
from tests.serve.llamacpp.slots.asking import ask

HIDDEN, STRONG = 512, 2000.0


def write_adapter(path, width, vocabulary, after, then):
    """After the token `after` comes `then`, whatever the base model would say."""
    down, up = np.zeros((1, width), np.float32), np.zeros((vocabulary, 1), np.float32)
    down[0, after], up[then, 0] = 1.0, STRONG
    metadata = {"general.type": "adapter", "general.architecture": "qwen3", "adapter.type": "lora",
                "adapter.lora.alpha": 1.0}  # fmt: skip
    tensors = [
        Tensor(name=f"output.weight.lora_{side}", shape=part.shape, kind="f32", data=part.tobytes)
        for side, part in (("a", down), ("b", up))
    ]
    write_gguf(path, metadata, tensors)


@pytest.fixture
def adapter(scripted, opened, tmp_path):
    model = opened(scripted)
    path = tmp_path / "adapter.gguf"
    end = model.tokens("i")[0]
    heads = next(token for token in range(model.facts()["vocabulary"]) if model.data(token) == b" heads")
    write_adapter(path, HIDDEN, model.facts()["vocabulary"], end, heads)
    return path


def test_adapter_changes_the_answer(scripted, opened, adapter):
    assert ask(opened(scripted, lora=adapter), "Hi").data == b" heads"


def test_adapter_of_scale_nothing_changes_nothing(scripted, opened, adapter):
    assert ask(opened(scripted, lora=adapter, lora_scale=0.0), "Hi").data.decode() == story()


def test_adapter_of_another_model_is_refused(untrained, opened, adapter):
    with pytest.raises(LoadFailed, match="adapter"):
        opened(untrained, lora=adapter)
