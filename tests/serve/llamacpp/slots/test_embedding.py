"""Vectors: known numbers, whatever stands beside them, and refusals that say why."""

import math
import queue

import pytest

from ollascope.registry.gguf.scripted import vector
from ollascope.words.errors import BadUsage, Cancelled, ContextExceeded
from tests.serve.llamacpp.slots.asking import ask, letters, start, vectors_of


def test_text_that_is_empty_or_too_long_is_refused(vectors, opened):
    model = opened(vectors, context=300)
    for tokens, trouble in (([], BadUsage), (letters(1, model.longest_text + 1), ContextExceeded), ([10**6], BadUsage)):
        with pytest.raises(trouble):
            vectors_of(model, [letters(1, 3), tokens])


def test_no_texts_have_no_vectors(vectors, opened):
    assert vectors_of(opened(vectors), []) == []


@pytest.mark.parametrize("embeds", [True, False])
def test_vectors_are_those_of_the_file(vectors, opened, embeds):
    model = opened(vectors, embeds=embeds)
    texts = ["Hi", "iH", "a longer text, aaa", "你好"]
    found = vectors_of(model, [model.tokens(text) for text in texts])
    for text, numbers in zip(texts, found, strict=True):
        assert numbers == pytest.approx(vector(text), abs=1e-3)


def test_hundreds_of_texts_of_all_lengths_are_those_of_one_at_a_time(untrained, opened):
    model = opened(untrained, pooling="mean")
    texts = [letters(number, 1 + number * 7 % 400) for number in range(150)]
    together = vectors_of(model, texts)
    alone = [vectors_of(model, [text])[0] for text in texts]
    for one, other in zip(alone, together, strict=True):
        assert sum(a * b for a, b in zip(one, other, strict=True)) == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("pooling", ["mean", "cls", "last"])
def test_pooling_may_be_chosen(scripted, opened, pooling):
    model = opened(scripted, pooling=pooling)
    tokens = model.tokens("abc")
    [numbers] = vectors_of(model, [tokens])
    assert math.hypot(*numbers) == pytest.approx(1.0, abs=1e-5)
    kept = {"mean": set(tokens), "cls": {tokens[0]}, "last": {tokens[-1]}}[pooling]
    assert {place for place, number in enumerate(numbers) if number > 0.1} == kept


def test_without_pooling_each_token_has_its_vector(scripted, opened):
    model = opened(scripted, pooling="none")
    texts = [model.tokens("abc"), model.tokens("de")]
    found = vectors_of(model, texts)
    assert [max(range(512), key=numbers.__getitem__) for numbers in found] == texts[0] + texts[1]


def test_file_that_says_nothing_is_pooled_by_mean(scripted, opened):
    model = opened(scripted)
    assert vectors_of(model, [model.tokens("Hi")])[0] == pytest.approx(vector("Hi"), abs=1e-3)


def test_vectors_and_answers_at_the_same_time_do_not_disturb_each_other(scripted, opened):
    model = opened(scripted, slots=2)
    loop = start(model, "Hi<|loop|>", most=200)
    loop.more()
    assert vectors_of(model, [model.tokens("Hi")])[0] == pytest.approx(vector("Hi"), abs=1e-3)
    assert loop.rest().data == (b" one two three four five six seven eight" * 25)
    assert ask(model, "Hi").end.reason == "stop"


def test_who_leaves_gets_no_vectors(untrained, opened):
    model = opened(untrained, context=2048)
    came = queue.SimpleQueue()
    ticket = model.embed([letters(number, 2000) for number in range(200)], came.put)
    ticket.cancel()
    ticket.cancel()
    assert isinstance(came.get(timeout=20), Cancelled)
    assert len(vectors_of(model, [letters(1, 5)])) == 1
    assert came.empty()


def test_close_ends_vectors_too(untrained, opened):
    model = opened(untrained, context=2048)
    came = queue.SimpleQueue()
    model.embed([letters(number, 2000) for number in range(200)], came.put)
    model.close()
    assert isinstance(came.get(timeout=20), Cancelled)
    with pytest.raises(Cancelled):
        vectors_of(model, [letters(1, 5)])
