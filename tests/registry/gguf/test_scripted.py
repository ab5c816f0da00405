"""Scripted models say their script on a real engine, with the probabilities and vectors that were promised."""

from itertools import takewhile

import gguf
import numpy as np
import pytest

from ollascope.engines.fake.scripts import SCRIPTS
from ollascope.registry.gguf.alphabet import spelled, unspelled
from ollascope.registry.gguf.scripted import CERTAIN, COIN, LOOPS, STORIES, story, vector, write_scripted
from ollascope.words.errors import BadUsage


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [({"layers": 0}, "at least 1"), ({"pooling": "sum"}, "no pooling"), ({"weights": "q4_0"}, "no weights"),
     ({"weights": "q8_0", "ffn": 100}, "32 numbers")],
)  # fmt: skip
def test_impossible_model_is_refused_before_writing(tmp_path, asked, complaint):
    with pytest.raises(BadUsage, match=complaint):
        write_scripted(tmp_path / "a.gguf", **asked)
    assert list(tmp_path.iterdir()) == []


def test_every_piece_is_one_token_of_its_own(scripted):
    tokens = gguf.GGUFReader(scripted).fields["tokenizer.ggml.tokens"].contents()
    assert len(tokens) == len(set(tokens))


def tell(model, path, trigger):
    """The text that follows one token, put together from the vocabulary itself."""
    vocabulary = gguf.GGUFReader(path).fields["tokenizer.ggml.tokens"].contents()
    end = vocabulary.index("<|im_end|>")
    start = vocabulary.index(trigger if trigger in vocabulary else "A")
    model.reset()
    tokens = list(takewhile(lambda token: token != end, model.generate([start], temp=0)))
    return b"".join(unspelled(vocabulary[token]) for token in tokens).decode()


def test_fake_server_tells_the_same_stories():
    spoken = {name or "default": b"".join(pieces).decode() for name, pieces in SCRIPTS.items()}
    assert {name: story(name) for name in STORIES} == spoken
    assert [len(pieces) for pieces in STORIES.values()] == [len(pieces) for pieces in SCRIPTS.values()]


@pytest.mark.parametrize("weights", ["f32", "f16", "q8_0"])
def test_every_story_is_told_word_for_word(tmp_path, load, weights):
    path = tmp_path / "a.gguf"
    write_scripted(path, weights=weights)
    names = [name for name in STORIES if name not in LOOPS and name != "<|coin|>"]
    with load(path) as model:
        assert {name: tell(model, path, name) for name in names} == {name: story(name) for name in names}


def test_more_layers_say_the_same(tmp_path, load, ask):
    write_scripted(tmp_path / "a.gguf", layers=3, ffn=1024)
    with load(tmp_path / "a.gguf") as model:
        assert ask(model, "hello") == (story(), "stop")


def test_loop_goes_on_to_the_limit(scripted, load, ask):
    with load(scripted) as model:
        said = ask(model, "<|loop|>", max_tokens=20)
    assert said == ((story("<|loop|>") * 3)[: -len(" five six seven eight")], "length")


@pytest.mark.parametrize("weights", ["f32", "f16", "q8_0"])
def test_coin_has_its_odds(tmp_path, load, weights):
    write_scripted(tmp_path / "a.gguf", weights=weights)
    vocabulary = gguf.GGUFReader(tmp_path / "a.gguf").fields["tokenizer.ggml.tokens"].contents()
    with load(tmp_path / "a.gguf", logits_all=True) as model:
        model.eval([vocabulary.index("<|coin|>"), vocabulary.index("Coin:")])
        logits = np.array(model.scores[model.n_tokens - 1], np.float64)
    chances = np.exp(logits) / np.exp(logits).sum()
    sides = {side: chances[vocabulary.index(spelled(side))] for side in COIN}
    assert sides == pytest.approx(COIN, abs=2e-4)


@pytest.mark.parametrize("weights", ["f32", "f16", "q8_0"])
def test_any_other_token_than_the_scripts_is_as_good_as_impossible(tmp_path, load, weights):
    write_scripted(tmp_path / "a.gguf", weights=weights)
    with load(tmp_path / "a.gguf", logits_all=True) as model:
        model.eval(model.tokenize(b"Hi", add_bos=False))
        logits = np.sort(np.array(model.scores[model.n_tokens - 1]))
    assert logits[-1] == pytest.approx(CERTAIN, abs=0.02)
    assert logits[-2] == 0


@pytest.mark.parametrize("text", ["Hello you", "你好", "a" * 300])
def test_vector_of_a_text_is_known(tmp_path, load, text):
    write_scripted(tmp_path / "a.gguf", pooling="mean")
    with load(tmp_path / "a.gguf", embedding=True) as model:
        said = np.array(model.embed(text))
    assert said / np.linalg.norm(said) == pytest.approx(np.array(vector(text)), abs=1e-6)
