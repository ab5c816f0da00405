"""Student's t against scipy."""

import pytest
from scipy import stats

from ollascope.stats.student import student


@pytest.mark.parametrize("freedom", [1, 2, 3, 5, 7, 15, 31, 63, 10_000])
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_quantile_is_that_of_scipy(freedom, confidence):
    assert student(freedom, confidence) == pytest.approx(stats.t.ppf((1 + confidence) / 2, freedom), rel=0.01)
