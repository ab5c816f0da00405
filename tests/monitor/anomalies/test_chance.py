"""The binomial test against SciPy's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from ollascope.monitor.anomalies.chance import tail


@given(st.integers(0, 2000), st.integers(0, 2000), st.floats(0.0001, 0.9999))
def test_tail_is_that_of_the_binomial_distribution(successes, count, share):
    assert tail(successes, count, share) == pytest.approx(float(binom.sf(successes - 1, count, share)), abs=1e-9)


def test_more_successes_than_trials_never_happen():
    assert tail(4, 3, 0.5) == 0.0


def test_certain_and_impossible_successes():
    assert (tail(3, 3, 1.0), tail(1, 3, 0.0), tail(0, 3, 0.0)) == (1.0, 0.0, 1.0)


def test_small_chances_are_told():
    assert tail(9, 40, 0.008) == pytest.approx(float(binom.sf(8, 40, 0.008)), rel=1e-6)
