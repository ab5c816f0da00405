"""Lengths by distribution: read, and drawn."""

from math import inf, nan
from random import Random
from statistics import fmean, pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ollascope.bench.asked import Lengths
from ollascope.bench.prompts import read_lengths
from ollascope.bench.prompts.lengths import check_lengths, draw_lengths, name_lengths
from ollascope.words.errors import BadUsage


@pytest.mark.parametrize(
    "text",
    ["", "0", "-5", "1.5", "abc", "400-100", "0-10", "5-", "normal:", "normal:512", "normal:0,1", "gauss:5,1", "nan",
     "normal:512,128,600", "normal:512,128,64,32", "lognormal:512,-1", "normal:1,2,3,4,5", "9999999999"],
)  # fmt: skip
def test_what_is_no_length_is_named_with_a_hint(text):
    with pytest.raises(BadUsage) as caught:
        read_lengths(text)
    assert caught.value.hint


@pytest.mark.parametrize(
    "lengths",
    [Lengths(mean=nan), Lengths(mean=inf), Lengths(mean=0), Lengths(mean=5, spread=-1), Lengths(mean=5, spread=nan),
     Lengths(mean=5, least=9, most=3), Lengths(mean=5, least=0), Lengths(mean=5, most=4), Lengths(mean=5, least=6)],
)  # fmt: skip
def test_lengths_that_cannot_be_drawn_are_refused(lengths):
    with pytest.raises(BadUsage):
        check_lengths("the length", lengths)


@pytest.mark.parametrize(
    ("text", "lengths"),
    [
        ("512", Lengths(mean=512, shape="fixed", least=512, most=512)),
        ("100-400", Lengths(mean=250, spread=150, shape="uniform", least=100, most=400)),
        ("normal:512,128", Lengths(mean=512, spread=128, shape="normal")),
        ("lognormal:512,300,32,2048", Lengths(mean=512, spread=300, shape="lognormal", least=32, most=2048)),
    ],
)
def test_forms_of_lengths(text, lengths):
    assert read_lengths(text) == lengths


@pytest.mark.parametrize(
    ("text", "name"),
    [("512", "512"), ("100-400", "100 to 400"), ("normal:512,128", "normal, mean 512, deviation 128")],
)
def test_names_of_lengths(text, name):
    assert name_lengths(read_lengths(text)) == name


def test_fixed_length_does_not_vary():
    assert draw_lengths(read_lengths("512"), 5, Random(1)) == [512] * 5


@pytest.mark.parametrize("text", ["normal:512,64", "lognormal:512,300", "100-400"])
def test_few_lengths_have_the_mean_and_the_spread_that_were_asked_for(text):
    lengths, drawn = read_lengths(text), draw_lengths(read_lengths(text), 128, Random(1))
    spread = lengths.spread / 3**0.5 if lengths.shape == "uniform" else lengths.spread
    assert fmean(drawn) == pytest.approx(lengths.mean, rel=0.02)
    assert pstdev(drawn) == pytest.approx(spread, rel=0.12)


@pytest.mark.parametrize(
    ("text", "truth"),
    [("normal:512,64", stats.norm(512, 64)), ("lognormal:512,300", stats.lognorm(0.5426, scale=512 / 1.1586))],
)
def test_drawn_lengths_have_their_distribution(text, truth):
    assert stats.kstest(draw_lengths(read_lengths(text), 2000, Random(1)), truth.cdf).pvalue > 0.01


def test_cut_lengths_do_not_pile_up_at_the_ends():
    drawn = draw_lengths(read_lengths("normal:100,50,90,110"), 210, Random(1))
    assert set(drawn) == set(range(90, 111))
    assert max(drawn.count(end) for end in (90, 110)) < 15


def test_uniform_reaches_both_ends_alike():
    drawn = draw_lengths(read_lengths("1-4"), 400, Random(1))
    assert [drawn.count(length) for length in (1, 2, 3, 4)] == [100] * 4


@given(
    st.floats(1, 1e6), st.floats(0, 1e6), st.sampled_from(["fixed", "uniform", "normal", "lognormal"]),
    st.integers(1, 1000), st.integers(0, 10**6), st.integers(0, 99),
)  # fmt: skip
def test_lengths_lie_within_their_limits(mean, spread, shape, least, more, seed):
    lengths = Lengths(mean=mean, spread=spread, shape=shape, least=least, most=least + more)
    assert all(least <= length <= least + more for length in draw_lengths(lengths, 9, Random(seed)))
