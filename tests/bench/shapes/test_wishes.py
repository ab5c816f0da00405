"""What a trace wants of each request, gathered."""

from array import array
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ollascope.bench.shapes import Trace, Wish, wishes
from ollascope.bench.shapes.wishes import MOST, MOST_TOKENS


def trace(lengths_in, lengths_out):
    count = max(len(lengths_in), len(lengths_out))
    return Trace(due=array("d", range(count)), tokens_in=array("L", lengths_in), tokens_out=array("L", lengths_out))


def wished(found, row):
    return found.all[found.rows[row]]


def test_trace_without_lengths_wishes_nothing():
    assert wishes(Trace(due=array("d", [0, 1]))).all == ()


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=100))
def test_every_row_gets_its_lengths(rows):
    found = wishes(trace(*zip(*rows, strict=True)))
    for number, (tokens_in, tokens_out) in enumerate(rows):
        assert wished(found, number) == Wish(tokens_in=tokens_in or None, tokens_out=tokens_out or None)


def test_rows_of_equal_lengths_share_several_prompts():
    found = wishes(trace([100] * 1000, [20] * 1000))
    assert len(found.all) == 128
    assert list(found.rows[:3]) == [0, 1, 2]


def test_long_prompts_do_not_come_in_many_variants():
    found = wishes(trace([100_000] * 1000, []))
    assert len(found.all) * 100_000 <= MOST_TOKENS


def test_many_different_lengths_are_gathered_into_few_prompts():
    chance = Random(1)
    asked = [[round(chance.lognormvariate(middle, 1)) + 1 for _ in range(100_000)] for middle in (6.5, 5)]
    found = wishes(trace(*asked))
    got = [wished(found, row) for row in range(100_000)]
    assert len(found.all) <= MOST
    assert sum(wish.tokens_in for wish in found.all) <= MOST_TOKENS
    assert found.grouped
    assert found.rounded <= 0.02
    assert all(abs(wish.tokens_in - length) <= 1 + 0.01 * length for wish, length in zip(got, asked[0], strict=True))
    assert sum(wish.tokens_out for wish in got) == pytest.approx(sum(asked[1]), rel=0.005)
    assert stats.spearmanr([wish.tokens_out for wish in got], asked[1]).statistic > 0.93


def test_answers_that_are_not_told_stay_so_when_others_are_grouped():
    lengths = [1 + row % 30_000 for row in range(60_000)]
    found = wishes(trace([7] * 60_000, [0, *lengths[1:]]))
    assert wished(found, 0).tokens_out is None
    assert wished(found, 1).tokens_out == pytest.approx(2, abs=2)
