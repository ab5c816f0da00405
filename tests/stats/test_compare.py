"""Mann-Whitney against scipy, exact and by the normal distribution."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ollascope.stats.compare import mann_whitney

few = st.lists(st.floats(0, 100), min_size=1, max_size=12, unique=True)
many = st.lists(st.integers(0, 30), min_size=1, max_size=60)


@given(few, few)
def test_exact_test_is_scipys(first, second):
    if set(first) & set(second):
        return
    told = stats.mannwhitneyu(first, second, method="exact")
    made = mann_whitney(first, second)
    assert (made.u, made.p) == pytest.approx((told.statistic, told.pvalue))


@given(st.lists(st.integers(0, 30), min_size=21, max_size=60), many)
def test_test_with_ties_is_scipys(first, second):
    made = mann_whitney(first, second)
    if len({*first, *second}) == 1:
        assert made.p == 1.0
        return
    told = stats.mannwhitneyu(first, second, method="asymptotic")
    assert (made.u, made.p) == pytest.approx((told.statistic, told.pvalue))


def test_chance_far_out_is_small_and_not_zero():
    first, second = list(range(300)), list(range(300, 600))
    told = stats.mannwhitneyu(first, second, method="asymptotic")
    assert 0 < mann_whitney(first, second).p == pytest.approx(told.pvalue)


def test_effect_is_the_share_of_pairs_in_which_the_second_is_larger():
    assert mann_whitney([1, 2, 3], [4, 5, 6]).larger == 1.0
    assert mann_whitney([1, 2], [1, 2]).larger == 0.5


@given(many, many)
def test_order_of_the_two_sets_does_not_matter_to_p(first, second):
    assert mann_whitney(first, second).p == pytest.approx(mann_whitney(second, first).p)
