"""A prompt that was cut is told where a bound makes it certain, and never where it was not cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.engines.ollama.silence.truncation import find_cut, limit_of_cut, words_in
from ollascope.words.chunk import Chunk
from ollascope.words.prompt import Message, Prompt

NEW, OLD = (0, 32, 15), (0, 24, 0)


def generate(text: str, **extra) -> Prompt:
    return Prompt(model="m", operation="generate", text=text, extra=extra)


def chat(*texts: str) -> Prompt:
    roles = ("user", "assistant")
    return Prompt(model="m", messages=tuple(Message(role=roles[n % 2], content=text) for n, text in enumerate(texts)))


def cut(prompt: Prompt, counted: int, context: int | None = None, version=NEW, said_bytes: int = 0, **final):
    return find_cut(prompt, Chunk(done=True, tokens_in=counted, tokens_out=8, **final), said_bytes, context, version)


def test_context_that_the_answer_gives_back_holds_the_whole_prompt():
    found = cut(generate("x" * 400), 100, extra={"context": [1] * 400})
    assert found is not None
    assert found.certain


def test_answer_counted_anew_in_that_context_is_no_cut():
    assert cut(generate("x"), 21, said_bytes=2000, extra={"context": [1] * 2021}) is None


def test_more_words_than_tokens_are_a_cut():
    found = cut(chat("word " * 300), 200)
    assert found is not None
    assert found.certain


def test_what_a_template_leaves_out_counts_for_nothing():
    thought = "<think>" + "long ago " * 500 + "</think>yes"
    assert cut(chat("Hi", thought, "and?"), 30) is None


def test_system_prompt_that_a_template_may_drop_counts_for_nothing():
    prompt = Prompt(model="m", messages=(Message(role="system", content="be brief " * 100),
                                         Message(role="user", content="Hi")))  # fmt: skip
    assert words_in(prompt) == 1


@pytest.mark.parametrize(("counted", "version"), [(1026, NEW), (2048, OLD)])
def test_length_that_only_a_cut_has_is_a_cut(counted, version):
    found = cut(generate("x" * 15_000), counted, 2048, version)
    assert found is not None
    assert found.certain


@pytest.mark.parametrize("counted", [1025, 1028, 2047])
def test_length_beside_it_is_none(counted):
    assert cut(generate("x" * 15_000), counted, 2048) is None


def test_text_of_that_length_by_chance_is_no_cut():
    """1026 tokens of ordinary text have some four bytes each: too short to have been twice as long."""
    assert cut(generate("word" * 1026), 1026, 2048) is None


def test_length_tells_nothing_of_an_unknown_version_or_context():
    assert cut(generate("x" * 15_000), 1026, 2048, None) is None
    assert cut(generate("x" * 15_000), 1026) is None


def test_one_who_forbade_it_was_not_cut():
    assert cut(generate("word " * 300, truncate=False), 10) is None


def test_kept_tokens_that_were_asked_for_count():
    prompt = Prompt(model="m", operation="generate", text="x" * 15_000, options={"num_keep": 100})
    assert limit_of_cut(2048, 100) == 1074
    assert cut(prompt, 1074, 2048) is not None


def test_long_chat_that_fills_the_context_is_a_guess():
    found = cut(chat("a", "b", "c"), 2036, 2048)
    assert found is not None
    assert not found.certain
    assert cut(chat("a"), 2036, 2048) is None
    assert cut(chat("a", "b", "c"), 1900, 2048) is None


def test_texts_to_embed_are_counted_together():
    prompt = Prompt(model="m", operation="embed", inputs=("word " * 1500, "word " * 1500))
    assert cut(prompt, 2046) is not None
    assert cut(prompt, 3010) is None


@given(st.lists(st.text(max_size=30), min_size=1, max_size=5), st.integers(0, 10_000))
def test_prompt_of_as_many_tokens_as_bytes_was_not_cut(texts, context):
    """Whatever the tokeniser: a count of one a byte is more than any prompt has."""
    counted = sum(len(text.encode("utf-8", "replace")) for text in texts) + 10 * len(texts)
    found = cut(chat(*texts), counted, context)
    assert found is None or not found.certain


@given(st.integers(2, 300_000), st.integers(0, 300_000))
def test_cut_leaves_room_in_the_context(context, kept):
    assert 0 < limit_of_cut(context, kept) < context
