"""Untrained models: the same bytes for the same arguments, and answers that only the request's limit ends."""

import string

import gguf
import pytest

from ollascope.registry.gguf.random import PRESETS, SMALLEST, write_random
from ollascope.words.errors import BadUsage

TINY = PRESETS["tiny"]


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [({"vocabulary": SMALLEST - 1}, "cannot spell"), ({"heads": 3, "kv_heads": 2}, "cannot share"),
     ({"head": 33}, "rotated"), ({"hidden": 0}, "at least 1"), ({"weights": "q8_0", "hidden": 72}, "32 numbers")],
)  # fmt: skip
def test_impossible_measures_are_refused_before_writing(tmp_path, asked, complaint):
    with pytest.raises(BadUsage, match=complaint):
        write_random(tmp_path / "a.gguf", **(TINY | asked))
    assert list(tmp_path.iterdir()) == []


def test_same_arguments_give_the_same_bytes(tmp_path, untrained):
    write_random(tmp_path / "tiny.gguf", **TINY)
    assert (tmp_path / "tiny.gguf").read_bytes() == untrained.read_bytes()


def test_another_seed_gives_other_bytes(tmp_path, untrained):
    write_random(tmp_path / "tiny.gguf", seed=1, **TINY)
    assert (tmp_path / "tiny.gguf").read_bytes() != untrained.read_bytes()


@pytest.mark.parametrize("vocabulary", [SMALLEST, 300, 1000, 20_000])
def test_vocabulary_is_filled_with_different_tokens(tmp_path, vocabulary):
    write_random(tmp_path / "a.gguf", **(TINY | {"vocabulary": vocabulary, "hidden": 32, "layers": 1}))
    tokens = gguf.GGUFReader(tmp_path / "a.gguf").fields["tokenizer.ggml.tokens"].contents()
    assert len(tokens) == len(set(tokens)) == vocabulary


@pytest.mark.parametrize("temperature", [0, 1])
@pytest.mark.parametrize("weights", ["f32", "f16", "q8_0"])
def test_answer_is_plain_letters_up_to_the_limit(tmp_path, load, ask, weights, temperature):
    write_random(tmp_path / "a.gguf", weights=weights, **TINY)
    with load(tmp_path / "a.gguf", seed=1) as model:
        said, reason = ask(model, "你好, how are you?", max_tokens=300, temperature=temperature)
    assert reason == "length"
    assert set(said) <= set(string.ascii_lowercase + " ")
    assert len(set(said.split())) > 20
