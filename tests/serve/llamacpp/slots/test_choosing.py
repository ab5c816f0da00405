"""Penalties are llama.cpp's own, to the last bit that matters, but touch only the tokens that came."""

import ctypes

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ollascope.serve.llamacpp.slots.choosing import Penalties
from ollascope.serve.llamacpp.slots.native.library import library
from ollascope.serve.llamacpp.slots.native.sampler import CANDIDATE
from ollascope.serve.llamacpp.slots.weighing import weigh
from ollascope.serve.llamacpp.wish import Sampling

WORDS = 50


def by_llama_cpp(row: np.ndarray, sampling: Sampling, tokens: list[int]) -> np.ndarray:
    c = library().c
    sampler = c.llama_sampler_init_penalties(
        WORDS, sampling.repeat_last, sampling.repeat_penalty, sampling.frequency_penalty, sampling.presence_penalty
    )
    for token in tokens:
        c.llama_sampler_accept(sampler, token)
    candidates = np.zeros(len(row), CANDIDATE)
    candidates["id"], candidates["logit"] = np.arange(len(row)), row
    array = c.llama_token_data_array(
        data=candidates.ctypes.data_as(c.llama_token_data_p), size=len(row), selected=-1, sorted=False
    )
    c.llama_sampler_apply(sampler, ctypes.byref(array))
    c.llama_sampler_free(sampler)
    return candidates["logit"].copy()


@settings(max_examples=200)
@given(
    tokens=st.lists(st.integers(0, WORDS - 1), max_size=120),
    last=st.integers(0, 70),
    repeat=st.sampled_from([1.0, 1.1, 1.5, 0.8]),
    presence=st.sampled_from([0.0, 0.5, -1.0]),
    frequency=st.sampled_from([0.0, 0.25]),
    seed=st.integers(0, 99),
)
def test_penalties_are_those_of_llama_cpp(llama, tokens, last, repeat, presence, frequency, seed):
    sampling = Sampling(
        repeat_last=last, repeat_penalty=repeat, presence_penalty=presence, frequency_penalty=frequency
    )  # fmt: skip
    row = np.random.default_rng(seed).normal(0, 5, WORDS).astype(np.float32)
    expected = by_llama_cpp(row, sampling, tokens)
    penalties = Penalties.of(sampling, tokens[:60], 4096)
    for token in tokens[60:]:
        if penalties:
            penalties.note(token)
    if penalties:
        penalties.weaken(row)
    assert row == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_whole_context_counts_where_no_number_is_given():
    sampling = Sampling(repeat_last=-1, repeat_penalty=1.0, presence_penalty=1.0)
    penalties = Penalties.of(sampling, range(40), 40)
    row = np.zeros(WORDS, np.float32)
    penalties.weaken(row)
    assert (row == -1).sum() == 40


def test_nothing_to_penalise_costs_nothing():
    assert Penalties.of(Sampling(repeat_penalty=1.0), [1, 2], 100) is None
    assert Penalties.of(Sampling(repeat_last=0, presence_penalty=1.0), [1, 2], 100) is None


@given(st.lists(st.floats(-80, 80, width=32), min_size=1, max_size=200))
def test_probabilities_add_up_to_one(logits):
    weights = weigh(np.array(logits, np.float32))
    total = sum(np.exp(weights.of(token)) for token in range(len(logits)))
    assert total == pytest.approx(1.0, abs=1e-4)
