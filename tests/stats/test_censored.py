"""Values that were cut, against Kaplan and Meier's estimate by scipy."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ollascope.stats.censored import filled
from ollascope.stats.percentiles import percentile


@pytest.mark.parametrize("limit", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("seed", range(3))
def test_percentiles_are_those_of_the_product_limit_estimate(limit, seed):
    source = random.Random(seed)
    true = [source.expovariate(1) for _ in range(2000)]
    limits = [source.uniform(0, 2 * limit) for _ in true]
    values, cut = [*map(min, true, limits)], [end < value for end, value in zip(limits, true, strict=True)]
    seen = [value for value, was in zip(values, cut, strict=True) if not was]
    lost = [value for value, was in zip(values, cut, strict=True) if was]
    curve = stats.ecdf(stats.CensoredData(uncensored=seen, right=lost)).cdf
    made = sorted(filled(values, cut))
    for share in (0.1, 0.3, 0.5, 0.7):
        value = percentile(made, share)
        if value < math.inf:
            assert curve.evaluate(value) == pytest.approx(share, abs=0.015)
        else:
            assert max(curve.probabilities) < share + 0.015


@given(st.lists(st.floats(0.001, 100), max_size=50))
def test_without_cuts_nothing_changes(values):
    assert filled(values, [False] * len(values)) == values


@given(st.lists(st.tuples(st.floats(0.001, 100), st.booleans()), max_size=60))
def test_what_was_cut_becomes_larger_and_what_was_seen_stays(pairs):
    values, cut = [value for value, _ in pairs], [was for _, was in pairs]
    for before, was, after in zip(values, cut, filled(values, cut), strict=True):
        assert after >= before if was else after == before


def test_what_is_cut_beyond_all_that_was_seen_is_unknown():
    assert filled([1.0, 2.0, 3.0], [False, False, True]) == [1.0, 2.0, math.inf]
