"""How many values a percentile needs, against scipy; against MLPerf's load generator in tests/bench/measuring."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ollascope.stats.enough import fewest
from ollascope.stats.percentiles import interval_ranks

SHARES = (0.5, 0.9, 0.95, 0.99, 0.999)


@given(st.sampled_from(SHARES), st.sampled_from((0.01, 0.025, 0.05)), st.integers(0, 20))
def test_fewest_is_where_the_binomial_chance_falls_to_the_error_that_is_allowed(share, outside, over):
    count = fewest(share, outside, over)
    assert stats.binom.cdf(over, count, 1 - share) <= outside * (1 + 1e-9)
    assert stats.binom.cdf(over, count - 1, 1 - share) > outside * (1 - 1e-9)


@pytest.mark.parametrize("share", SHARES)
def test_fewest_is_where_the_interval_of_order_statistics_begins_to_exist(share):
    assert interval_ranks(fewest(share), share) is not None
    assert interval_ranks(fewest(share) - 1, share) is None


def test_a_run_of_twenty_lacks_348_for_its_p99():
    assert fewest(0.99) - 20 == 348
